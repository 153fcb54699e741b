//! Arguments as Python users write them, and back again for pickles.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyList, PyString, PyTuple};
use sepconv::{Activation, Isa, Layout, Padding};

/// A count: not negative.
#[derive(Clone, Copy)]
pub struct Count(pub usize);

impl<'py> FromPyObject<'_, 'py> for Count {
    type Error = PyErr;
    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        value.extract().map(Self).map_err(|_| wrong(&value, "a number that is not negative"))
    }
}

/// Sizes n, c, h, w.
#[derive(Clone, Copy)]
pub struct Sizes(pub [usize; 4]);

impl<'py> FromPyObject<'_, 'py> for Sizes {
    type Error = PyErr;
    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        value.extract().map(Self).map_err(|_| wrong(&value, "four numbers (n, c, h, w) that are not negative"))
    }
}

/// One number for both axes, or (height, width).
#[derive(Clone, Copy)]
pub struct Pair(pub [usize; 2]);

impl<'py> FromPyObject<'_, 'py> for Pair {
    type Error = PyErr;
    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(both) = value.extract::<usize>() {
            return Ok(Self([both; 2]));
        }
        let two = value.extract::<[usize; 2]>();
        two.map(Self).map_err(|_| wrong(&value, "a number that is not negative, or a pair (height, width) of them"))
    }
}

/// A number, (height, width), (top, left, bottom, right), "valid" or "same".
#[derive(Clone, Copy)]
pub struct Pads(pub Padding);

impl<'py> FromPyObject<'_, 'py> for Pads {
    type Error = PyErr;
    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(all) = value.extract::<usize>() {
            return Ok(Self(Padding::uniform(all)));
        }
        if let Ok(name) = value.cast::<PyString>() {
            return match &*name.to_cow()? {
                "valid" => Ok(Self(Padding::Valid)),
                "same" => Ok(Self(Padding::Same)),
                other => Err(PyValueError::new_err(format!("padding {other:?} is neither \"valid\" nor \"same\""))),
            };
        }
        if let Ok([h, w]) = value.extract::<[usize; 2]>() {
            return Ok(Self(Padding::Explicit { top: h, left: w, bottom: h, right: w }));
        }
        let four = value.extract::<[usize; 4]>();
        four.map(|[top, left, bottom, right]| Self(Padding::Explicit { top, left, bottom, right })).map_err(|_| {
            wrong(&value, "a number, (height, width), (top, left, bottom, right), \"valid\" or \"same\" for padding")
        })
    }
}

/// The padding as an argument that means it.
pub fn padding_argument(py: Python<'_>, padding: Padding) -> PyResult<Bound<'_, PyAny>> {
    match padding {
        Padding::Valid => "valid".into_pyobject(py).map(Bound::into_any).map_err(PyErr::from),
        Padding::Same => "same".into_pyobject(py).map(Bound::into_any).map_err(PyErr::from),
        Padding::Explicit { top, left, bottom, right } => {
            (top, left, bottom, right).into_pyobject(py).map(Bound::into_any)
        }
    }
}

/// None, a name, or a tuple of a name and its parameters.
#[derive(Clone, Copy)]
pub struct Act(pub Activation);

const ACTIVATIONS: &str = "None, \"relu\", \"relu6\", \"hardswish\", \"silu\", (\"clamp\", lo, hi) or (\"leaky_relu\", slope) for an activation";

impl<'py> FromPyObject<'_, 'py> for Act {
    type Error = PyErr;
    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if value.is_none() {
            return Ok(Self(Activation::Identity));
        }
        if let Ok(name) = value.cast::<PyString>() {
            return match &*name.to_cow()? {
                "identity" => Ok(Self(Activation::Identity)),
                "relu" => Ok(Self(Activation::Relu)),
                "relu6" => Ok(Self(Activation::Relu6)),
                "hardswish" => Ok(Self(Activation::HardSwish)),
                "silu" => Ok(Self(Activation::Silu)),
                _ => Err(PyValueError::new_err(format!("expected {ACTIVATIONS}, got {}", value.repr()?))),
            };
        }
        match value.extract::<(String, f32, f32)>() {
            Ok((name, lo, hi)) if name == "clamp" => return Ok(Self(Activation::Clamp { lo, hi })),
            _ => {}
        }
        match value.extract::<(String, f32)>() {
            Ok((name, slope)) if name == "leaky_relu" => Ok(Self(Activation::LeakyRelu { slope })),
            _ => Err(wrong(&value, ACTIVATIONS)),
        }
    }
}

/// The activation as an argument that means it.
pub fn activation_argument(py: Python<'_>, activation: Activation) -> PyResult<Bound<'_, PyAny>> {
    let name = match activation {
        Activation::Clamp { lo, hi } => return ("clamp", lo, hi).into_pyobject(py).map(Bound::into_any),
        Activation::LeakyRelu { slope } => return ("leaky_relu", slope).into_pyobject(py).map(Bound::into_any),
        Activation::HardSwish => "hardswish",
        other => other.name(),
    };
    Ok(PyString::new(py, name).into_any())
}

/// One activation for each of two parts.
pub type ActPair = Acts<2>;
/// One activation for each of three parts.
pub type ActTriple = Acts<3>;

/// One activation for each of the parts of a block, in their order; None for none at all.
#[derive(Clone, Copy)]
pub struct Acts<const N: usize>(pub [Activation; N]);

impl<'py, const N: usize> FromPyObject<'_, 'py> for Acts<N> {
    type Error = PyErr;
    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let mut activations = [Activation::Identity; N];
        if value.is_none() {
            return Ok(Self(activations));
        }
        let tuple = value.cast::<PyTuple>().ok().filter(|tuple| tuple.len() == N);
        // ("leaky_relu", 0.1) is one activation, not two.
        let tuple = tuple.filter(|tuple| tuple.get_item(1).is_ok_and(|second| second.extract::<f32>().is_err()));
        let tuple = tuple.ok_or_else(|| {
            let parts = match N {
                2 => "a pair (after depthwise, after pointwise) of activations, for example (\"relu6\", None)",
                _ => "three activations (after expand, after depthwise, after project), for example (\"relu6\", \"relu6\", None)",
            };
            wrong(&value, parts)
        })?;
        for (activation, item) in activations.iter_mut().zip(tuple.iter()) {
            *activation = item.extract::<Act>()?.0;
        }
        Ok(Self(activations))
    }
}

/// Order of the axes of arrays: "nchw" or "nhwc".
#[derive(Clone, Copy, PartialEq)]
pub struct Axes(pub Layout);

impl<'py> FromPyObject<'_, 'py> for Axes {
    type Error = PyErr;
    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match value.extract::<&str>() {
            Ok("nchw") => Ok(Self(Layout::Chw)),
            Ok("nhwc") => Ok(Self(Layout::Hwc)),
            _ => Err(PyValueError::new_err(format!("layout must be \"nchw\" or \"nhwc\", got {}", value.repr()?))),
        }
    }
}

impl Axes {
    pub const fn name(self) -> &'static str {
        match self.0 {
            Layout::Chw => "nchw",
            Layout::Hwc => "nhwc",
        }
    }
}

/// Order of the axes of weights: "torch" (ONNX too) or "tensorflow".
#[derive(Clone, Copy, PartialEq)]
pub enum Order {
    Torch,
    TensorFlow,
}

impl<'py> FromPyObject<'_, 'py> for Order {
    type Error = PyErr;
    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match value.extract::<&str>() {
            Ok("torch" | "onnx") => Ok(Self::Torch),
            Ok("tensorflow") => Ok(Self::TensorFlow),
            _ => {
                let message =
                    format!("weight_order must be \"torch\", \"onnx\" or \"tensorflow\", got {}", value.repr()?);
                Err(PyValueError::new_err(message))
            }
        }
    }
}

impl Order {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Torch => "torch",
            Self::TensorFlow => "tensorflow",
        }
    }
}

/// The instruction set that a name stands for.
pub fn isa(name: Option<&str>) -> PyResult<Option<Isa>> {
    name.map(|name| name.parse().map_err(crate::error::to_python)).transpose()
}

/// Integers, or tuples and lists of them, have the right type and the wrong value; anything else has the wrong type.
fn wrong(value: &Bound<'_, PyAny>, expected: &str) -> PyErr {
    let shown = value.repr().map_or_else(|_| "something else".to_owned(), |text| text.to_string());
    let message = format!("expected {expected}, got {shown}");
    let is_int = |value: &Bound<'_, PyAny>| value.is_instance_of::<PyInt>();
    let of_ints = match (value.cast::<PyTuple>(), value.cast::<PyList>()) {
        (Ok(tuple), _) => tuple.iter().all(|item| is_int(&item)),
        (_, Ok(list)) => list.iter().all(|item| is_int(&item)),
        _ => is_int(value),
    };
    if of_ints { PyValueError::new_err(message) } else { PyTypeError::new_err(message) }
}
