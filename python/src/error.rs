//! The library's errors as Python's.

use pyo3::PyErr;
use pyo3::exceptions::{PyRuntimeError, PyValueError};

/// What the library refuses is a `ValueError` with its message; what the system refuses, a `RuntimeError`.
pub fn to_python(error: impl Into<sepconv::Error>) -> PyErr {
    let error = error.into();
    match error {
        sepconv::Error::ThreadPool { .. } => PyRuntimeError::new_err(error.to_string()),
        _ => PyValueError::new_err(error.to_string()),
    }
}
