//! The native part of the Python package: functions and prepared operators on NumPy arrays.
//!
//! ```text
//! Python arguments ── args ──▶ recipe (spec, weights) ── prepared ──▶ operator per memory layout ── run ──▶ array
//! ```
//!
//! Each file in `operations` describes one operation: its arguments and its recipe. `operation` makes the function and the class of
//! it.

mod args;
mod array;
mod defaults;
mod docs;
mod error;
mod isas;
mod kernel;
mod operation;
mod operations;
mod operator;
mod pickle;
mod prepared;
mod recipe;
mod run;
mod single;
mod specs;
mod threads;

use pyo3::prelude::*;

/// Native part of sepconv.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::isas::{available_isas, preferred_isa};
    #[pymodule_export]
    use crate::operations::{
        Conv2d, DepthwiseConv2d, InvertedResidual, PointwiseConv2d, SeparableConv2d, conv2d, depthwise_conv2d,
        inverted_residual, pointwise_conv2d, separable_conv2d,
    };
    #[pymodule_export]
    use crate::operator::Operator;
    #[pymodule_export]
    use crate::threads::{get_num_threads, set_num_threads};
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
