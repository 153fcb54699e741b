"""The Conv cases of the onnx package's own backend tests, collected from the installed package."""

import pathlib
import warnings

import numpy as np
import pytest

import sepconv

onnx = pytest.importorskip("onnx")


def cases():
    """(name, Conv node, arrays by name, name of the result, result) of all models that are one Conv on one or two axes."""
    from onnx import numpy_helper
    from onnx.backend.test import loader

    found = []
    for kind in ("node", "pytorch-converted", "pytorch-operator", "simple"):
        with warnings.catch_warnings():  # onnx computes its cases for all operators here
            warnings.simplefilter("ignore")
            tests = loader.load_model_tests(kind=kind)
        for test in tests:
            folder = pathlib.Path(test.model_dir or "/nonexistent")
            if test.model is not None:
                model, sets = test.model, test.data_sets
            elif (folder / "model.onnx").exists():
                model, sets = onnx.load(folder / "model.onnx"), None
            else:
                continue
            if [node.op_type for node in model.graph.node] != ["Conv"]:
                continue
            if sets is None:
                sets = [([array(file) for file in sorted(data.glob("input_*.pb"))],
                         [array(file) for file in sorted(data.glob("output_*.pb"))])
                        for data in sorted(folder.glob("test_data_set_*"))]
            constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
            names = [value.name for value in model.graph.input if value.name not in constants]
            for inputs, outputs in sets:
                arrays = {**constants, **dict(zip(names, map(as_array, inputs)))}
                found.append((test.name, model.graph.node[0], arrays, as_array(outputs[0])))
    return found


def array(file):
    tensor = onnx.TensorProto()
    tensor.ParseFromString(file.read_bytes())
    return onnx.numpy_helper.to_array(tensor)


def as_array(value):
    return value if isinstance(value, np.ndarray) else onnx.numpy_helper.to_array(value)


def conv(node, x, weight, bias=None):
    """ONNX's Conv on one or two axes, in terms of sepconv."""
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    axes = x.ndim - 2
    widen = lambda values, extra: (extra,) * (2 - axes) + tuple(values)
    stride = widen(attributes.get("strides", [1] * axes), 1)
    dilation = widen(attributes.get("dilations", [1] * axes), 1)
    pads = attributes.get("pads", [0] * 2 * axes)
    x, weight = (a.reshape(*a.shape[:2], *widen(a.shape[2:], 1)) for a in (x, weight))
    padding = (*widen(pads[:axes], 0), *widen(pads[axes:], 0))
    auto = attributes.get("auto_pad", b"NOTSET").decode()
    if auto == "VALID":
        padding = "valid"
    elif auto == "SAME_UPPER":
        padding = "same"
    elif auto == "SAME_LOWER":
        spans = [d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:])]
        totals = [max((size - 1) // s * s + span - size, 0) for size, s, span in zip(x.shape[2:], stride, spans)]
        padding = tuple(t - t // 2 for t in totals) + tuple(t // 2 for t in totals)
    window = dict(stride=stride, padding=padding, dilation=dilation, weight_order="onnx")
    group = attributes.get("group", 1)
    if group == x.shape[1] and group > 1:
        y = sepconv.depthwise_conv2d(x, weight, bias, **window)
    else:  # sepconv has one group; others are as many calls
        parts = zip(np.split(x, group, 1), np.split(weight, group), np.split(bias, group) if bias is not None else [None] * group)
        y = np.concatenate([sepconv.conv2d(*part, **window) for part in parts], 1)
    return y.reshape(*y.shape[:2], *y.shape[4 - axes :])


CASES = cases()
TWO_OR_ONE = [case for case in CASES if case[3].ndim in (3, 4)]


@pytest.mark.parametrize("name, node, arrays, want", TWO_OR_ONE, ids=[case[0] for case in TWO_OR_ONE])
def test_conv(name, node, arrays, want):
    got = conv(node, *(arrays[input] for input in node.input if input))
    np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-5)  # onnx's own tolerance for these is 1e-3, 1e-7


def test_the_cases_cover_what_conv_can_do():
    """Only three axes are left out, and none of what the operators have to do is missing from what onnx sent."""
    left = [case[0] for case in CASES if case not in TWO_OR_ONE]
    assert left == [name for name in left if "Conv3d" in name]
    names = " ".join(case[0] for case in TWO_OR_ONE)
    for part in ("asymmetric_padding", "autopad_same", "dilated", "depthwise_with_multiplier", "groups", "strides", "no_bias"):
        assert part in names, part
    assert len(TWO_OR_ONE) >= 20, len(TWO_OR_ONE)
