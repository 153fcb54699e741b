//! One call from weights to result.

use crate::args::{self, Act, Acts, Axes, Count, Order, Pads, Pair};
use crate::array::Input;
use crate::docs::{call, layout, names, raises, size, window};
use crate::error::to_python;
use crate::prepared::Prepared;
use crate::recipe::{Kernel, Known, Recipe};
use crate::run;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use sepconv::{
    Activation, Conv2dSpec, DepthwiseSpec, InvertedResidualSpec, Isa, Layout, Padding, PointwiseSpec, SeparableSpec,
};

/// Defaults of the arguments that all operations share.
pub const ONE: Pair = Pair([1, 1]);
pub const VALID: Pads = Pads(Padding::Valid);
pub const NCHW: Axes = Axes(Layout::Chw);
pub const NO_ACTIVATION: Act = Act(Activation::Identity);
pub const NONE_OF_TWO: Acts<2> = Acts([Activation::Identity; 2]);
pub const NONE_OF_THREE: Acts<3> = Acts([Activation::Identity; 3]);

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

pub fn inverted_recipe(
    expand: Option<Kernel>,
    [depthwise, project]: [Kernel; 2],
    known: Known,
    (steps, padding): ([Pair; 2], Pads),
    Acts([first, second, third]): Acts<3>,
    residual: bool,
) -> PyResult<Recipe> {
    let spec = InvertedResidualSpec::new(
        expand.as_ref().map(|expand| pointwise_spec(expand, ONE, first)).transpose()?,
        depthwise_spec(&depthwise, known, steps, padding, second)?,
        pointwise_spec(&project, ONE, third)?,
    );
    if expand.is_none() && first != Activation::Identity {
        let message = format!("activation {:?} is for an expanding part, but expand_weight is None", first.name());
        return Err(PyValueError::new_err(message));
    }
    Ok(Recipe::InvertedResidual(spec.residual(residual), expand, [depthwise, project]))
}

/// Packs, runs, forgets.
fn once<'py>(
    recipe: Recipe,
    input: &Input<'py>,
    axes: Axes,
    isa: Option<&str>,
    out: Option<&Bound<'py, PyAny>>,
    threads: Option<Count>,
) -> PyResult<Bound<'py, PyAny>> {
    run::run(&Prepared::new(recipe, axes, args::isa(isa)?)?, input, out, threads)
}

/// Depthwise convolution: output channel ``c*m + q`` is input channel ``c`` with its kernel ``q``.
///
/// Parameters
/// ----------
/// input : float32 array
///     [n, c, h, w], or [n, h, w, c] with layout "nhwc": NumPy, or anything with ``__dlpack__`` in CPU memory.
/// weight : float32 array
///     [c*m, 1, kh, kw]; TensorFlow: [kh, kw, c, m].
/// bias : float32 array, optional
///     [c*m], added before the activation.
#[doc = window!()]
#[doc = layout!()]
/// activation
#[doc = names!()]
#[doc = call!()]
///
/// Returns
/// -------
/// float32 array [n, c*m, oh, ow]
#[doc = size!()]
#[doc = raises!()]
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
    threads: Option<Count>,
    isa: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let input = Input::new(input, layout)?;
    let kernel = Kernel::new(weight, bias, weight_order, "")?;
    let known = Known::Channels(input.shape.c);
    let spec = depthwise_spec(&kernel, known, [stride, dilation], padding, activation.0)?;
    once(Recipe::Depthwise(spec, kernel), &input, layout, isa, out, threads)
}

/// Pointwise (1x1) convolution: every output channel is a weighted sum of all input channels of the pixel.
///
/// Parameters
/// ----------
/// input : float32 array
///     [n, c, h, w], or [n, h, w, c] with layout "nhwc": NumPy, or anything with ``__dlpack__`` in CPU memory.
/// weight : float32 array
///     [cout, c, 1, 1]; TensorFlow: [1, 1, c, cout].
/// bias : float32 array, optional
///     [cout], added before the activation.
/// stride : int or (int, int)
///     Step between the pixels that are read, both axes or (height, width).
#[doc = layout!()]
/// activation
#[doc = names!()]
#[doc = call!()]
///
/// Returns
/// -------
/// float32 array [n, cout, oh, ow]
///     oh = (h - 1) // stride + 1, ow in the same way. Axes as ``layout`` says; a new array has the memory order of the input.
#[doc = raises!()]
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
    threads: Option<Count>,
    isa: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let input = Input::new(input, layout)?;
    let kernel = Kernel::new(weight, bias, weight_order, "")?;
    let spec = pointwise_spec(&kernel, stride, activation.0)?;
    once(Recipe::Pointwise(spec, kernel), &input, layout, isa, out, threads)
}

/// Depthwise, then pointwise convolution, fused: what lies between them stays in a cache.
///
/// Parameters
/// ----------
/// input : float32 array
///     [n, c, h, w], or [n, h, w, c] with layout "nhwc": NumPy, or anything with ``__dlpack__`` in CPU memory.
/// depthwise_weight, pointwise_weight : float32 array
///     [c*m, 1, kh, kw] and [cout, c*m, 1, 1]; TensorFlow: [kh, kw, c, m] and [1, 1, c*m, cout].
/// depthwise_bias, pointwise_bias : float32 array, optional
///     [c*m] and [cout], added before the activations.
#[doc = window!()]
#[doc = layout!()]
/// activation : pair
///     After depthwise and after pointwise, each one of
#[doc = names!()]
#[doc = call!()]
///
/// Returns
/// -------
/// float32 array [n, cout, oh, ow]
#[doc = size!()]
#[doc = raises!()]
#[pyfunction]
#[pyo3(signature = (input, depthwise_weight, pointwise_weight, depthwise_bias=None, pointwise_bias=None, stride=ONE,
                    padding=VALID, dilation=ONE, layout=NCHW, activation=NONE_OF_TWO, out=None, *,
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
    activation: Acts<2>,
    out: Option<&Bound<'py, PyAny>>,
    weight_order: Order,
    threads: Option<Count>,
    isa: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let input = Input::new(input, layout)?;
    let first = Kernel::new(depthwise_weight, depthwise_bias, weight_order, "depthwise ")?;
    let second = Kernel::new(pointwise_weight, pointwise_bias, weight_order, "pointwise ")?;
    let known = Known::Channels(input.shape.c);
    let spec = SeparableSpec::new(
        depthwise_spec(&first, known, [stride, dilation], padding, activation.0[0])?,
        pointwise_spec(&second, ONE, activation.0[1])?,
    );
    once(Recipe::Separable(spec, [first, second]), &input, layout, isa, out, threads)
}

/// Expand (1x1), depthwise, project (1x1), fused: the block of MobileNetV2.
///
/// Parameters
/// ----------
/// input : float32 array
///     [n, c, h, w], or [n, h, w, c] with layout "nhwc": NumPy, or anything with ``__dlpack__`` in CPU memory.
/// expand_weight, depthwise_weight, project_weight : float32 array
///     [e, c, 1, 1], [e*m, 1, kh, kw] and [cout, e*m, 1, 1]; TensorFlow: [1, 1, c, e], [kh, kw, e, m] and [1, 1, e*m, cout].
///     ``expand_weight`` is None where there is no expanding part; e is c then.
/// expand_bias, depthwise_bias, project_bias : float32 array, optional
///     [e], [e*m] and [cout], added before the activations.
#[doc = window!()]
#[doc = layout!()]
/// activation : three
///     After expand, depthwise and project, each one of
#[doc = names!()]
/// residual : bool
///     Whether the input is added to the result, behind the last activation; both must have one shape.
#[doc = call!()]
///
/// Returns
/// -------
/// float32 array [n, cout, oh, ow]
#[doc = size!()]
#[doc = raises!()]
#[pyfunction]
#[pyo3(signature = (input, expand_weight, depthwise_weight, project_weight, expand_bias=None, depthwise_bias=None,
                    project_bias=None, stride=ONE, padding=VALID, dilation=ONE, layout=NCHW, activation=NONE_OF_THREE,
                    out=None, *, residual=false, weight_order=Order::Torch, threads=None, isa=None),
       text_signature = "(input, expand_weight, depthwise_weight, project_weight, expand_bias=None, depthwise_bias=None, project_bias=None, stride=1, padding=0, dilation=1, layout='nchw', activation=(None, None, None), out=None, *, residual=False, weight_order='torch', threads=None, isa=None)")]
#[allow(clippy::too_many_arguments)] // the order that users of the frameworks know
pub fn inverted_residual<'py>(
    input: &Bound<'py, PyAny>,
    expand_weight: Option<&Bound<'py, PyAny>>,
    depthwise_weight: &Bound<'py, PyAny>,
    project_weight: &Bound<'py, PyAny>,
    expand_bias: Option<&Bound<'py, PyAny>>,
    depthwise_bias: Option<&Bound<'py, PyAny>>,
    project_bias: Option<&Bound<'py, PyAny>>,
    stride: Pair,
    padding: Pads,
    dilation: Pair,
    layout: Axes,
    activation: Acts<3>,
    out: Option<&Bound<'py, PyAny>>,
    residual: bool,
    weight_order: Order,
    threads: Option<Count>,
    isa: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let input = Input::new(input, layout)?;
    let expand = Kernel::expanding(expand_weight, expand_bias, weight_order)?;
    let depthwise = Kernel::new(depthwise_weight, depthwise_bias, weight_order, "depthwise ")?;
    let project = Kernel::new(project_weight, project_bias, weight_order, "project ")?;
    let known = match &expand {
        Some(expand) => Known::Expanded(expand.pointwise()?.1),
        None => Known::Channels(input.shape.c),
    };
    let window = ([stride, dilation], padding);
    let recipe = inverted_recipe(expand, [depthwise, project], known, window, activation, residual)?;
    once(recipe, &input, layout, isa, out, threads)
}

/// Dense convolution (one group).
///
/// Parameters
/// ----------
/// input : float32 array
///     [n, c, h, w], or [n, h, w, c] with layout "nhwc": NumPy, or anything with ``__dlpack__`` in CPU memory.
/// weight : float32 array
///     [cout, c, kh, kw]; TensorFlow: [kh, kw, c, cout].
/// bias : float32 array, optional
///     [cout], added before the activation.
#[doc = window!()]
#[doc = layout!()]
/// activation
#[doc = names!()]
#[doc = call!()]
///
/// Returns
/// -------
/// float32 array [n, cout, oh, ow]
#[doc = size!()]
#[doc = raises!()]
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
    threads: Option<Count>,
    isa: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let input = Input::new(input, layout)?;
    let kernel = Kernel::new(weight, bias, weight_order, "")?;
    let spec = conv2d_spec(&kernel, [stride, dilation], padding, activation.0);
    once(Recipe::Conv2d(spec, kernel), &input, layout, isa, out, threads)
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
