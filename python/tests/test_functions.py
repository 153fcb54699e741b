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
@given(problems(), st.booleans(), st.sampled_from(EXACT))
def test_inverted_residual(p, expand, last):
    """Small integers all the way: 1x1 weights of -1, 0, 1 keep every sum exact."""
    rng = np.random.default_rng(p["seed"])
    ones = lambda *shape: rng.integers(-1, 2, shape).astype(np.float32)
    expanded = p["c"] + 3 if expand else p["c"]
    middle = expanded * p["m"]
    x = reference.integers(rng, p["n"], p["c"], *p["size"])
    ew, dw, pw = ones(expanded, p["c"], 1, 1), reference.integers(rng, middle, 1, *p["kernel"]), ones(p["o"], middle, 1, 1)
    eb, db, pb = (ones(k) for k in (expanded, middle, p["o"])) if p["bias"] else (None,) * 3
    if not expand:
        ew = eb = None
    acts = (p["activation"][0] if expand else None, p["activation"][1], last)
    window = dict(stride=p["stride"], padding=p["padding"], dilation=p["dilation"])
    want = reference.activate(reference.conv2d(x, ew, eb), acts[0]) if expand else x
    want = reference.activate(reference.conv2d(want, dw, db, groups=expanded, **window), acts[1])
    want = reference.activate(reference.conv2d(want, pw, pb), acts[2])
    residual = want.shape == x.shape
    want = want + x if residual else want
    shared = dict(layout=p["layout"], activation=acts, residual=residual, weight_order=p["order"], isa=p["isa"], **window)
    dw = dw if p["order"] == "torch" else np.ascontiguousarray(
        dw.reshape(expanded, p["m"], *p["kernel"]).transpose(2, 3, 0, 1))
    weights = dense_weight(p, ew) if expand else None, dw, dense_weight(p, pw)
    got = sepconv.inverted_residual(outside(p, x), *weights, eb, db, pb, threads=p["threads"], **shared)
    np.testing.assert_array_equal(inside(p, got), want)
    operator = sepconv.InvertedResidual(*weights, eb, db, pb, multiplier=p["m"], **shared)
    np.testing.assert_array_equal(operator(outside(p, x), threads=p["threads"]), got)


@settings(max_examples=100, deadline=None)
@given(problems())
def test_against_torch(p):
    """All functions, on reals, against torch's convolutions one after the other."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(p["seed"])
    normal = lambda *shape: rng.standard_normal(shape, dtype=np.float32)
    c, o, taps, expanded = p["c"], p["o"], p["kernel"][0] * p["kernel"][1], p["c"] + 3
    middle, wide = c * p["m"], expanded * p["m"]
    x = normal(p["n"], c, *p["size"])
    window = dict(stride=p["stride"], dilation=p["dilation"])
    top, left, bottom, right = reference.explicit_padding(p["padding"], p["size"], p["kernel"], p["stride"], p["dilation"])

    def one_by_one(x, stages):
        for weight, groups, windowed in stages:
            x = torch.nn.functional.pad(x, (left, right, top, bottom)) if windowed else x
            x = torch.nn.functional.conv2d(x, torch.from_numpy(weight), groups=groups, **(window if windowed else {}))
        return x.numpy()

    depthwise = lambda channels: (normal(channels * p["m"], 1, *p["kernel"]), channels, True)
    pointwise = lambda inputs, outputs: (normal(outputs, inputs, 1, 1), 1, False)
    options = dict(padding=p["padding"], **window)
    for function, options, products, stages in [
        (sepconv.depthwise_conv2d, options, taps, [depthwise(c)]),
        (sepconv.pointwise_conv2d, {}, c, [pointwise(c, o)]),
        (sepconv.conv2d, options, c * taps, [(normal(o, c, *p["kernel"]), 1, True)]),
        (sepconv.separable_conv2d, options, taps + middle, [depthwise(c), pointwise(middle, o)]),
        (sepconv.inverted_residual, options, c + taps + wide, [pointwise(c, expanded), depthwise(expanded), pointwise(wide, o)]),
    ]:
        got = function(x, *(weight for weight, _, _ in stages), **options)
        want = one_by_one(torch.from_numpy(x), stages)
        # In both, every stage is within (n + 4)·ε of its exact sum, in units of the sum of magnitudes.
        magnitude = one_by_one(torch.from_numpy(np.abs(x)), [(np.abs(weight), *rest) for weight, *rest in stages])
        bound = 2 * (products + 4 * len(stages)) * np.finfo(np.float32).eps * magnitude
        assert (np.abs(got - want) <= bound).all(), function.__name__


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
        (ValueError, "-1", lambda: sepconv.depthwise_conv2d(x, w, padding=-1)),
        (ValueError, "-2", lambda: sepconv.depthwise_conv2d(x, w, stride=(1, -2))),
        (ValueError, "1, 2, 3", lambda: sepconv.depthwise_conv2d(x, w, padding=[1, 2, 3])),
        (ValueError, str(2**70), lambda: sepconv.depthwise_conv2d(x, w, dilation=2**70)),
        (TypeError, "1.5", lambda: sepconv.depthwise_conv2d(x, w, stride=1.5)),
        (TypeError, "None", lambda: sepconv.depthwise_conv2d(x, w, padding=None)),
        (ValueError, "-1", lambda: sepconv.depthwise_conv2d(x, w, threads=-1)),
        (ValueError, "-1", lambda: sepconv.DepthwiseConv2d(w, multiplier=-1)),
        (ValueError, "1, 4, 5", lambda: sepconv.DepthwiseConv2d(w).output_shape((1, 4, 5))),
        (ValueError, "-5", lambda: sepconv.DepthwiseConv2d(w).output_shape((1, 4, -5, 5))),
        (ValueError, "full", lambda: sepconv.depthwise_conv2d(x, w, padding="full")),
        (ValueError, "spans 9", lambda: sepconv.depthwise_conv2d(x, w, dilation=4)),
        (ValueError, "gelu", lambda: sepconv.depthwise_conv2d(x, w, activation="gelu")),
        (ValueError, "clamp", lambda: sepconv.depthwise_conv2d(x, w, activation=("clamp", 2, 1))),
        (TypeError, "pair", lambda: sepconv.separable_conv2d(x, w, pw, activation="relu")),
        (TypeError, "pair", lambda: sepconv.separable_conv2d(x, w, pw, activation=("leaky_relu", 0.1))),
        (TypeError, "three", lambda: sepconv.inverted_residual(x, pw, w, pw, activation=("relu", "relu"))),
        (TypeError, "three", lambda: sepconv.inverted_residual(x, pw, w, pw, activation=("clamp", 0, 6))),
        (ValueError, "6 output channels", lambda: sepconv.inverted_residual(x, pw, w, pw)),
        (ValueError, "expected 4 channels, got 6", lambda: sepconv.inverted_residual(x, None, w, pw, residual=True)),
        (ValueError, "expand_bias", lambda: sepconv.inverted_residual(x, None, w, pw, np.ones(4, np.float32))),
        (ValueError, "relu", lambda: sepconv.inverted_residual(x, None, w, pw, activation=("relu", None, None))),
        (ValueError, "1×4×3×3", lambda: sepconv.inverted_residual(x, None, w, pw[:4].copy(), residual=True)),
        (ValueError, "nwhc", lambda: sepconv.depthwise_conv2d(x, w, layout="nwhc")),
        (ValueError, "keras", lambda: sepconv.depthwise_conv2d(x, w, weight_order="keras")),
        (ValueError, "sse9", lambda: sepconv.depthwise_conv2d(x, w, isa="sse9")),
        (ValueError, "threads", lambda: sepconv.depthwise_conv2d(x, w, threads=0)),
        (ValueError, "threads", lambda: sepconv.set_num_threads(0)),
        (ValueError, "0", lambda: sepconv.depthwise_conv2d(x[:0], w)),
    ]:
        with pytest.raises(error, match=text):
            call()
