//! Weights and bias of one convolution: from the caller's arrays, and what their shape says.

use crate::args::Order;
use crate::array;
use core::fmt::{self, Display, Formatter};
use numpy::PyUntypedArrayMethods;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use sepconv::Weights;

/// The arguments that one convolution takes its weights from.
pub struct Arrays<'a, 'py> {
    pub weight: &'a Bound<'py, PyAny>,
    pub bias: Option<&'a Bound<'py, PyAny>>,
    pub order: Order,
    /// What the arguments are called.
    pub names: [&'static str; 2],
}

impl Arrays<'_, '_> {
    pub fn kernel(&self) -> PyResult<Kernel> {
        let [weight_name, bias_name] = self.names.map(Words);
        let (weight, array) = array::to_vec(self.weight, format_args!("the {weight_name}"))?;
        let shape = array.shape().try_into().map_err(|_| {
            PyValueError::new_err(format!("the {weight_name} has shape {:?}; it must have 4 axes", array.shape()))
        })?;
        let bias = self.bias.map(|bias| array::to_vec(bias, format_args!("the {bias_name}"))).transpose()?;
        Ok(Kernel { weight, shape, order: self.order, bias: bias.map(|(bias, _)| bias), names: self.names })
    }

    /// The kernel of a part that is left out where the weight is None.
    pub fn kernel_if_any(&self) -> PyResult<Option<Kernel>> {
        let [weight, bias] = self.names;
        match (self.weight.is_none(), self.bias) {
            (false, _) => self.kernel().map(Some),
            (true, None) => Ok(None),
            (true, Some(_)) => Err(PyValueError::new_err(format!("{bias} is given, but {weight} is None"))),
        }
    }
}

/// An argument's name in words, for messages; nothing is allocated for calls that succeed.
struct Words(&'static str);

impl Display for Words {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut words = self.0.split('_');
        f.write_str(words.next().unwrap_or_default())?;
        words.try_for_each(|word| write!(f, " {word}"))
    }
}

/// Weights and bias of one convolution, copied from the caller's arrays.
pub struct Kernel {
    pub weight: Vec<f32>,
    /// Shape of the array that the weights came in.
    pub shape: [usize; 4],
    pub order: Order,
    pub bias: Option<Vec<f32>>,
    /// What the arguments are called.
    pub names: [&'static str; 2],
}

impl Kernel {
    /// Weights and bias as the library takes them.
    pub fn arrays(&self) -> (Weights<'_>, Option<&[f32]>) {
        let weights = match self.order {
            Order::Torch => Weights::torch(&self.weight),
            Order::TensorFlow => Weights::tensorflow(&self.weight),
        };
        (weights, self.bias.as_deref())
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

impl Display for Known {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channels(channels) => write!(f, "an input of {channels} channels"),
            Self::Expanded(channels) => write!(f, "an expanding part of {channels} output channels"),
            Self::Multiplier(multiplier) => write!(f, "multiplier {multiplier}"),
        }
    }
}
