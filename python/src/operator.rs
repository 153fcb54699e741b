//! Prepared operators as Python objects: the class that all of them extend.

use crate::args::{self, Axes, Count, Sizes};
use crate::array::Input;
use crate::docs::output_shape;
use crate::error::to_python;
use crate::prepared::Prepared;
use crate::recipe::Recipe;
use crate::run;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};
use pyo3::{PyClass, PyClassInitializer};
use sepconv::Shape;

/// Class, positional and keyword arguments.
type Rebuild<'py> = (Bound<'py, PyType>, Bound<'py, PyTuple>, Bound<'py, PyDict>);

/// A prepared operator: weights packed for this CPU, immutable, good for any map size and batch, shareable between threads.
#[pyclass(frozen, subclass, module = "sepconv")]
pub struct Operator(Prepared);

#[pymethods]
impl Operator {
    /// Runs; the classes' text says how. (Python shows a text of its own for this method.)
    #[pyo3(signature = (input, out=None, threads=None))]
    fn __call__<'py>(
        &self,
        input: &Bound<'py, PyAny>,
        out: Option<&Bound<'py, PyAny>>,
        threads: Option<Count>,
    ) -> PyResult<Bound<'py, PyAny>> {
        run::run(&self.0, &Input::new(input, self.0.axes)?, out, threads)
    }

    #[doc = output_shape!()]
    fn output_shape(&self, shape: Sizes) -> PyResult<(usize, usize, usize, usize)> {
        let Sizes([n, c, h, w]) = shape;
        let out = self.0.recipe.output_shape(Shape::new(n, c, h, w)).map_err(to_python)?;
        Ok((out.n, out.c, out.h, out.w))
    }

    /// Order of the axes of input and output: "nchw" or "nhwc".
    #[getter]
    fn layout(&self) -> &'static str {
        self.0.axes.name()
    }

    /// Name of the instruction set in use.
    #[getter]
    fn isa(&self) -> PyResult<&'static str> {
        Ok(self.0.operator(self.0.axes.0)?.isa().name())
    }

    /// Names of the kernels that do the work on large maps without gaps.
    #[getter]
    fn kernel_name(&self) -> PyResult<String> {
        Ok(self.0.operator(self.0.axes.0)?.kernel_name().to_owned())
    }

    /// The kernels that make most outputs of a run without gaps on an input of this shape (n, c, h, w), as dicts.
    #[pyo3(signature = (shape, threads=Count(1)), text_signature = "($self, shape, threads=1)")]
    fn kernels<'py>(&self, py: Python<'py>, shape: Sizes, threads: Count) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let Sizes([n, c, h, w]) = shape;
        let operator = self.0.operator(self.0.axes.0)?;
        let kernels = operator.kernels(Shape::new(n, c, h, w), threads.0).map_err(to_python)?;
        let dict = |kernel: sepconv::KernelInfo| {
            let dict = PyDict::new(py);
            for (key, value) in [
                ("name", kernel.name),
                ("family", kernel.family),
                ("isa", kernel.isa.name()),
                ("tile", kernel.tile.to_string().as_str()),
                ("lanes", kernel.lanes.name()),
                ("epilogue", kernel.epilogue.name()),
                ("why", kernel.why.as_str()),
            ] {
                dict.set_item(key, value)?;
            }
            Ok(dict)
        };
        kernels.into_iter().map(dict).collect()
    }

    fn __repr__(this: &Bound<'_, Self>) -> PyResult<String> {
        let kernel = this.get().kernel_name()?;
        Ok(format!("<sepconv.{} {kernel} ({})>", this.get_type().name()?, this.get().layout()))
    }

    /// Spec and weights: what unpickles packs them for the CPU that it is on.
    fn __reduce__<'py>(this: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Rebuild<'py>)> {
        let rebuild = this.py().import("copyreg")?.getattr("__newobj_ex__")?;
        let prepared = &this.get().0;
        let kwargs = PyDict::new(this.py());
        prepared.recipe.arguments(&kwargs)?;
        kwargs.set_item("layout", prepared.axes.name())?;
        kwargs.set_item("isa", prepared.forced.map(|isa| isa.name()))?;
        Ok((rebuild, (this.get_type(), PyTuple::empty(this.py()), kwargs)))
    }
}

impl Operator {
    /// A class of its own for a recipe, with the weights packed.
    pub fn extended<T>(
        class: T,
        recipe: Box<dyn Recipe>,
        layout: Axes,
        isa: Option<&str>,
    ) -> PyResult<PyClassInitializer<T>>
    where
        T: PyClass<BaseType = Self>,
    {
        let prepared = Prepared::packed(recipe, layout, args::isa(isa)?)?;
        Ok(PyClassInitializer::from(Self(prepared)).add_subclass(class))
    }
}
