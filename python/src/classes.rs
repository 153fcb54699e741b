//! Prepared operators as Python classes. Their constructors take the arguments of the functions, without input and output.

use crate::args::{self, Act, ActPair, Axes, Order, Pads, Pair, activation_argument, padding_argument};
use crate::functions::{NCHW, NO_ACTIVATION, NO_ACTIVATIONS, ONE, VALID, conv2d_spec, depthwise_spec, pointwise_spec};
use crate::prepared::Prepared;
use crate::recipe::{Kernel, Known, Recipe};
use crate::run;
use numpy::{IntoPyArray, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};
use pyo3::{PyClass, PyClassInitializer};
use sepconv::{SeparableSpec, Shape, Window};

/// Class, positional and keyword arguments.
type Rebuild<'py> = (Bound<'py, PyType>, Bound<'py, PyTuple>, Bound<'py, PyDict>);

/// A prepared operator: weights packed for this CPU, immutable, good for any map size and batch, shareable between threads.
#[pyclass(frozen, subclass, module = "sepconv")]
pub struct Operator(Prepared);

#[pymethods]
impl Operator {
    /// Runs on ``input``; into ``out`` if it is given, else into a new array. Returns the array written.
    #[pyo3(signature = (input, out=None, threads=None))]
    fn __call__<'py>(
        &self,
        input: &Bound<'py, PyAny>,
        out: Option<&Bound<'py, PyAny>>,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyAny>> {
        run::run(&self.0, input, out, threads)
    }

    /// Shape (n, c, h, w) of the result for an input of shape (n, c, h, w), whatever the layout.
    fn output_shape(&self, shape: [usize; 4]) -> PyResult<(usize, usize, usize, usize)> {
        let [n, c, h, w] = shape;
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

impl Recipe {
    /// The constructor's arguments.
    fn arguments(&self, kwargs: &Bound<'_, PyDict>) -> PyResult<()> {
        let py = kwargs.py();
        match self {
            Self::Depthwise(spec, kernel) => {
                kernel.arguments(kwargs, "")?;
                window_arguments(&spec.window, kwargs)?;
                kwargs.set_item("multiplier", spec.multiplier)?;
                kwargs.set_item("activation", activation_argument(py, spec.activation)?)
            }
            Self::Pointwise(spec, kernel) => {
                kernel.arguments(kwargs, "")?;
                kwargs.set_item("stride", spec.stride)?;
                kwargs.set_item("activation", activation_argument(py, spec.activation)?)
            }
            Self::Separable(spec, [first, second]) => {
                first.arguments(kwargs, "depthwise_")?;
                second.arguments(kwargs, "pointwise_")?;
                window_arguments(&spec.depthwise.window, kwargs)?;
                kwargs.set_item("multiplier", spec.depthwise.multiplier)?;
                let activation = (
                    activation_argument(py, spec.depthwise.activation)?,
                    activation_argument(py, spec.pointwise.activation)?,
                );
                kwargs.set_item("activation", activation)
            }
            Self::Conv2d(spec, kernel) => {
                kernel.arguments(kwargs, "")?;
                window_arguments(&spec.window, kwargs)?;
                kwargs.set_item("activation", activation_argument(py, spec.activation)?)
            }
        }
    }
}

impl Kernel {
    fn arguments(&self, kwargs: &Bound<'_, PyDict>, prefix: &str) -> PyResult<()> {
        let py = kwargs.py();
        kwargs.set_item(format!("{prefix}weight"), self.weight.clone().into_pyarray(py).reshape(self.shape)?)?;
        kwargs.set_item(format!("{prefix}bias"), self.bias.clone().map(|bias| bias.into_pyarray(py)))?;
        kwargs.set_item("weight_order", self.order.name())
    }
}

fn window_arguments(window: &Window, kwargs: &Bound<'_, PyDict>) -> PyResult<()> {
    kwargs.set_item("stride", window.stride)?;
    kwargs.set_item("dilation", window.dilation)?;
    kwargs.set_item("padding", padding_argument(kwargs.py(), window.padding)?)
}

/// Prepared depthwise convolution. ``multiplier`` says how many kernels there are for each input channel; weights in
/// TensorFlow's order say it themselves.
#[pyclass(frozen, extends = Operator, module = "sepconv")]
pub struct DepthwiseConv2d;

#[pymethods]
impl DepthwiseConv2d {
    #[new]
    #[pyo3(signature = (weight, bias=None, stride=ONE, padding=VALID, dilation=ONE, layout=NCHW,
                        activation=NO_ACTIVATION, *, multiplier=1, weight_order=Order::Torch, isa=None),
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
        multiplier: usize,
        weight_order: Order,
        isa: Option<&str>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let kernel = Kernel::new(weight, bias, weight_order, "")?;
        let known = Known::Multiplier(multiplier);
        let spec = depthwise_spec(&kernel, known, [stride, dilation], padding, activation.0)?;
        Ok(Operator(Prepared::packed(Recipe::Depthwise(spec, kernel), layout, args::isa(isa)?)?).with(Self))
    }
}

/// Prepared pointwise (1x1) convolution.
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

/// Prepared depthwise-separable convolution: depthwise, then pointwise, fused. ``multiplier`` as in DepthwiseConv2d.
#[pyclass(frozen, extends = Operator, module = "sepconv")]
pub struct SeparableConv2d;

#[pymethods]
impl SeparableConv2d {
    #[new]
    #[pyo3(signature = (depthwise_weight, pointwise_weight, depthwise_bias=None, pointwise_bias=None, stride=ONE,
                        padding=VALID, dilation=ONE, layout=NCHW, activation=NO_ACTIVATIONS, *, multiplier=1,
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
        activation: ActPair,
        multiplier: usize,
        weight_order: Order,
        isa: Option<&str>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let first = Kernel::new(depthwise_weight, depthwise_bias, weight_order, "depthwise ")?;
        let second = Kernel::new(pointwise_weight, pointwise_bias, weight_order, "pointwise ")?;
        let known = Known::Multiplier(multiplier);
        let spec = SeparableSpec::new(
            depthwise_spec(&first, known, [stride, dilation], padding, activation.0[0])?,
            pointwise_spec(&second, ONE, activation.0[1])?,
        );
        let recipe = Recipe::Separable(spec, [first, second]);
        Ok(Operator(Prepared::packed(recipe, layout, args::isa(isa)?)?).with(Self))
    }
}

/// Prepared dense convolution (one group).
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
