"""All parameters together against NumPy and torch: integers to the last bit, reals within the forward error bound."""

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st

import sepconv

EXACT = [None, "relu", "relu6", ("clamp", -2.0, 9.0), ("leaky_relu", 0.5)]
pairs = lambda low, high: st.tuples(st.integers(low, high), st.integers(low, high))


@st.composite
def problems(draw):
    kernel, dilation = draw(pairs(1, 5)), draw(pairs(1, 3))
    span = [d * (k - 1) + 1 for k, d in zip(kernel, dilation)]
    padding = draw(st.one_of(
        st.sampled_from(["valid", "same"]), st.integers(0, 3), pairs(0, 3), st.tuples(*[st.integers(0, 4)] * 4)))
    size = tuple(s + draw(st.integers(0, 9)) for s in span)
    return dict(
        n=draw(st.integers(1, 3)), c=draw(st.integers(1, 20)), m=draw(st.integers(1, 3)), o=draw(st.integers(1, 20)),
        size=size, kernel=kernel, stride=draw(pairs(1, 3)), dilation=dilation, padding=padding,
        layout=draw(st.sampled_from(["nchw", "nhwc"])), last=draw(st.booleans()), order=draw(st.sampled_from(["torch", "tensorflow"])),
        bias=draw(st.booleans()), activation=draw(st.tuples(st.sampled_from(EXACT), st.sampled_from(EXACT))),
        threads=draw(st.integers(1, 3)), seed=draw(st.integers(0, 2**32 - 1)), isa=draw(st.sampled_from(sepconv.available_isas())),
    )


def outside(p, x):
    """An NCHW array as the problem's layout and memory order want it."""
    if p["layout"] == "nhwc":
        return np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    return reference.channels_last(x) if p["last"] else x


def inside(p, y):
    return y.transpose(0, 3, 1, 2) if p["layout"] == "nhwc" else y


def depthwise_weight(p, weight):
    """[c*m, 1, kh, kw] in the problem's order."""
    if p["order"] == "torch":
        return weight
    return np.ascontiguousarray(weight.reshape(p["c"], p["m"], *p["kernel"]).transpose(2, 3, 0, 1))


def dense_weight(p, weight):
    return weight if p["order"] == "torch" else np.ascontiguousarray(weight.transpose(2, 3, 1, 0))


@settings(max_examples=150, deadline=None)
@given(problems())
def test_depthwise(p):
    rng = np.random.default_rng(p["seed"])
    x, w = reference.integers(rng, p["n"], p["c"], *p["size"]), reference.integers(rng, p["c"] * p["m"], 1, *p["kernel"])
    b = reference.integers(rng, p["c"] * p["m"]) if p["bias"] else None
    window = dict(stride=p["stride"], padding=p["padding"], dilation=p["dilation"])
    want = reference.activate(reference.conv2d(x, w, b, groups=p["c"], **window), p["activation"][0])
    shared = dict(layout=p["layout"], activation=p["activation"][0], weight_order=p["order"], isa=p["isa"], **window)
    weight = depthwise_weight(p, w)
    got = sepconv.depthwise_conv2d(outside(p, x), weight, b, threads=p["threads"], **shared)
    np.testing.assert_array_equal(inside(p, got), want)
    operator = sepconv.DepthwiseConv2d(weight, b, multiplier=p["m"], **shared)
    np.testing.assert_array_equal(operator(outside(p, x), threads=p["threads"]), got)
    assert operator.output_shape(x.shape) == want.shape and operator.isa == p["isa"]


@settings(max_examples=150, deadline=None)
@given(problems())
def test_separable(p):
    rng = np.random.default_rng(p["seed"])
    middle = p["c"] * p["m"]
    x = reference.integers(rng, p["n"], p["c"], *p["size"])
    dw, pw = reference.integers(rng, middle, 1, *p["kernel"]), reference.integers(rng, p["o"], middle, 1, 1)
    biases = (reference.integers(rng, middle), reference.integers(rng, p["o"])) if p["bias"] else (None, None)
    window = dict(stride=p["stride"], padding=p["padding"], dilation=p["dilation"])
    want = reference.activate(reference.conv2d(x, dw, biases[0], groups=p["c"], **window), p["activation"][0])
    want = reference.activate(reference.conv2d(want, pw, biases[1]), p["activation"][1])
    shared = dict(layout=p["layout"], activation=p["activation"], weight_order=p["order"], isa=p["isa"], **window)
    weights = depthwise_weight(p, dw), dense_weight(p, pw)
    got = sepconv.separable_conv2d(outside(p, x), *weights, *biases, threads=p["threads"], **shared)
    np.testing.assert_array_equal(inside(p, got), want)
    operator = sepconv.SeparableConv2d(*weights, *biases, multiplier=p["m"], **shared)
    np.testing.assert_array_equal(operator(outside(p, x), threads=p["threads"]), got)


@settings(max_examples=100, deadline=None)
@given(problems())
def test_conv2d_and_pointwise(p):
    rng = np.random.default_rng(p["seed"])
    x = reference.integers(rng, p["n"], p["c"], *p["size"])
    w, pw = reference.integers(rng, p["o"], p["c"], *p["kernel"]), reference.integers(rng, p["o"], p["c"], 1, 1)
    b = reference.integers(rng, p["o"]) if p["bias"] else None
    window = dict(stride=p["stride"], padding=p["padding"], dilation=p["dilation"])
    shared = dict(layout=p["layout"], activation=p["activation"][0], weight_order=p["order"], isa=p["isa"])
    want = reference.activate(reference.conv2d(x, w, b, **window), p["activation"][0])
    got = sepconv.conv2d(outside(p, x), dense_weight(p, w), b, threads=p["threads"], **shared, **window)
    np.testing.assert_array_equal(inside(p, got), want)
    np.testing.assert_array_equal(sepconv.Conv2d(dense_weight(p, w), b, **shared, **window)(outside(p, x)), got)
    want = reference.activate(reference.conv2d(x, pw, b, stride=p["stride"]), p["activation"][0])
    got = sepconv.pointwise_conv2d(outside(p, x), dense_weight(p, pw), b, p["stride"], threads=p["threads"], **shared)
    np.testing.assert_array_equal(inside(p, got), want)
    np.testing.assert_array_equal(
        sepconv.PointwiseConv2d(dense_weight(p, pw), b, p["stride"], **shared)(outside(p, x)), got)


@settings(max_examples=100, deadline=None)
@given(problems())
def test_separable_against_torch(p):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(p["seed"])
    middle = p["c"] * p["m"]
    x = rng.standard_normal((p["n"], p["c"], *p["size"]), dtype=np.float32)
    dw = rng.standard_normal((middle, 1, *p["kernel"]), dtype=np.float32)
    pw = rng.standard_normal((p["o"], middle, 1, 1), dtype=np.float32)
    top, left, bottom, right = reference.explicit_padding(p["padding"], p["size"], p["kernel"], p["stride"], p["dilation"])
    window = dict(stride=p["stride"], dilation=p["dilation"])

    def both(x, dw, pw):
        x = torch.nn.functional.pad(x, (left, right, top, bottom))
        return torch.nn.functional.conv2d(torch.nn.functional.conv2d(x, dw, groups=p["c"], **window), pw).numpy()

    want = both(*map(torch.from_numpy, (x, dw, pw)))
    # Both are within (n + 4)·ε of the exact sum, in units of the sum of magnitudes; n products in all.
    magnitude = both(*(torch.from_numpy(np.abs(array)) for array in (x, dw, pw)))
    n = p["kernel"][0] * p["kernel"][1] + middle + 8
    got = sepconv.separable_conv2d(x, dw, pw, padding=p["padding"], **window)
    assert (np.abs(got - want) <= 2 * n * np.finfo(np.float32).eps * magnitude).all()


@pytest.mark.parametrize("activation", ["hardswish", "silu"])
def test_curved_activations(activation):
    rng = np.random.default_rng(1)
    x, w = rng.standard_normal((1, 5, 9, 9), dtype=np.float32), rng.standard_normal((5, 1, 3, 3), dtype=np.float32)
    want = reference.activate(reference.conv2d(x, w, groups=5), activation)
    np.testing.assert_allclose(sepconv.depthwise_conv2d(x, w, activation=activation), want, rtol=1e-5, atol=1e-5)


def test_arguments_that_make_no_sense():
    x, w, pw = np.ones((1, 4, 5, 5), np.float32), np.ones((4, 1, 3, 3), np.float32), np.ones((6, 4, 1, 1), np.float32)
    for error, text, call in [
        (TypeError, "float64", lambda: sepconv.depthwise_conv2d(x.astype(np.float64), w)),
        (TypeError, "float64", lambda: sepconv.depthwise_conv2d(x, w.astype(np.float64))),
        (TypeError, "DLPack", lambda: sepconv.depthwise_conv2d([[1.0]], w)),
        (ValueError, "axes", lambda: sepconv.depthwise_conv2d(x[0, 0], w)),
        (ValueError, "4 axes", lambda: sepconv.depthwise_conv2d(x, w[0])),
        (ValueError, "3 channels", lambda: sepconv.depthwise_conv2d(x[:, :3].copy(), w)),
        (ValueError, "multiplier 3", lambda: sepconv.DepthwiseConv2d(w, multiplier=3)),
        (ValueError, "multiplier 0", lambda: sepconv.DepthwiseConv2d(w, multiplier=0)),
        (ValueError, "kernel", lambda: sepconv.pointwise_conv2d(x, np.ones((6, 4, 3, 3), np.float32))),
        (ValueError, "expected 5 channels, got 4", lambda: sepconv.conv2d(x, np.ones((6, 5, 1, 1), np.float32))),
        (ValueError, "bias has 3 elements", lambda: sepconv.depthwise_conv2d(x, w, np.ones(3, np.float32))),
        (ValueError, "stride", lambda: sepconv.depthwise_conv2d(x, w, stride=0)),
        (ValueError, "dilation", lambda: sepconv.depthwise_conv2d(x, w, dilation=(1, 0))),
        (TypeError, "-1", lambda: sepconv.depthwise_conv2d(x, w, padding=-1)),
        (ValueError, "full", lambda: sepconv.depthwise_conv2d(x, w, padding="full")),
        (ValueError, "spans 9", lambda: sepconv.depthwise_conv2d(x, w, dilation=4)),
        (ValueError, "gelu", lambda: sepconv.depthwise_conv2d(x, w, activation="gelu")),
        (ValueError, "clamp", lambda: sepconv.depthwise_conv2d(x, w, activation=("clamp", 2, 1))),
        (TypeError, "pair", lambda: sepconv.separable_conv2d(x, w, pw, activation="relu")),
        (TypeError, "pair", lambda: sepconv.separable_conv2d(x, w, pw, activation=("leaky_relu", 0.1))),
        (ValueError, "nwhc", lambda: sepconv.depthwise_conv2d(x, w, layout="nwhc")),
        (ValueError, "keras", lambda: sepconv.depthwise_conv2d(x, w, weight_order="keras")),
        (ValueError, "sse9", lambda: sepconv.depthwise_conv2d(x, w, isa="sse9")),
        (ValueError, "threads", lambda: sepconv.depthwise_conv2d(x, w, threads=0)),
        (ValueError, "threads", lambda: sepconv.set_num_threads(0)),
        (ValueError, "0", lambda: sepconv.depthwise_conv2d(x[:0], w)),
    ]:
        with pytest.raises(error, match=text):
            call()
