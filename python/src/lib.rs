//! The native part of the Python package: functions and prepared operators on NumPy arrays.
//!
//! ```text
//! Python arguments ── args ──▶ recipe (spec, weights) ── prepared ──▶ operator per memory layout ── run ──▶ array
//! ```

mod args;
mod array;
mod classes;
mod docs;
mod error;
mod functions;
mod pickle;
mod prepared;
mod recipe;
mod run;
mod threads;

use pyo3::prelude::*;

/// Native part of sepconv.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::classes::{Conv2d, DepthwiseConv2d, InvertedResidual, Operator, PointwiseConv2d, SeparableConv2d};
    #[pymodule_export]
    use crate::functions::{
        available_isas, conv2d, depthwise_conv2d, inverted_residual, pointwise_conv2d, preferred_isa, separable_conv2d,
    };
    #[pymodule_export]
    use crate::threads::{get_num_threads, set_num_threads};
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
