//! What an operator is made of: spec and weights, independent of memory layout and CPU. This is what pickles hold.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use sepconv::{Isa, Layout, Operator, Shape};

/// An operation, complete but not packed.
pub trait Recipe: Send + Sync {
    /// Packs the weights for one memory layout, which replaces that of the spec, and CPU.
    fn pack(&self, layout: Layout, isa: Isa) -> sepconv::Result<Box<dyn Operator>>;

    fn output_shape(&self, input: Shape) -> sepconv::Result<Shape>;

    /// The arguments of the class that make the same recipe, but for layout and instruction set.
    fn arguments(&self, kwargs: &Bound<'_, PyDict>) -> PyResult<()>;
}
