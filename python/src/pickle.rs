//! Parts of what a pickle holds: keyword arguments of a class. They are the ones that make the operator anew, so that what
//! unpickles packs the weights for the CPU that it is on.

use crate::args::{activation_argument, padding_argument};
use crate::kernel::Kernel;
use numpy::{IntoPyArray, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use sepconv::{Activation, Window};

pub fn kernel(kwargs: &Bound<'_, PyDict>, kernel: &Kernel) -> PyResult<()> {
    let py = kwargs.py();
    let [weight, bias] = kernel.names;
    kwargs.set_item(weight, kernel.weight.clone().into_pyarray(py).reshape(kernel.shape)?)?;
    kwargs.set_item(bias, kernel.bias.clone().map(|bias| bias.into_pyarray(py)))?;
    kwargs.set_item("weight_order", kernel.order.name())
}

pub fn window(kwargs: &Bound<'_, PyDict>, window: &Window) -> PyResult<()> {
    kwargs.set_item("stride", window.stride)?;
    kwargs.set_item("dilation", window.dilation)?;
    kwargs.set_item("padding", padding_argument(kwargs.py(), window.padding)?)
}

pub fn activation(kwargs: &Bound<'_, PyDict>, activation: Activation) -> PyResult<()> {
    kwargs.set_item("activation", activation_argument(kwargs.py(), activation)?)
}

/// One activation for each part.
pub fn activations(kwargs: &Bound<'_, PyDict>, activations: &[Activation]) -> PyResult<()> {
    let py = kwargs.py();
    let arguments = activations.iter().map(|&activation| activation_argument(py, activation));
    kwargs.set_item("activation", PyTuple::new(py, arguments.collect::<PyResult<Vec<_>>>()?)?)
}
