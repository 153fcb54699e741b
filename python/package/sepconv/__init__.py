"""Fast CPU kernels for depthwise-separable convolution.

Functions pack the weights, run, and forget them; classes pack them once:

=========================  ======================  ==================================================================
function                   class                   weights (``weight_order="torch"``, also "onnx" | ``"tensorflow"``)
=========================  ======================  ==================================================================
``depthwise_conv2d``       ``DepthwiseConv2d``     ``[c*m, 1, kh, kw]`` | ``[kh, kw, c, m]``
``pointwise_conv2d``       ``PointwiseConv2d``     ``[cout, cin, 1, 1]`` | ``[1, 1, cin, cout]``
``separable_conv2d``       ``SeparableConv2d``     both of the above
``inverted_residual``      ``InvertedResidual``    pointwise, depthwise, pointwise
``conv2d``                 ``Conv2d``              ``[cout, cin, kh, kw]`` | ``[kh, kw, cin, cout]``
=========================  ======================  ==================================================================

Depthwise output channel ``c*m + q`` is input channel ``c`` with its kernel ``q``. Kernels are not flipped. Sizes are pixels,
pairs are (height, width).

Arguments
---------
stride, dilation
    A number or (height, width); dilation 1 means not dilated.
padding
    A number, (height, width), (top, left, bottom, right), ``"valid"`` or ``"same"`` (``ceil(input / stride)`` outputs, an odd
    pixel at the bottom and right). Padding contributes nothing, whatever the weight.
layout
    Order of the axes of input and output: ``"nchw"`` or ``"nhwc"``; without the batch axis, three axes.
activation
    None, ``"relu"``, ``"relu6"``, ``"hardswish"``, ``"silu"``, ``("clamp", lo, hi)`` or ``("leaky_relu", slope)``; for
    blocks one for each part: (after depthwise, after pointwise), (after expand, after depthwise, after project).
out
    Array to write to and to return. It must not share memory with the input.
threads
    Threads of this call; at first the CPUs that the process may use (``set_num_threads``). Results do not depend on it.
isa
    Name of an instruction set (``available_isas()``); the best one that the CPU has, if None.

Memory
------
Input is float32: a NumPy array, or anything with ``__dlpack__`` in CPU memory (torch, JAX, CuPy's host arrays, ...). Arrays
without gaps are read in place: NCHW, NHWC, and either of them seen through the axes of the other, as torch's channels_last is.
The result has the memory order of the input. An input with gaps, flipped or misaligned is copied once. ``out`` is never
copied: if it cannot be written in place, or is not in the memory order of the input, that is a ``ValueError``. Other dtypes
and memory of a GPU are a ``TypeError``; nothing is cast. Weights and biases are copied, once, when they are packed.

The interpreter is released during a run: other threads go on. An array that another thread writes meanwhile gives undefined
numbers.

Processes
---------
Forking is safe: thread pools belong to the process that made them, and a child makes its own. Prepared operators pickle as spec
and weights and are packed anew for the CPU on which they are loaded, so that they travel to Dask, Ray or Spark workers. Bits of
results depend on the instruction set, not on threads, batch or machine: workers of one kind agree to the last bit.
"""

from sepconv._native import (
    Conv2d,
    DepthwiseConv2d,
    InvertedResidual,
    Operator,
    PointwiseConv2d,
    SeparableConv2d,
    __version__,
    available_isas,
    conv2d,
    depthwise_conv2d,
    get_num_threads,
    inverted_residual,
    pointwise_conv2d,
    preferred_isa,
    separable_conv2d,
    set_num_threads,
)

__all__ = [
    "Conv2d",
    "DepthwiseConv2d",
    "InvertedResidual",
    "Operator",
    "PointwiseConv2d",
    "SeparableConv2d",
    "__version__",
    "available_isas",
    "conv2d",
    "depthwise_conv2d",
    "get_num_threads",
    "inverted_residual",
    "pointwise_conv2d",
    "preferred_isa",
    "separable_conv2d",
    "set_num_threads",
]
