//! NumPy arrays, and what speaks DLPack, as slices: in place where the memory is one of the layouts, copied once otherwise.

use crate::args::Axes;
use core::fmt::Arguments;
use numpy::{PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyBufferError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use sepconv::{Layout, Shape};

/// A float32 array that shares the memory of `value`: an array itself, or something with `__dlpack__` on the CPU.
pub fn floats<'py>(value: &Bound<'py, PyAny>, name: Arguments<'_>) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
    if let Ok(array) = value.cast::<PyArrayDyn<f32>>() {
        return Ok(array.clone());
    }
    let array = match value.cast::<PyUntypedArray>() {
        Ok(array) => array.clone().into_any(),
        Err(_) => from_dlpack(value, name)?,
    };
    array.cast_into::<PyArrayDyn<f32>>().map_err(|error| {
        let found =
            error.into_inner().getattr("dtype").map_or_else(|_| "another one".to_owned(), |found| found.to_string());
        PyTypeError::new_err(format!("{name} must have dtype float32, got {found}"))
    })
}

fn from_dlpack<'py>(value: &Bound<'py, PyAny>, name: Arguments<'_>) -> PyResult<Bound<'py, PyAny>> {
    static FROM_DLPACK: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = value.py();
    if !value.hasattr("__dlpack__")? {
        let found = value.get_type();
        return Err(PyTypeError::new_err(format!("{name} must be an array or support DLPack, got {found}")));
    }
    FROM_DLPACK.import(py, "numpy", "from_dlpack")?.call1((value,)).map_err(|error| {
        // What the producer or NumPy refuses: memory of a GPU, tensors that record gradients, dtypes that NumPy does not have.
        if !error.is_instance_of::<PyBufferError>(py) && !error.is_instance_of::<PyRuntimeError>(py) {
            return error;
        }
        let refused = PyTypeError::new_err(format!("{name} cannot be read through DLPack: {}", error.value(py)));
        refused.set_cause(py, Some(error));
        refused
    })
}

/// All elements in C order, and the array that they came in.
pub fn to_vec<'py>(
    value: &Bound<'py, PyAny>,
    name: Arguments<'_>,
) -> PyResult<(Vec<f32>, Bound<'py, PyArrayDyn<f32>>)> {
    let array = floats(value, name)?;
    let in_order = if array.is_c_contiguous() && array.is_aligned() { array.clone() } else { copied(&array)? };
    let view = in_order.try_readonly().map_err(|error| PyValueError::new_err(format!("{name}: {error}")))?;
    Ok((view.as_slice()?.to_vec(), array))
}

/// A copy of its own, in C order.
fn copied<'py>(array: &Bound<'py, PyArrayDyn<f32>>) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
    Ok(array.call_method1("copy", ("C",))?.cast_into::<PyArrayDyn<f32>>()?)
}

/// Sizes of the batch, and whether the array has a batch axis.
pub fn shape_of(shape: &[usize], axes: Axes, name: &str) -> PyResult<(Shape, bool)> {
    let (n, rest, batched) = match *shape {
        [n, a, b, c] => (n, [a, b, c], true),
        [a, b, c] => (1, [a, b, c], false),
        _ => {
            let message = format!("{name} has {} axes; {} has 4, or 3 without the batch", shape.len(), axes.name());
            return Err(PyValueError::new_err(message));
        }
    };
    let (c, h, w) = match (axes.0, rest) {
        (Layout::Chw, [c, h, w]) | (Layout::Hwc, [h, w, c]) => (c, h, w),
    };
    Ok((Shape::new(n, c, h, w), batched))
}

/// The array's axes in the order in which they stand in memory of this layout.
pub const fn memory_order(axes: Axes, layout: Layout, batched: bool) -> &'static [usize] {
    match (axes.0, layout, batched) {
        (Layout::Chw, Layout::Hwc, true) => &[0, 2, 3, 1],
        (Layout::Hwc, Layout::Chw, true) => &[0, 3, 1, 2],
        (_, _, true) => &[0, 1, 2, 3],
        (Layout::Chw, Layout::Hwc, false) => &[1, 2, 0],
        (Layout::Hwc, Layout::Chw, false) => &[2, 0, 1],
        (_, _, false) => &[0, 1, 2],
    }
}

/// Whether the array is memory of this layout without gaps. Both may be, where axes have one element.
pub fn is_in(array: &Bound<'_, PyArrayDyn<f32>>, axes: Axes, layout: Layout, batched: bool) -> bool {
    if !array.is_aligned() {
        return false;
    }
    if axes.0 == layout {
        return array.is_c_contiguous();
    }
    let (shape, strides) = (array.shape(), array.strides());
    let mut expected = size_of::<f32>() as isize;
    memory_order(axes, layout, batched).iter().rev().all(|&axis| {
        let fits = shape[axis] <= 1 || strides[axis] == expected;
        expected = expected.saturating_mul(shape[axis] as isize);
        fits
    })
}

/// An input: the array, or a copy of it, that can be read in place, and the layouts in which that is possible.
pub struct Input<'py> {
    pub array: PyReadonlyArrayDyn<'py, f32>,
    pub shape: Shape,
    pub batched: bool,
    /// Whether it can be read as (CHW, HWC).
    pub layouts: [bool; 2],
    pub addresses: core::ops::Range<usize>,
}

impl<'py> Input<'py> {
    pub fn new(value: &Bound<'py, PyAny>, axes: Axes) -> PyResult<Self> {
        let mut array = floats(value, format_args!("the input"))?;
        let (shape, batched) = shape_of(array.shape(), axes, "the input")?;
        let layouts = |array: &Bound<'py, PyArrayDyn<f32>>| {
            [Layout::Chw, Layout::Hwc].map(|layout| is_in(array, axes, layout, batched))
        };
        let mut possible = layouts(&array);
        if possible == [false; 2] {
            array = copied(&array)?;
            possible = layouts(&array);
        }
        let addresses = addresses(&array);
        let array = array.try_readonly().map_err(|error| PyValueError::new_err(format!("the input: {error}")))?;
        Ok(Self { array, shape, batched, layouts: possible, addresses })
    }
}

/// The bytes of an array without gaps.
pub fn addresses(array: &Bound<'_, PyArrayDyn<f32>>) -> core::ops::Range<usize> {
    let start = array.data().addr();
    start..start + array.len() * size_of::<f32>()
}
