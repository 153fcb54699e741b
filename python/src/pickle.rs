//! What a pickle holds: a recipe as the keyword arguments of its class. They are the ones that make the operator anew, so that what
//! unpickles packs the weights for the CPU that it is on.

use crate::args::{activation_argument, padding_argument};
use crate::recipe::{Kernel, Recipe};
use numpy::{IntoPyArray, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use sepconv::{Activation, Window};

impl Recipe {
    /// The constructor's arguments.
    pub fn arguments(&self, kwargs: &Bound<'_, PyDict>) -> PyResult<()> {
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
            Self::InvertedResidual(spec, first, [second, third]) => {
                match first {
                    Some(first) => first.arguments(kwargs, "expand_")?,
                    None => kwargs.set_item("expand_weight", py.None())?,
                }
                second.arguments(kwargs, "depthwise_")?;
                third.arguments(kwargs, "project_")?;
                window_arguments(&spec.depthwise.window, kwargs)?;
                kwargs.set_item("multiplier", spec.depthwise.multiplier)?;
                kwargs.set_item("residual", spec.residual)?;
                let activation = (
                    activation_argument(py, spec.expand.map_or(Activation::Identity, |expand| expand.activation))?,
                    activation_argument(py, spec.depthwise.activation)?,
                    activation_argument(py, spec.project.activation)?,
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
