"""Naive convolution in NumPy, float64, NCHW: the numbers that results are held against."""

import numpy as np


def explicit_padding(padding, size, kernel, stride, dilation):
    """(top, left, bottom, right) of a padding argument on a map of this size."""
    if padding == "valid":
        return 0, 0, 0, 0
    if padding == "same":
        totals = [max((s - 1) // t * t + d * (k - 1) + 1 - s, 0) for s, k, t, d in zip(size, kernel, stride, dilation)]
        return totals[0] // 2, totals[1] // 2, totals[0] - totals[0] // 2, totals[1] - totals[1] // 2
    if isinstance(padding, int):
        return (padding,) * 4
    return tuple(padding) * 2 if len(padding) == 2 else tuple(padding)


def conv2d(x, weight, bias=None, stride=(1, 1), padding=0, dilation=(1, 1), groups=1):
    """Cross-correlation; weight is [cout, cin / groups, kh, kw]."""
    x, weight = x.astype(np.float64), weight.astype(np.float64)
    cout, cin, kh, kw = weight.shape
    top, left, bottom, right = explicit_padding(padding, x.shape[2:], (kh, kw), stride, dilation)
    x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    oh = (x.shape[2] - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    ow = (x.shape[3] - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    x = x.reshape(x.shape[0], groups, cin, *x.shape[2:])
    weight = weight.reshape(groups, cout // groups, cin, kh, kw)
    y = np.zeros((x.shape[0], groups, cout // groups, oh, ow))
    for ky in range(kh):
        for kx in range(kw):
            rows = slice(ky * dilation[0], ky * dilation[0] + (oh - 1) * stride[0] + 1, stride[0])
            columns = slice(kx * dilation[1], kx * dilation[1] + (ow - 1) * stride[1] + 1, stride[1])
            y += np.einsum("ngchw,goc->ngohw", x[:, :, :, rows, columns], weight[..., ky, kx])
    y = y.reshape(y.shape[0], cout, oh, ow)
    return y if bias is None else y + bias.reshape(1, -1, 1, 1)


def activate(x, activation):
    name, *parameters = activation if isinstance(activation, tuple) else (activation,)
    return {
        None: lambda: x,
        "identity": lambda: x,
        "relu": lambda: np.maximum(x, 0),
        "relu6": lambda: np.clip(x, 0, 6),
        "clamp": lambda: np.clip(x, *parameters),
        "leaky_relu": lambda: np.where(x >= 0, x, parameters[0] * x),
        "hardswish": lambda: x * np.clip(x + 3, 0, 6) / 6,
        "silu": lambda: x / (1 + np.exp(-x)),
    }[name]()


def integers(rng, *shape):
    """Small integers: all sums are exact in float32, so results have to be equal to the last bit."""
    return rng.integers(-4, 5, shape).astype(np.float32)


def channels_last(x):
    """The same numbers as NHWC memory, seen through NCHW strides."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
