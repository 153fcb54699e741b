"""PyTorch: one module for a depthwise and a pointwise ``nn.Conv2d``, and a function that rewrites models with it.

For inference on the CPU in float32. ``replace_separable(model)`` finds a depthwise ``nn.Conv2d`` followed by a 1x1 ``nn.Conv2d``
in the ``nn.Sequential`` containers of a model, with ``nn.BatchNorm2d`` and an activation after either or both, and puts one
:class:`SeparableConv2d` in their place. BatchNorm is folded into the weights with its running statistics, so call
``model.eval()`` first. Gradients are not computed.

The operator ``torch.ops.sepconv.separable_conv2d`` is registered with ``torch.library``: models with it can be exported.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from typing import List, Optional

import torch
from torch import Tensor, nn

import sepconv

__all__ = ["SeparableConv2d", "replace_separable", "separable_conv2d"]

# Packed operators of this many sets of weights are kept.
_KEPT = 256
_packed: OrderedDict[tuple, tuple[list, sepconv.SeparableConv2d]] = OrderedDict()


@torch.library.custom_op("sepconv::separable_conv2d", mutates_args=(), device_types="cpu")
def separable_conv2d(
    input: Tensor,
    depthwise_weight: Tensor,
    pointwise_weight: Tensor,
    depthwise_bias: Optional[Tensor],
    pointwise_bias: Optional[Tensor],
    stride: List[int],
    padding: List[int],
    dilation: List[int],
    depthwise_activation: str = "identity",
    pointwise_activation: str = "identity",
) -> Tensor:
    """Depthwise, then pointwise convolution of ``input`` [n, c, h, w], contiguous or channels_last, as which the result comes.

    ``stride`` and ``dilation`` are [height, width], ``padding`` is [top, left, bottom, right]; activations are names, with
    their parameters after colons: ``"relu6"``, ``"clamp:0:1"``, ``"leaky_relu:0.01"``. The operator packed for the weights is
    kept until they change (as far as torch counts it: not through ``.data``).
    """
    weights = (depthwise_weight, pointwise_weight, depthwise_bias, pointwise_bias)
    activation = (depthwise_activation, pointwise_activation)
    operator = _operator(input.shape[1], weights, tuple(stride), tuple(padding), tuple(dilation), activation)
    input = _walkable(input.detach())
    output = _empty(input, operator.output_shape(tuple(input.shape)))
    operator(input.numpy(), out=output.numpy(), threads=torch.get_num_threads())
    return output


@separable_conv2d.register_fake
def _(input, depthwise_weight, pointwise_weight, depthwise_bias, pointwise_bias, stride, padding, dilation,
      depthwise_activation="identity", pointwise_activation="identity"):
    sizes = []
    for axis in range(2):
        span = dilation[axis] * (depthwise_weight.shape[2 + axis] - 1) + 1
        sizes.append((input.shape[2 + axis] + padding[axis] + padding[axis + 2] - span) // stride[axis] + 1)
    return _empty(input, (input.shape[0], pointwise_weight.shape[0], *sizes))


def _is_channels_last(tensor: Tensor) -> bool:
    return not tensor.is_contiguous() and tensor.is_contiguous(memory_format=torch.channels_last)


def _walkable(tensor: Tensor) -> Tensor:
    return tensor if _is_channels_last(tensor) else tensor.contiguous()


def _empty(like: Tensor, shape) -> Tensor:
    order = torch.channels_last if _is_channels_last(like) else torch.contiguous_format
    return torch.empty(shape, dtype=like.dtype, device=like.device, memory_format=order)


def _operator(channels, weights, stride, padding, dilation, activation) -> sepconv.SeparableConv2d:
    """The packed operator: a kept one if its weights are the same tensors, unchanged."""
    key = None
    # Inference tensors do not count their changes.
    if not any(weight is not None and weight.is_inference() for weight in weights):
        state = tuple(None if w is None else (id(w), w.data_ptr(), w._version) for w in weights)
        key = (channels, state, stride, padding, dilation, activation)
        kept = _packed.pop(key, None)  # and back at the end, as the one used last; without a lock, which a fork could inherit
        # A tensor that is gone may have left its id and its memory to another.
        if kept is not None and all(reference() is weight for reference, weight in zip(kept[0], weights)):
            _packed[key] = kept
            return kept[1]
    depthwise, pointwise, depthwise_bias, pointwise_bias = (None if w is None else w.detach() for w in weights)
    operator = sepconv.SeparableConv2d(
        depthwise, pointwise, depthwise_bias, pointwise_bias, stride, padding, dilation,
        activation=tuple(_parse_activation(text) for text in activation),
        multiplier=max(depthwise.shape[0] // channels, 1),
    )
    if key is not None:
        forget = lambda _: _packed.pop(key, None)
        references = [(lambda: None) if weight is None else weakref.ref(weight, forget) for weight in weights]
        _packed[key] = (references, operator)
        while len(_packed) > _KEPT:
            _packed.popitem(last=False)
    return operator


def _parse_activation(text: str):
    name, *parameters = text.split(":")
    return (name, *map(float, parameters)) if parameters else name


class SeparableConv2d(nn.Module):
    """Depthwise, then pointwise convolution in one pass, on [n, c, h, w], contiguous or channels_last.

    Weights and biases are buffers in torch's order; ``activation`` names what follows each of the two, as in
    :func:`separable_conv2d`.
    """

    def __init__(
        self,
        depthwise_weight: Tensor,
        pointwise_weight: Tensor,
        depthwise_bias: Tensor | None = None,
        pointwise_bias: Tensor | None = None,
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int, int, int] = (0, 0, 0, 0),
        dilation: tuple[int, int] = (1, 1),
        activation: tuple[str, str] = ("identity", "identity"),
    ):
        super().__init__()
        self.register_buffer("depthwise_weight", depthwise_weight)
        self.register_buffer("pointwise_weight", pointwise_weight)
        self.register_buffer("depthwise_bias", depthwise_bias)
        self.register_buffer("pointwise_bias", pointwise_bias)
        self.stride, self.padding, self.dilation = list(stride), list(padding), list(dilation)
        self.activation = tuple(activation)

    @classmethod
    def from_modules(cls, modules: list[nn.Module]) -> SeparableConv2d:
        """From a chain: depthwise Conv2d, then BatchNorm2d and an activation if there are any, then the same with 1x1."""
        pair = _match(modules)
        if pair is None or pair.length != len(modules):
            raise ValueError(f"not a depthwise and a 1x1 convolution with BatchNorm2d and activations: {modules}")
        return pair.build()

    def forward(self, input: Tensor) -> Tensor:
        return separable_conv2d(
            input, self.depthwise_weight, self.pointwise_weight, self.depthwise_bias, self.pointwise_bias,
            self.stride, self.padding, self.dilation, *self.activation,
        )

    def extra_repr(self) -> str:
        depthwise, pointwise = tuple(self.depthwise_weight.shape), tuple(self.pointwise_weight.shape)
        return (f"{depthwise} -> {pointwise}, stride={self.stride}, padding={self.padding}, "
                f"dilation={self.dilation}, activation={self.activation}")


class _Stage:
    """A convolution with what follows it up to the next one."""

    def __init__(self, modules: list[nn.Module]):
        self.conv = modules[0]
        self.norm, self.activation, self.length = None, "identity", 1
        for module in modules[1:]:
            name = _activation_name(module)
            if isinstance(module, nn.BatchNorm2d) and self.norm is None and self.activation == "identity":
                self.norm = module
            elif name is not None and self.activation == "identity":
                self.activation = name
            elif not isinstance(module, nn.Identity):
                break
            self.length += 1

    def folded(self) -> tuple[Tensor, Tensor | None]:
        """Weight and bias with BatchNorm in them, in float64 on the way."""
        weight, bias = self.conv.weight.detach(), self.conv.bias
        bias = None if bias is None else bias.detach()
        norm = self.norm
        if norm is None:
            return weight.clone(), None if bias is None else bias.clone()
        if norm.training or norm.running_mean is None:
            raise ValueError("BatchNorm2d without fixed statistics cannot be folded; call model.eval() first")
        scale = (norm.running_var.double() + norm.eps).rsqrt()
        scale = scale if norm.weight is None else scale * norm.weight.detach().double()
        shift = -norm.running_mean.double() if bias is None else bias.double() - norm.running_mean.double()
        shift = shift * scale + (0 if norm.bias is None else norm.bias.detach().double())
        return (weight.double() * scale.reshape(-1, 1, 1, 1)).float().contiguous(), shift.float()


class _Pair:
    """A depthwise and a pointwise stage."""

    def __init__(self, depthwise: _Stage, pointwise: _Stage):
        self.depthwise, self.pointwise = depthwise, pointwise
        self.length = depthwise.length + pointwise.length

    def build(self) -> SeparableConv2d:
        depthwise_weight, depthwise_bias = self.depthwise.folded()
        pointwise_weight, pointwise_bias = self.pointwise.folded()
        conv = self.depthwise.conv
        return SeparableConv2d(
            depthwise_weight, pointwise_weight, depthwise_bias, pointwise_bias, conv.stride, _padding(conv), conv.dilation,
            (self.depthwise.activation, self.pointwise.activation),
        ).eval()


def _activation_name(module: nn.Module) -> str | None:
    kind = type(module)
    if kind in (nn.ReLU, nn.ReLU6, nn.Hardswish, nn.SiLU):
        return kind.__name__.lower()
    if kind is nn.Hardtanh:
        return f"clamp:{module.min_val}:{module.max_val}"
    if kind is nn.LeakyReLU:
        return f"leaky_relu:{module.negative_slope}"
    return None


def _padding(conv: nn.Conv2d) -> tuple[int, int, int, int]:
    """(top, left, bottom, right)."""
    if conv.padding == "valid":
        return 0, 0, 0, 0
    if conv.padding == "same":
        totals = [d * (k - 1) for d, k in zip(conv.dilation, conv.kernel_size)]
        top, left = (total // 2 for total in totals)
        return top, left, totals[0] - top, totals[1] - left
    return (*conv.padding, *conv.padding)


def _is_conv(module: nn.Module) -> bool:
    return (
        type(module) is nn.Conv2d
        and module.padding_mode == "zeros"
        and module.weight.dtype == torch.float32
        and module.weight.device.type == "cpu"
    )


def _is_depthwise(module: nn.Module) -> bool:
    return _is_conv(module) and module.groups == module.in_channels > 1


def _is_pointwise(module: nn.Module) -> bool:
    return (
        _is_conv(module)
        and module.groups == 1
        and module.kernel_size == module.stride == (1, 1)
        and _padding(module) == (0, 0, 0, 0)
    )


def _match(modules: list[nn.Module]) -> _Pair | None:
    """The pair with which a chain of modules begins."""
    if not modules or not _is_depthwise(modules[0]):
        return None
    depthwise = _Stage(modules)
    rest = modules[depthwise.length :]
    return _Pair(depthwise, _Stage(rest)) if rest and _is_pointwise(rest[0]) else None


def _has_hooks(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks or module._backward_hooks)


def _is_chain(module: nn.Module) -> bool:
    """Whether the module does nothing but call its children one after the other."""
    return isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward and not _has_hooks(module)


def _links(container: nn.Sequential) -> list[tuple[nn.Sequential, str, nn.Module]]:
    """The modules that a container calls, in order, through containers inside it: (parent, name, module)."""
    links = []
    for name, module in container._modules.items():
        links.extend(_links(module) if _is_chain(module) else [(container, name, module)])
    return links


def replace_separable(model: nn.Module) -> int:
    """Replaces depthwise + pointwise pairs of ``model`` in place; returns how many.

    The first module of a pair becomes a :class:`SeparableConv2d`, the others ``nn.Identity``: names and indices of all other
    modules stay. Looks at ``nn.Sequential`` containers and those inside them; modules with hooks are left alone. What a
    model's own ``forward`` calls one by one is not seen: ``SeparableConv2d.from_modules`` is for that.
    """
    replaced = 0
    inside = {id(child) for module in model.modules() if _is_chain(module) for child in module.children()}
    for chain in [module for module in model.modules() if _is_chain(module) and id(module) not in inside]:
        links = _links(chain)
        position = 0
        while position < len(links):
            run = [module for _, _, module in links[position:]]
            pair = _match(run)
            if pair is None or any(map(_has_hooks, run[: pair.length])):
                position += 1
                continue
            built = pair.build()
            for offset, (parent, name, _) in enumerate(links[position : position + pair.length]):
                parent._modules[name] = built if offset == 0 else nn.Identity()
            replaced += 1
            position += pair.length
    return replaced
