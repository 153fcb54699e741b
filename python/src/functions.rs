//! One call from weights to result.

use crate::args::{self, Act, ActPair, Axes, Order, Pads, Pair};
use crate::array;
use crate::error::to_python;
use crate::prepared::Prepared;
use crate::recipe::{Kernel, Known, Recipe};
use crate::run;
use pyo3::prelude::*;
use sepconv::{Activation, Conv2dSpec, DepthwiseSpec, Isa, Layout, Padding, PointwiseSpec, SeparableSpec};

/// Defaults of the arguments that all operations share.
pub const ONE: Pair = Pair([1, 1]);
pub const VALID: Pads = Pads(Padding::Valid);
pub const NCHW: Axes = Axes(Layout::Chw);
pub const NO_ACTIVATION: Act = Act(Activation::Identity);
pub const NO_ACTIVATIONS: ActPair = ActPair([Activation::Identity; 2]);

pub fn depthwise_spec(
    kernel: &Kernel,
    known: Known,
    [stride, dilation]: [Pair; 2],
    padding: Pads,
    activation: Activation,
) -> PyResult<DepthwiseSpec> {
    let (channels, multiplier, size) = kernel.depthwise(known)?;
    let spec = DepthwiseSpec::new(channels, size).multiplier(multiplier).stride(stride.0).dilation(dilation.0);
    Ok(spec.padding(padding.0).activation(activation))
}

pub fn pointwise_spec(kernel: &Kernel, stride: Pair, activation: Activation) -> PyResult<PointwiseSpec> {
    let (inputs, outputs) = kernel.pointwise()?;
    Ok(PointwiseSpec::new(inputs, outputs).stride(stride.0).activation(activation))
}

pub fn conv2d_spec(
    kernel: &Kernel,
    [stride, dilation]: [Pair; 2],
    padding: Pads,
    activation: Activation,
) -> Conv2dSpec {
    let (inputs, outputs, size) = kernel.dense();
    let spec = Conv2dSpec::new(inputs, outputs, size).stride(stride.0).dilation(dilation.0);
    spec.padding(padding.0).activation(activation)
}

/// Input channels: what torch's order of depthwise weights leaves open.
fn channels(input: &Bound<'_, PyAny>, axes: Axes) -> PyResult<Known> {
    use numpy::PyUntypedArrayMethods;
    let array = array::floats(input, "the input")?;
    Ok(Known::Channels(array::shape_of(array.shape(), axes, "the input")?.0.c))
}

/// Depthwise convolution: output channel ``c*m + q`` is input channel ``c`` with its kernel ``q``. See ``help(sepconv)``.
#[pyfunction]
#[pyo3(signature = (input, weight, bias=None, stride=ONE, padding=VALID, dilation=ONE, layout=NCHW,
                    activation=NO_ACTIVATION, out=None, *, weight_order=Order::Torch, threads=None, isa=None),
       text_signature = "(input, weight, bias=None, stride=1, padding=0, dilation=1, layout='nchw', activation=None, out=None, *, weight_order='torch', threads=None, isa=None)")]
#[allow(clippy::too_many_arguments)] // the order that users of the frameworks know
pub fn depthwise_conv2d<'py>(
    input: &Bound<'py, PyAny>,
    weight: &Bound<'py, PyAny>,
    bias: Option<&Bound<'py, PyAny>>,
    stride: Pair,
    padding: Pads,
    dilation: Pair,
    layout: Axes,
    activation: Act,
    out: Option<&Bound<'py, PyAny>>,
    weight_order: Order,
    threads: Option<usize>,
    isa: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let kernel = Kernel::new(weight, bias, weight_order, "")?;
    let spec = depthwise_spec(&kernel, channels(input, layout)?, [stride, dilation], padding, activation.0)?;
    let prepared = Prepared::new(Recipe::Depthwise(spec, kernel), layout, args::isa(isa)?)?;
    run::run(&prepared, input, out, threads)
}

/// Pointwise (1x1) convolution. See ``help(sepconv)``.
#[pyfunction]
#[pyo3(signature = (input, weight, bias=None, stride=ONE, layout=NCHW, activation=NO_ACTIVATION, out=None, *,
                    weight_order=Order::Torch, threads=None, isa=None),
       text_signature = "(input, weight, bias=None, stride=1, layout='nchw', activation=None, out=None, *, weight_order='torch', threads=None, isa=None)")]
#[allow(clippy::too_many_arguments)] // the order that users of the frameworks know
pub fn pointwise_conv2d<'py>(
    input: &Bound<'py, PyAny>,
    weight: &Bound<'py, PyAny>,
    bias: Option<&Bound<'py, PyAny>>,
    stride: Pair,
    layout: Axes,
    activation: Act,
    out: Option<&Bound<'py, PyAny>>,
    weight_order: Order,
    threads: Option<usize>,
    isa: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let kernel = Kernel::new(weight, bias, weight_order, "")?;
    let spec = pointwise_spec(&kernel, stride, activation.0)?;
    run::run(&Prepared::new(Recipe::Pointwise(spec, kernel), layout, args::isa(isa)?)?, input, out, threads)
}

/// Depthwise, then pointwise convolution, fused. See ``help(sepconv)``.
#[pyfunction]
#[pyo3(signature = (input, depthwise_weight, pointwise_weight, depthwise_bias=None, pointwise_bias=None, stride=ONE,
                    padding=VALID, dilation=ONE, layout=NCHW, activation=NO_ACTIVATIONS, out=None, *,
                    weight_order=Order::Torch, threads=None, isa=None),
       text_signature = "(input, depthwise_weight, pointwise_weight, depthwise_bias=None, pointwise_bias=None, stride=1, padding=0, dilation=1, layout='nchw', activation=(None, None), out=None, *, weight_order='torch', threads=None, isa=None)")]
#[allow(clippy::too_many_arguments)] // the order that users of the frameworks know
pub fn separable_conv2d<'py>(
    input: &Bound<'py, PyAny>,
    depthwise_weight: &Bound<'py, PyAny>,
    pointwise_weight: &Bound<'py, PyAny>,
    depthwise_bias: Option<&Bound<'py, PyAny>>,
    pointwise_bias: Option<&Bound<'py, PyAny>>,
    stride: Pair,
    padding: Pads,
    dilation: Pair,
    layout: Axes,
    activation: ActPair,
    out: Option<&Bound<'py, PyAny>>,
    weight_order: Order,
    threads: Option<usize>,
    isa: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let first = Kernel::new(depthwise_weight, depthwise_bias, weight_order, "depthwise ")?;
    let second = Kernel::new(pointwise_weight, pointwise_bias, weight_order, "pointwise ")?;
    let known = channels(input, layout)?;
    let spec = SeparableSpec::new(
        depthwise_spec(&first, known, [stride, dilation], padding, activation.0[0])?,
        pointwise_spec(&second, ONE, activation.0[1])?,
    );
    run::run(&Prepared::new(Recipe::Separable(spec, [first, second]), layout, args::isa(isa)?)?, input, out, threads)
}

/// Dense convolution (one group). See ``help(sepconv)``.
#[pyfunction]
#[pyo3(signature = (input, weight, bias=None, stride=ONE, padding=VALID, dilation=ONE, layout=NCHW,
                    activation=NO_ACTIVATION, out=None, *, weight_order=Order::Torch, threads=None, isa=None),
       text_signature = "(input, weight, bias=None, stride=1, padding=0, dilation=1, layout='nchw', activation=None, out=None, *, weight_order='torch', threads=None, isa=None)")]
#[allow(clippy::too_many_arguments)] // the order that users of the frameworks know
pub fn conv2d<'py>(
    input: &Bound<'py, PyAny>,
    weight: &Bound<'py, PyAny>,
    bias: Option<&Bound<'py, PyAny>>,
    stride: Pair,
    padding: Pads,
    dilation: Pair,
    layout: Axes,
    activation: Act,
    out: Option<&Bound<'py, PyAny>>,
    weight_order: Order,
    threads: Option<usize>,
    isa: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let kernel = Kernel::new(weight, bias, weight_order, "")?;
    let spec = conv2d_spec(&kernel, [stride, dilation], padding, activation.0);
    run::run(&Prepared::new(Recipe::Conv2d(spec, kernel), layout, args::isa(isa)?)?, input, out, threads)
}

/// Names of the instruction sets that this CPU has, the best one last.
#[pyfunction]
pub fn available_isas() -> Vec<&'static str> {
    Isa::available().iter().map(|isa| isa.name()).collect()
}

/// Name of the instruction set that is used unless ``isa=`` or the environment variable SEPCONV_ISA says otherwise.
#[pyfunction]
pub fn preferred_isa() -> PyResult<&'static str> {
    Ok(Isa::preferred().map_err(to_python)?.name())
}
