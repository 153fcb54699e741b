//! What an operator is made of: spec and weights, independent of memory layout and CPU. This is what pickles hold.

use crate::args::Order;
use crate::array;
use numpy::PyUntypedArrayMethods;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use sepconv::{
    Conv2d, Conv2dSpec, Depthwise, DepthwiseSpec, InvertedResidual, InvertedResidualSpec, Isa, Layout, Operator,
    Pointwise, PointwiseSpec, Separable, SeparableSpec, Shape, Weights,
};

/// Weights and bias of one convolution, copied from the caller's arrays.
pub struct Kernel {
    pub weight: Vec<f32>,
    /// Shape of the array that the weights came in.
    pub shape: [usize; 4],
    pub order: Order,
    pub bias: Option<Vec<f32>>,
}

impl Kernel {
    pub fn new(weight: &Bound<'_, PyAny>, bias: Option<&Bound<'_, PyAny>>, order: Order, name: &str) -> PyResult<Self> {
        let (weight, array) = array::to_vec(weight, format_args!("the {name}weight"))?;
        let shape = array.shape().try_into().map_err(|_| {
            PyValueError::new_err(format!("the {name}weight has shape {:?}; it must have 4 axes", array.shape()))
        })?;
        let bias = bias.map(|bias| array::to_vec(bias, format_args!("the {name}bias"))).transpose()?;
        Ok(Self { weight, shape, order, bias: bias.map(|(bias, _)| bias) })
    }

    /// Those of an expanding part that may be missing.
    pub fn expanding(
        weight: Option<&Bound<'_, PyAny>>,
        bias: Option<&Bound<'_, PyAny>>,
        order: Order,
    ) -> PyResult<Option<Self>> {
        match (weight, bias) {
            (Some(weight), bias) => Self::new(weight, bias, order, "expand ").map(Some),
            (None, None) => Ok(None),
            (None, Some(_)) => Err(PyValueError::new_err("expand_bias is given, but expand_weight is None")),
        }
    }

    fn weights(&self) -> Weights<'_> {
        match self.order {
            Order::Torch => Weights::torch(&self.weight),
            Order::TensorFlow => Weights::tensorflow(&self.weight),
        }
    }

    /// Input channels, multiplier and kernel size of depthwise weights, where what torch's order leaves open is known from outside.
    pub fn depthwise(&self, known: Known) -> PyResult<(usize, usize, [usize; 2])> {
        match (self.order, self.shape) {
            (Order::TensorFlow, [kh, kw, channels, multiplier]) => Ok((channels, multiplier, [kh, kw])),
            (Order::Torch, [outputs, 1, kh, kw]) => {
                let (channels, multiplier) = match known {
                    Known::Channels(channels) | Known::Expanded(channels) => (channels, outputs / channels.max(1)),
                    Known::Multiplier(multiplier) => (outputs / multiplier.max(1), multiplier),
                };
                if channels * multiplier != outputs {
                    let message = format!("a depthwise weight of {outputs} kernels does not fit {known}");
                    return Err(PyValueError::new_err(message));
                }
                Ok((channels, multiplier, [kh, kw]))
            }
            (Order::Torch, shape) => Err(PyValueError::new_err(format!(
                "the depthwise weight has shape {shape:?}; weight_order \"torch\" means [channels*multiplier, 1, kh, kw]"
            ))),
        }
    }

    /// Input channels, output channels and kernel size of dense weights.
    pub const fn dense(&self) -> (usize, usize, [usize; 2]) {
        match (self.order, self.shape) {
            (Order::Torch, [outputs, inputs, kh, kw]) | (Order::TensorFlow, [kh, kw, inputs, outputs]) => {
                (inputs, outputs, [kh, kw])
            }
        }
    }

    /// Input and output channels of pointwise weights.
    pub fn pointwise(&self) -> PyResult<(usize, usize)> {
        let (inputs, outputs, kernel) = self.dense();
        if kernel != [1, 1] {
            let message = format!(
                "the pointwise weight has shape {:?}; in weight_order {:?} its kernel is {kernel:?}, not [1, 1]",
                self.shape,
                self.order.name()
            );
            return Err(PyValueError::new_err(message));
        }
        Ok((inputs, outputs))
    }
}

/// What is known beside a depthwise weight in torch's order.
#[derive(Clone, Copy)]
pub enum Known {
    Channels(usize),
    Expanded(usize),
    Multiplier(usize),
}

impl core::fmt::Display for Known {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Channels(channels) => write!(f, "an input of {channels} channels"),
            Self::Expanded(channels) => write!(f, "an expanding part of {channels} output channels"),
            Self::Multiplier(multiplier) => write!(f, "multiplier {multiplier}"),
        }
    }
}

/// An operation, complete but not packed. The layout in its spec is replaced when it is.
pub enum Recipe {
    Depthwise(DepthwiseSpec, Kernel),
    Pointwise(PointwiseSpec, Kernel),
    Separable(SeparableSpec, [Kernel; 2]),
    /// The expanding part may be missing.
    InvertedResidual(InvertedResidualSpec, Option<Kernel>, [Kernel; 2]),
    Conv2d(Conv2dSpec, Kernel),
}

impl Recipe {
    /// Packs the weights for one memory layout and CPU.
    pub fn pack(&self, layout: Layout, isa: Isa) -> sepconv::Result<Box<dyn Operator>> {
        Ok(match self {
            Self::Depthwise(spec, kernel) => {
                let spec = spec.layout(layout);
                Box::new(Depthwise::with_isa(&spec, kernel.weights(), kernel.bias.as_deref(), isa)?)
            }
            Self::Pointwise(spec, kernel) => {
                let spec = spec.layout(layout);
                Box::new(Pointwise::with_isa(&spec, kernel.weights(), kernel.bias.as_deref(), isa)?)
            }
            Self::Separable(spec, [first, second]) => {
                let spec = SeparableSpec::new(spec.depthwise.layout(layout), spec.pointwise.layout(layout));
                let bias = [first.bias.as_deref(), second.bias.as_deref()];
                Box::new(Separable::with_isa(&spec, [first.weights(), second.weights()], bias, isa)?)
            }
            Self::InvertedResidual(spec, first, [second, third]) => {
                let (depthwise, project) = (spec.depthwise.layout(layout), spec.project.layout(layout));
                let expand = spec.expand.map(|expand| expand.layout(layout));
                let spec = InvertedResidualSpec::new(expand, depthwise, project).residual(spec.residual);
                let none = Weights::torch(&[]);
                let weights = [first.as_ref().map_or(none, Kernel::weights), second.weights(), third.weights()];
                let first_bias = first.as_ref().and_then(|first| first.bias.as_deref());
                let bias = [first_bias, second.bias.as_deref(), third.bias.as_deref()];
                Box::new(InvertedResidual::with_isa(&spec, weights, bias, isa)?)
            }
            Self::Conv2d(spec, kernel) => {
                let spec = spec.layout(layout);
                Box::new(Conv2d::with_isa(&spec, kernel.weights(), kernel.bias.as_deref(), isa)?)
            }
        })
    }

    pub fn output_shape(&self, input: Shape) -> sepconv::Result<Shape> {
        match self {
            Self::Depthwise(spec, _) => spec.output_shape(input),
            Self::Pointwise(spec, _) => spec.output_shape(input),
            Self::Separable(spec, _) => spec.output_shape(input),
            Self::InvertedResidual(spec, ..) => spec.output_shape(input),
            Self::Conv2d(spec, _) => spec.output_shape(input),
        }
    }
}
