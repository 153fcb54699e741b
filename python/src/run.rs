//! A run: input and output as slices, a workspace that the thread keeps, the interpreter let go meanwhile.

use crate::args::{self, Axes, Count};
use crate::array::{self, Input};
use crate::error::to_python;
use crate::prepared::Prepared;
use crate::recipe::Recipe;
use crate::threads::Threads;
use numpy::ndarray::IxDyn;
use numpy::{PyArrayDyn, PyArrayMethods, PyReadwriteArrayDyn, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use sepconv::{Error, Layout, Operator, Shape, TensorMut, TensorRef, Workspace};
use std::cell::RefCell;

/// Elements of workspace that a thread keeps between runs: 16 MiB. Larger ones are freed after the run.
const KEPT: usize = 4 << 20;

thread_local! {
    static WORKSPACE: RefCell<Workspace> = RefCell::new(Workspace::new(0));
}

/// Runs on `input` into `out`, or into a new array in the memory layout of the input; returns the array written.
pub fn run<'py>(
    prepared: &Prepared,
    input: &Input<'py>,
    out: Option<&Bound<'py, PyAny>>,
    threads: Option<Count>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = input.array.py();
    let axes = prepared.axes;
    let threads = Threads::new(py, threads.map(|threads| threads.0))?;
    let shape = prepared.recipe.output_shape(input.shape).map_err(to_python)?;
    let (layout, target, result) = match out {
        Some(out) => given(out, input, shape, axes)?,
        None => new(py, input, shape, axes)?,
    };
    compute(py, prepared.operator(layout)?, layout, axes, input, target, shape, &threads)?;
    Ok(result)
}

/// Packs, runs, forgets.
pub fn once<'py>(
    recipe: Box<dyn Recipe>,
    input: &Input<'py>,
    axes: Axes,
    isa: Option<&str>,
    out: Option<&Bound<'py, PyAny>>,
    threads: Option<Count>,
) -> PyResult<Bound<'py, PyAny>> {
    run(&Prepared::new(recipe, axes, args::isa(isa)?)?, input, out, threads)
}

type Target<'py> = (Layout, PyReadwriteArrayDyn<'py, f32>, Bound<'py, PyAny>);

/// A new array; where the input's memory order is not that of its axes, so is the output's.
fn new<'py>(py: Python<'py>, input: &Input<'py>, shape: Shape, axes: Axes) -> PyResult<Target<'py>> {
    let layout = if input.layouts[index(axes.0)] { axes.0 } else { other(axes.0) };
    let dims = match layout {
        Layout::Chw => [shape.n, shape.c, shape.h, shape.w],
        Layout::Hwc => [shape.n, shape.h, shape.w, shape.c],
    };
    let dims = if input.batched { &dims } else { &dims[1..] };
    let mut array = PyArrayDyn::<f32>::zeros(py, IxDyn(dims), false);
    if layout != axes.0 {
        // From memory order back to the order of the axes.
        let order = array::memory_order(Axes(layout), axes.0, input.batched);
        array = array.permute(Some(order.to_vec()))?;
    }
    Ok((layout, writable(&array)?, array.into_any()))
}

/// The caller's array, which has to be memory that the operator can write in place.
fn given<'py>(out: &Bound<'py, PyAny>, input: &Input<'py>, shape: Shape, axes: Axes) -> PyResult<Target<'py>> {
    let array = array::floats(out, format_args!("out"))?;
    let (actual, batched) = array::shape_of(array.shape(), axes, "out")?;
    if actual != shape || batched != input.batched {
        return Err(PyValueError::new_err(format!("out has shape {:?}; the result is {shape}", array.shape())));
    }
    let possible = [axes.0, other(axes.0)]
        .into_iter()
        .find(|&layout| input.layouts[index(layout)] && array::is_in(&array, axes, layout, batched));
    let layout = possible.ok_or_else(|| {
        PyValueError::new_err(format!(
            "out has strides {:?} (bytes): it must be without gaps, in the memory order of the input",
            array.strides()
        ))
    })?;
    let written = array::addresses(&array);
    if written.start < input.addresses.end && input.addresses.start < written.end {
        return Err(PyValueError::new_err("out shares memory with the input"));
    }
    Ok((layout, writable(&array)?, out.clone()))
}

fn writable<'py>(array: &Bound<'py, PyArrayDyn<f32>>) -> PyResult<PyReadwriteArrayDyn<'py, f32>> {
    array.try_readwrite().map_err(|error| PyValueError::new_err(format!("out: {error}")))
}

#[allow(clippy::too_many_arguments)] // a run has that many
fn compute(
    py: Python<'_>,
    operator: &dyn Operator,
    layout: Layout,
    axes: Axes,
    input: &Input<'_>,
    mut target: PyReadwriteArrayDyn<'_, f32>,
    shape: Shape,
    threads: &Threads,
) -> PyResult<()> {
    let order = IxDyn(array::memory_order(axes, layout, input.batched));
    let gaps = || PyValueError::new_err("an array has gaps where it was said to have none");
    let source = match layout == axes.0 {
        true => input.array.as_slice().ok(),
        false => input.array.as_array().permuted_axes(order.clone()).to_slice(),
    };
    let target = match layout == axes.0 {
        true => target.as_slice_mut().ok(),
        false => target.as_array_mut().permuted_axes(order).into_slice(),
    };
    let (source, target) = (source.ok_or_else(gaps)?, target.ok_or_else(gaps)?);
    let (input_shape, executor) = (input.shape, threads.executor());
    py.detach(|| {
        let source = TensorRef::new(source, input_shape, layout)?;
        let mut target = TensorMut::new(target, shape, layout)?;
        let mut run = |workspace: &mut Workspace| operator.run(&source, &mut target, workspace, executor);
        WORKSPACE.with_borrow_mut(|kept| match run(kept) {
            // Nothing has been written. To try is cheaper than to ask first, where the workspace has long been large enough.
            Err(Error::WorkspaceTooSmall { needed, .. }) if needed > KEPT => run(&mut Workspace::new(needed)),
            Err(Error::WorkspaceTooSmall { needed, .. }) => {
                kept.reserve(needed);
                run(kept)
            }
            done => done,
        })
    })
    .map_err(to_python)
}

const fn other(layout: Layout) -> Layout {
    match layout {
        Layout::Chw => Layout::Hwc,
        Layout::Hwc => Layout::Chw,
    }
}

fn index(layout: Layout) -> usize {
    usize::from(layout == Layout::Hwc)
}
