"""What is read and written in place, what is copied, what is refused."""

import numpy as np
import pytest
import reference

import sepconv

rng = np.random.default_rng(3)
X = reference.integers(rng, 2, 6, 7, 5)
W = reference.integers(rng, 6, 1, 3, 3)
OPERATOR = sepconv.DepthwiseConv2d(W, padding=1)
WANT = reference.conv2d(X, W, padding=1, groups=6)


class Counting:
    """Memory that only a producer of DLPack knows."""

    def __init__(self, array):
        self.array, self.taken = array, 0

    def __dlpack__(self, **kwargs):
        self.taken += 1
        return self.array.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def is_channels_last(y):
    return y.transpose(0, 2, 3, 1).flags.c_contiguous and not y.flags.c_contiguous


def test_results_have_the_memory_order_of_the_input():
    assert OPERATOR(X).flags.c_contiguous
    assert is_channels_last(OPERATOR(reference.channels_last(X)))
    nhwc = sepconv.DepthwiseConv2d(W, padding=1, layout="nhwc")
    x = np.ascontiguousarray(X.transpose(0, 2, 3, 1))
    assert nhwc(x).flags.c_contiguous
    np.testing.assert_array_equal(nhwc(x).transpose(0, 3, 1, 2), WANT)
    seen = X.transpose(0, 2, 3, 1)  # NCHW memory through NHWC axes
    assert not nhwc(seen).flags.c_contiguous
    np.testing.assert_array_equal(nhwc(seen).transpose(0, 3, 1, 2), WANT)


def test_arrays_with_gaps_are_copied_and_left_alone():
    wide = np.full((2, 6, 14, 10), 99, np.float32)
    wide[:, :, ::2, ::2] = X
    before = wide.copy()
    flipped = np.ascontiguousarray(X[:, :, ::-1])[:, :, ::-1]
    buffer = np.zeros(X.nbytes + 1, np.uint8)
    misaligned = buffer[1:].view(np.float32).reshape(X.shape)
    misaligned[...] = X
    assert not misaligned.flags.aligned
    for x in (wide[:, :, ::2, ::2], flipped, misaligned, np.asfortranarray(X)):
        np.testing.assert_array_equal(OPERATOR(x), WANT)
    np.testing.assert_array_equal(wide, before)


def test_read_only_input_is_fine():
    x = X.copy()
    x.flags.writeable = False
    np.testing.assert_array_equal(OPERATOR(x), WANT)


def test_out_is_written_in_place_and_returned():
    for x, out in [(X, np.full(WANT.shape, np.nan, np.float32)),
                   (reference.channels_last(X), reference.channels_last(np.full(WANT.shape, np.nan, np.float32)))]:
        assert OPERATOR(x, out=out) is out
        np.testing.assert_array_equal(out, WANT)
        np.testing.assert_array_equal(sepconv.depthwise_conv2d(x, W, padding=1, out=out), WANT)


def test_out_that_cannot_be_written_in_place_is_refused():
    frozen = np.zeros(WANT.shape, np.float32)
    frozen.flags.writeable = False
    for error, text, out in [
        (ValueError, "shape", np.zeros((2, 6, 7, 4), np.float32)),
        (ValueError, "shape", np.zeros((6, 7, 5), np.float32)),
        (TypeError, "float64", np.zeros(WANT.shape)),
        (ValueError, "strides", np.zeros((2, 6, 7, 10), np.float32)[..., ::2]),
        (ValueError, "memory order", reference.channels_last(np.zeros(WANT.shape, np.float32))),
        (ValueError, "out", frozen),
        (ValueError, "shares memory", X),
    ]:
        with pytest.raises(error, match=text):
            OPERATOR(X, out=out)
    long = np.zeros(2 * X.size, np.float32)
    with pytest.raises(ValueError, match="shares memory"):
        OPERATOR(long[: X.size].reshape(X.shape), out=long[5 : 5 + X.size].reshape(X.shape))


def test_dlpack_in_and_out():
    x, w, out = Counting(X), Counting(W), Counting(np.zeros(WANT.shape, np.float32))
    assert sepconv.depthwise_conv2d(x, w, padding=1, out=out) is out
    np.testing.assert_array_equal(out.array, WANT)
    assert x.taken and w.taken and out.taken
    with pytest.raises(TypeError, match="float64"):
        OPERATOR(Counting(X.astype(np.float64)))
    with pytest.raises(ValueError, match="shares memory"):
        OPERATOR(Counting(X), out=Counting(X))

    class OnGpu(Counting):
        def __dlpack__(self, **kwargs):
            raise BufferError("this memory is on device 2")

    with pytest.raises(TypeError, match="the input cannot be read through DLPack: this memory is on device 2"):
        OPERATOR(OnGpu(X))


def test_torch_tensors_by_dlpack():
    torch = pytest.importorskip("torch")
    x = torch.from_numpy(X).to(memory_format=torch.channels_last)
    np.testing.assert_array_equal(OPERATOR(x), WANT)
    out = torch.empty(WANT.shape).to(memory_format=torch.channels_last)
    assert OPERATOR(x, out=out) is out
    np.testing.assert_array_equal(out.numpy(), WANT)
    with pytest.raises(TypeError, match="gradient"):
        OPERATOR(torch.from_numpy(X).requires_grad_())
    with pytest.raises(TypeError, match="bfloat16|DLPack"):
        OPERATOR(torch.from_numpy(X).bfloat16())


def test_without_batch_axis():
    np.testing.assert_array_equal(OPERATOR(X[0]), WANT[0])
    nhwc = sepconv.DepthwiseConv2d(W, padding=1, layout="nhwc")
    np.testing.assert_array_equal(nhwc(np.ascontiguousarray(X[0].transpose(1, 2, 0))).transpose(2, 0, 1), WANT[0])


def test_nothing_is_copied_on_the_way():
    """A run on a large map allocates the result and nothing near the size of the input."""
    import tracemalloc

    x = np.zeros((1, 64, 256, 256), np.float32)
    weight = np.ones((64, 1, 3, 3), np.float32)
    nchw, nhwc = (sepconv.DepthwiseConv2d(weight, stride=2, padding=1, layout=layout) for layout in ("nchw", "nhwc"))
    last = reference.channels_last(x)
    for operator, array in [(nchw, x), (nchw, last), (nhwc, last.transpose(0, 2, 3, 1)), (nhwc, x.transpose(0, 2, 3, 1))]:
        operator(array)
        tracemalloc.start()
        result = operator(array)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert result.nbytes <= peak < result.nbytes + x.nbytes // 10
