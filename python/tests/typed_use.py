"""What type checkers have to accept and to refuse; .ci/python.sh runs mypy on it, nothing runs it."""

import numpy as np
from numpy.typing import NDArray

import sepconv


class Tensor:
    """Some other library's array."""

    def __dlpack__(self, *, stream: int | None = None) -> object:
        return stream

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


def accepted(x: NDArray[np.float32], tensor: Tensor) -> NDArray[np.float32]:
    y = sepconv.depthwise_conv2d(x, tensor, stride=[1, 2], padding=(0, 1, 0, 1), activation=("clamp", 0, 6), out=x)
    y = sepconv.inverted_residual(tensor, None, y, x, activation=(None, "relu6", ("leaky_relu", 0.1)), residual=True)
    block = sepconv.SeparableConv2d(x, tensor, padding="same", activation=("relu", None), weight_order="tensorflow")
    shape: tuple[int, int, int, int] = block.output_shape(x.shape)
    operator: sepconv.Operator = block
    print(shape, operator.isa, sepconv.Conv2d(x, layout="nhwc").kernel_name, sepconv.available_isas()[-1])
    return operator(tensor, out=y, threads=2)


def refused(x: NDArray[np.float32]) -> None:
    sepconv.depthwise_conv2d(x, x, padding="full")  # type: ignore[arg-type]
    sepconv.depthwise_conv2d(x, x, activation="gelu")  # type: ignore[arg-type]
    sepconv.separable_conv2d(x, x, x, activation="relu")  # type: ignore[arg-type]
    sepconv.conv2d(x, x, layout="hwc")  # type: ignore[arg-type]
    sepconv.PointwiseConv2d(x, weight_order="keras")  # type: ignore[arg-type]
    sepconv.conv2d([[1.0]], x)  # type: ignore[arg-type]
    sepconv.Conv2d(x)(x, threads="2")  # type: ignore[arg-type]
    sepconv.Conv2d(x).isa = "avx2"  # type: ignore[misc]
