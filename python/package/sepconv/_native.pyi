"""Types of the native part; ``help(sepconv)`` says what the arguments mean."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol, Union, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

class _SupportsDLPack(Protocol):
    def __dlpack__(self, *args: Any, **kwargs: Any) -> Any: ...
    def __dlpack_device__(self) -> tuple[int, int]: ...

_Array = Union[NDArray[np.float32], _SupportsDLPack]
# Sequences of two; of two or four.
_Pair = Union[int, Sequence[int]]
_Padding = Union[int, Sequence[int], Literal["valid", "same"]]
_Layout = Literal["nchw", "nhwc"]
_WeightOrder = Literal["torch", "onnx", "tensorflow"]
_Activation = Union[
    None,
    Literal["identity", "relu", "relu6", "hardswish", "silu"],
    tuple[Literal["clamp"], float, float],
    tuple[Literal["leaky_relu"], float],
]
_Two = Union[tuple[_Activation, _Activation], None]
_Three = Union[tuple[_Activation, _Activation, _Activation], None]

__version__: str

def depthwise_conv2d(
    input: _Array, weight: _Array, bias: _Array | None = None, stride: _Pair = 1, padding: _Padding = 0, dilation: _Pair = 1,
    layout: _Layout = "nchw", activation: _Activation = None, out: _Array | None = None, *,
    weight_order: _WeightOrder = "torch", threads: int | None = None, isa: str | None = None,
) -> NDArray[np.float32]: ...
def pointwise_conv2d(
    input: _Array, weight: _Array, bias: _Array | None = None, stride: _Pair = 1, layout: _Layout = "nchw",
    activation: _Activation = None, out: _Array | None = None, *, weight_order: _WeightOrder = "torch",
    threads: int | None = None, isa: str | None = None,
) -> NDArray[np.float32]: ...
def separable_conv2d(
    input: _Array, depthwise_weight: _Array, pointwise_weight: _Array, depthwise_bias: _Array | None = None,
    pointwise_bias: _Array | None = None, stride: _Pair = 1, padding: _Padding = 0, dilation: _Pair = 1,
    layout: _Layout = "nchw", activation: _Two = (None, None), out: _Array | None = None, *,
    weight_order: _WeightOrder = "torch", threads: int | None = None, isa: str | None = None,
) -> NDArray[np.float32]: ...
def inverted_residual(
    input: _Array, expand_weight: _Array | None, depthwise_weight: _Array, project_weight: _Array,
    expand_bias: _Array | None = None, depthwise_bias: _Array | None = None, project_bias: _Array | None = None,
    stride: _Pair = 1, padding: _Padding = 0, dilation: _Pair = 1, layout: _Layout = "nchw",
    activation: _Three = (None, None, None), out: _Array | None = None, *, residual: bool = False,
    weight_order: _WeightOrder = "torch", threads: int | None = None, isa: str | None = None,
) -> NDArray[np.float32]: ...
def conv2d(
    input: _Array, weight: _Array, bias: _Array | None = None, stride: _Pair = 1, padding: _Padding = 0, dilation: _Pair = 1,
    layout: _Layout = "nchw", activation: _Activation = None, out: _Array | None = None, *,
    weight_order: _WeightOrder = "torch", threads: int | None = None, isa: str | None = None,
) -> NDArray[np.float32]: ...
def available_isas() -> list[str]: ...
def preferred_isa() -> str: ...
def get_num_threads() -> int: ...
def set_num_threads(threads: int) -> None: ...

@disjoint_base
class Operator:
    def __call__(self, input: _Array, out: _Array | None = None, threads: int | None = None) -> NDArray[np.float32]: ...
    def output_shape(self, shape: Sequence[int]) -> tuple[int, int, int, int]: ...
    @property
    def layout(self) -> _Layout: ...
    @property
    def isa(self) -> str: ...
    @property
    def kernel_name(self) -> str: ...
    def kernels(self, shape: Sequence[int], threads: int = 1) -> list[dict[str, str]]: ...

@final
class DepthwiseConv2d(Operator):
    def __new__(
        cls, weight: _Array, bias: _Array | None = None, stride: _Pair = 1, padding: _Padding = 0, dilation: _Pair = 1,
        layout: _Layout = "nchw", activation: _Activation = None, *, multiplier: int = 1,
        weight_order: _WeightOrder = "torch", isa: str | None = None,
    ) -> DepthwiseConv2d: ...

@final
class PointwiseConv2d(Operator):
    def __new__(
        cls, weight: _Array, bias: _Array | None = None, stride: _Pair = 1, layout: _Layout = "nchw",
        activation: _Activation = None, *, weight_order: _WeightOrder = "torch", isa: str | None = None,
    ) -> PointwiseConv2d: ...

@final
class SeparableConv2d(Operator):
    def __new__(
        cls, depthwise_weight: _Array, pointwise_weight: _Array, depthwise_bias: _Array | None = None,
        pointwise_bias: _Array | None = None, stride: _Pair = 1, padding: _Padding = 0, dilation: _Pair = 1,
        layout: _Layout = "nchw", activation: _Two = (None, None), *, multiplier: int = 1,
        weight_order: _WeightOrder = "torch", isa: str | None = None,
    ) -> SeparableConv2d: ...

@final
class InvertedResidual(Operator):
    def __new__(
        cls, expand_weight: _Array | None, depthwise_weight: _Array, project_weight: _Array,
        expand_bias: _Array | None = None, depthwise_bias: _Array | None = None, project_bias: _Array | None = None,
        stride: _Pair = 1, padding: _Padding = 0, dilation: _Pair = 1, layout: _Layout = "nchw",
        activation: _Three = (None, None, None), *, residual: bool = False, multiplier: int = 1,
        weight_order: _WeightOrder = "torch", isa: str | None = None,
    ) -> InvertedResidual: ...

@final
class Conv2d(Operator):
    def __new__(
        cls, weight: _Array, bias: _Array | None = None, stride: _Pair = 1, padding: _Padding = 0, dilation: _Pair = 1,
        layout: _Layout = "nchw", activation: _Activation = None, *, weight_order: _WeightOrder = "torch",
        isa: str | None = None,
    ) -> Conv2d: ...
