//! Instruction sets by name.

use crate::error::to_python;
use pyo3::prelude::*;
use sepconv::Isa;

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
