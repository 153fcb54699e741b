//! Prepared operators as Python classes. Their constructors take the arguments of the functions, without input and output.

use crate::args::{self, Act, Acts, Axes, Count, Order, Pads, Pair, Sizes};
use crate::array::Input;
use crate::docs::{layout, made, multiplier, names, raises, window};
use crate::functions::{
    NCHW, NO_ACTIVATION, NONE_OF_THREE, NONE_OF_TWO, ONE, VALID, conv2d_spec, depthwise_spec, inverted_recipe,
    pointwise_spec,
};
use crate::prepared::Prepared;
use crate::recipe::{Kernel, Known, Recipe};
use crate::run;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};
use pyo3::{PyClass, PyClassInitializer};
use sepconv::{SeparableSpec, Shape};

/// One kernel for each input channel.
const SINGLE: Count = Count(1);

/// Class, positional and keyword arguments.
type Rebuild<'py> = (Bound<'py, PyType>, Bound<'py, PyTuple>, Bound<'py, PyDict>);

/// A prepared operator: weights packed for this CPU, immutable, good for any map size and batch, shareable between threads.
#[pyclass(frozen, subclass, module = "sepconv")]
pub struct Operator(Prepared);

#[pymethods]
impl Operator {
    /// Runs on ``input`` [n, c, h, w], or [n, h, w, c] with layout "nhwc": float32, NumPy or anything with ``__dlpack__``.
    ///
    /// Writes to ``out``, if it is given, or to a new array in the memory order of the input; returns the array written.
    /// ``threads`` as in the functions. The interpreter is released meanwhile.
    #[pyo3(signature = (input, out=None, threads=None))]
    fn __call__<'py>(
        &self,
        input: &Bound<'py, PyAny>,
        out: Option<&Bound<'py, PyAny>>,
        threads: Option<Count>,
    ) -> PyResult<Bound<'py, PyAny>> {
        run::run(&self.0, &Input::new(input, self.0.axes)?, out, threads)
    }

    /// Shape (n, c, h, w) of the result for an input of shape (n, c, h, w), whatever the layout.
    fn output_shape(&self, shape: Sizes) -> PyResult<(usize, usize, usize, usize)> {
        let Sizes([n, c, h, w]) = shape;
        let out = self.0.recipe.output_shape(Shape::new(n, c, h, w)).map_err(crate::error::to_python)?;
        Ok((out.n, out.c, out.h, out.w))
    }

    /// Order of the axes of input and output: "nchw" or "nhwc".
    #[getter]
    fn layout(&self) -> &'static str {
        self.0.axes.name()
    }

    /// Name of the instruction set in use.
    #[getter]
    fn isa(&self) -> PyResult<&'static str> {
        Ok(self.0.operator(self.0.axes.0)?.isa().name())
    }

    /// Names of the kernels that do the work on large maps without gaps.
    #[getter]
    fn kernel_name(&self) -> PyResult<String> {
        Ok(self.0.operator(self.0.axes.0)?.kernel_name().to_owned())
    }

    fn __repr__(this: &Bound<'_, Self>) -> PyResult<String> {
        let kernel = this.get().kernel_name()?;
        Ok(format!("<sepconv.{} {kernel} ({})>", this.get_type().name()?, this.get().layout()))
    }

    /// Spec and weights: what unpickles packs them for the CPU that it is on.
    fn __reduce__<'py>(this: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Rebuild<'py>)> {
        let rebuild = this.py().import("copyreg")?.getattr("__newobj_ex__")?;
        let prepared = &this.get().0;
        let kwargs = PyDict::new(this.py());
        prepared.recipe.arguments(&kwargs)?;
        kwargs.set_item("layout", prepared.axes.name())?;
        kwargs.set_item("isa", prepared.forced.map(|isa| isa.name()))?;
        Ok((rebuild, (this.get_type(), PyTuple::empty(this.py()), kwargs)))
    }
}

impl Operator {
    /// As the base of a class.
    fn with<T>(self, class: T) -> PyClassInitializer<T>
    where
        T: PyClass<BaseType = Self>,
    {
        PyClassInitializer::from(self).add_subclass(class)
    }
}

/// Prepared depthwise convolution: [n, c, h, w] gives [n, c*m, oh, ow]. The function is ``depthwise_conv2d``.
///
/// Parameters
/// ----------
/// weight : float32 array
///     [c*m, 1, kh, kw]; TensorFlow: [kh, kw, c, m].
/// bias : float32 array, optional
///     [c*m], added before the activation.
#[doc = window!()]
#[doc = layout!()]
/// activation
#[doc = names!()]
#[doc = multiplier!()]
#[doc = made!()]
#[doc = raises!()]
#[pyclass(frozen, extends = Operator, module = "sepconv")]
pub struct DepthwiseConv2d;

#[pymethods]
impl DepthwiseConv2d {
    #[new]
    #[pyo3(signature = (weight, bias=None, stride=ONE, padding=VALID, dilation=ONE, layout=NCHW,
                        activation=NO_ACTIVATION, *, multiplier=SINGLE, weight_order=Order::Torch, isa=None),
           text_signature = "(weight, bias=None, stride=1, padding=0, dilation=1, layout='nchw', activation=None, *, multiplier=1, weight_order='torch', isa=None)")]
    #[allow(clippy::too_many_arguments)] // the order that users of the frameworks know
    fn new(
        weight: &Bound<'_, PyAny>,
        bias: Option<&Bound<'_, PyAny>>,
        stride: Pair,
        padding: Pads,
        dilation: Pair,
        layout: Axes,
        activation: Act,
        multiplier: Count,
        weight_order: Order,
        isa: Option<&str>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let kernel = Kernel::new(weight, bias, weight_order, "")?;
        let known = Known::Multiplier(multiplier.0);
        let spec = depthwise_spec(&kernel, known, [stride, dilation], padding, activation.0)?;
        Ok(Operator(Prepared::packed(Recipe::Depthwise(spec, kernel), layout, args::isa(isa)?)?).with(Self))
    }
}

/// Prepared pointwise (1x1) convolution: [n, c, h, w] gives [n, cout, oh, ow]. The function is ``pointwise_conv2d``.
///
/// Parameters
/// ----------
/// weight : float32 array
///     [cout, c, 1, 1]; TensorFlow: [1, 1, c, cout].
/// bias : float32 array, optional
///     [cout], added before the activation.
/// stride : int or (int, int)
///     Step between the pixels that are read, both axes or (height, width).
#[doc = layout!()]
/// activation
#[doc = names!()]
#[doc = made!()]
#[doc = raises!()]
#[pyclass(frozen, extends = Operator, module = "sepconv")]
pub struct PointwiseConv2d;

#[pymethods]
impl PointwiseConv2d {
    #[new]
    #[pyo3(signature = (weight, bias=None, stride=ONE, layout=NCHW, activation=NO_ACTIVATION, *,
                        weight_order=Order::Torch, isa=None),
           text_signature = "(weight, bias=None, stride=1, layout='nchw', activation=None, *, weight_order='torch', isa=None)")]
    #[allow(clippy::too_many_arguments)] // the order that users of the frameworks know
    fn new(
        weight: &Bound<'_, PyAny>,
        bias: Option<&Bound<'_, PyAny>>,
        stride: Pair,
        layout: Axes,
        activation: Act,
        weight_order: Order,
        isa: Option<&str>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let kernel = Kernel::new(weight, bias, weight_order, "")?;
        let spec = pointwise_spec(&kernel, stride, activation.0)?;
        Ok(Operator(Prepared::packed(Recipe::Pointwise(spec, kernel), layout, args::isa(isa)?)?).with(Self))
    }
}

/// Prepared depthwise-separable convolution, fused: [n, c, h, w] gives [n, cout, oh, ow]. The function is ``separable_conv2d``.
///
/// Parameters
/// ----------
/// depthwise_weight, pointwise_weight : float32 array
///     [c*m, 1, kh, kw] and [cout, c*m, 1, 1]; TensorFlow: [kh, kw, c, m] and [1, 1, c*m, cout].
/// depthwise_bias, pointwise_bias : float32 array, optional
///     [c*m] and [cout], added before the activations.
#[doc = window!()]
#[doc = layout!()]
/// activation : pair
///     After depthwise and after pointwise, each one of
#[doc = names!()]
#[doc = multiplier!()]
#[doc = made!()]
#[doc = raises!()]
#[pyclass(frozen, extends = Operator, module = "sepconv")]
pub struct SeparableConv2d;

#[pymethods]
impl SeparableConv2d {
    #[new]
    #[pyo3(signature = (depthwise_weight, pointwise_weight, depthwise_bias=None, pointwise_bias=None, stride=ONE,
                        padding=VALID, dilation=ONE, layout=NCHW, activation=NONE_OF_TWO, *, multiplier=SINGLE,
                        weight_order=Order::Torch, isa=None),
           text_signature = "(depthwise_weight, pointwise_weight, depthwise_bias=None, pointwise_bias=None, stride=1, padding=0, dilation=1, layout='nchw', activation=(None, None), *, multiplier=1, weight_order='torch', isa=None)")]
    #[allow(clippy::too_many_arguments)] // the order that users of the frameworks know
    fn new(
        depthwise_weight: &Bound<'_, PyAny>,
        pointwise_weight: &Bound<'_, PyAny>,
        depthwise_bias: Option<&Bound<'_, PyAny>>,
        pointwise_bias: Option<&Bound<'_, PyAny>>,
        stride: Pair,
        padding: Pads,
        dilation: Pair,
        layout: Axes,
        activation: Acts<2>,
        multiplier: Count,
        weight_order: Order,
        isa: Option<&str>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let first = Kernel::new(depthwise_weight, depthwise_bias, weight_order, "depthwise ")?;
        let second = Kernel::new(pointwise_weight, pointwise_bias, weight_order, "pointwise ")?;
        let known = Known::Multiplier(multiplier.0);
        let spec = SeparableSpec::new(
            depthwise_spec(&first, known, [stride, dilation], padding, activation.0[0])?,
            pointwise_spec(&second, ONE, activation.0[1])?,
        );
        let recipe = Recipe::Separable(spec, [first, second]);
        Ok(Operator(Prepared::packed(recipe, layout, args::isa(isa)?)?).with(Self))
    }
}

/// Prepared inverted residual, fused: [n, c, h, w] gives [n, cout, oh, ow]. The function is ``inverted_residual``.
///
/// Parameters
/// ----------
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
#[doc = multiplier!()]
#[doc = made!()]
#[doc = raises!()]
#[pyclass(frozen, extends = Operator, module = "sepconv")]
pub struct InvertedResidual;

#[pymethods]
impl InvertedResidual {
    #[new]
    #[pyo3(signature = (expand_weight, depthwise_weight, project_weight, expand_bias=None, depthwise_bias=None,
                        project_bias=None, stride=ONE, padding=VALID, dilation=ONE, layout=NCHW,
                        activation=NONE_OF_THREE, *, residual=false, multiplier=SINGLE, weight_order=Order::Torch,
                        isa=None),
           text_signature = "(expand_weight, depthwise_weight, project_weight, expand_bias=None, depthwise_bias=None, project_bias=None, stride=1, padding=0, dilation=1, layout='nchw', activation=(None, None, None), *, residual=False, multiplier=1, weight_order='torch', isa=None)")]
    #[allow(clippy::too_many_arguments)] // the order that users of the frameworks know
    fn new(
        expand_weight: Option<&Bound<'_, PyAny>>,
        depthwise_weight: &Bound<'_, PyAny>,
        project_weight: &Bound<'_, PyAny>,
        expand_bias: Option<&Bound<'_, PyAny>>,
        depthwise_bias: Option<&Bound<'_, PyAny>>,
        project_bias: Option<&Bound<'_, PyAny>>,
        stride: Pair,
        padding: Pads,
        dilation: Pair,
        layout: Axes,
        activation: Acts<3>,
        residual: bool,
        multiplier: Count,
        weight_order: Order,
        isa: Option<&str>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let expand = Kernel::expanding(expand_weight, expand_bias, weight_order)?;
        let depthwise = Kernel::new(depthwise_weight, depthwise_bias, weight_order, "depthwise ")?;
        let project = Kernel::new(project_weight, project_bias, weight_order, "project ")?;
        let known = Known::Multiplier(multiplier.0);
        let window = ([stride, dilation], padding);
        let recipe = inverted_recipe(expand, [depthwise, project], known, window, activation, residual)?;
        Ok(Operator(Prepared::packed(recipe, layout, args::isa(isa)?)?).with(Self))
    }
}

/// Prepared dense convolution (one group): [n, c, h, w] gives [n, cout, oh, ow]. The function is ``conv2d``.
///
/// Parameters
/// ----------
/// weight : float32 array
///     [cout, c, kh, kw]; TensorFlow: [kh, kw, c, cout].
/// bias : float32 array, optional
///     [cout], added before the activation.
#[doc = window!()]
#[doc = layout!()]
/// activation
#[doc = names!()]
#[doc = made!()]
#[doc = raises!()]
#[pyclass(frozen, extends = Operator, module = "sepconv")]
pub struct Conv2d;

#[pymethods]
impl Conv2d {
    #[new]
    #[pyo3(signature = (weight, bias=None, stride=ONE, padding=VALID, dilation=ONE, layout=NCHW,
                        activation=NO_ACTIVATION, *, weight_order=Order::Torch, isa=None),
           text_signature = "(weight, bias=None, stride=1, padding=0, dilation=1, layout='nchw', activation=None, *, weight_order='torch', isa=None)")]
    #[allow(clippy::too_many_arguments)] // the order that users of the frameworks know
    fn new(
        weight: &Bound<'_, PyAny>,
        bias: Option<&Bound<'_, PyAny>>,
        stride: Pair,
        padding: Pads,
        dilation: Pair,
        layout: Axes,
        activation: Act,
        weight_order: Order,
        isa: Option<&str>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let kernel = Kernel::new(weight, bias, weight_order, "")?;
        let spec = conv2d_spec(&kernel, [stride, dilation], padding, activation.0);
        Ok(Operator(Prepared::packed(Recipe::Conv2d(spec, kernel), layout, args::isa(isa)?)?).with(Self))
    }
}
