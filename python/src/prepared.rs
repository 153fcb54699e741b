//! A recipe with its packed operators, one for each memory layout that has come by.

use crate::args::Axes;
use crate::error::to_python;
use crate::recipe::Recipe;
use pyo3::PyResult;
use sepconv::{Isa, Layout, Operator};
use std::sync::OnceLock;

/// A prepared operation on arrays whose axes stand in one order, in either memory layout.
pub struct Prepared {
    pub recipe: Box<dyn Recipe>,
    pub axes: Axes,
    /// The instruction set that was asked for by name.
    pub forced: Option<Isa>,
    isa: Isa,
    packed: [OnceLock<Box<dyn Operator>>; 2],
}

impl Prepared {
    pub fn new(recipe: Box<dyn Recipe>, axes: Axes, forced: Option<Isa>) -> PyResult<Self> {
        let isa = forced.map_or_else(Isa::preferred, Isa::require).map_err(to_python)?;
        Ok(Self { recipe, axes, forced, isa, packed: [OnceLock::new(), OnceLock::new()] })
    }

    /// As `new`, with the weights packed for arrays without gaps; what is wrong with them comes out here.
    pub fn packed(recipe: Box<dyn Recipe>, axes: Axes, forced: Option<Isa>) -> PyResult<Self> {
        let prepared = Self::new(recipe, axes, forced)?;
        prepared.operator(axes.0)?;
        Ok(prepared)
    }

    /// The operator for a memory layout, packed at the first call.
    pub fn operator(&self, layout: Layout) -> PyResult<&dyn Operator> {
        let slot = &self.packed[usize::from(layout == Layout::Hwc)];
        if let Some(operator) = slot.get() {
            return Ok(&**operator);
        }
        // Two threads may both pack; the first one's is kept.
        let operator = self.recipe.pack(layout, self.isa).map_err(to_python)?;
        Ok(&**slot.get_or_init(|| operator))
    }
}
