//! Tensors of the caller's: memory, sizes, strides.

use crate::fields;
use crate::pointer;
use crate::status::{Failure, SepconvStatus, report};
use crate::versioned::Versioned;
use core::ops::Range;
use sepconv::{Layout, Shape, Strides, TensorMut, TensorRef};

/// A batch of maps to read. Element (n, c, y, x) is data[n * strides[0] + c * strides[1] + y * strides[2] + x * strides[3]],
/// whatever the layout; strides count elements. The layout's inner axis (c for NHWC, x for NCHW) has stride 1.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct InputView {
    /// sizeof(sepconv_input).
    pub struct_size: usize,
    /// First element.
    pub data: *const f32,
    /// Elements that may be read from `data` on; nothing beyond them is touched.
    pub len: usize,
    /// Sizes: n, c, h, w.
    pub shape: [usize; 4],
    /// Distances between neighbours in elements: n, c, h, w.
    pub strides: [usize; 4],
}

/// A batch of maps to write; as sepconv_input. Gaps that strides leave are not touched.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct OutputView {
    /// sizeof(sepconv_output).
    pub struct_size: usize,
    /// First element; need not be initialised.
    pub data: *mut f32,
    /// Elements that may be written from `data` on.
    pub len: usize,
    /// Sizes: n, c, h, w.
    pub shape: [usize; 4],
    /// Distances between neighbours in elements: n, c, h, w.
    pub strides: [usize; 4],
}

// SAFETY: `repr(C)`, `struct_size` first, otherwise numbers and nullable pointers.
unsafe impl Versioned for InputView {
    const NAME: &'static str = "sepconv_input";
}
// SAFETY: `repr(C)`, `struct_size` first, otherwise numbers and nullable pointers.
unsafe impl Versioned for OutputView {
    const NAME: &'static str = "sepconv_output";
}

pub(crate) const fn shape([n, c, h, w]: [usize; 4]) -> Shape {
    Shape { n, c, h, w }
}

const fn strides([n, c, h, w]: [usize; 4]) -> Strides {
    Strides { n, c, h, w }
}

impl InputView {
    /// # Safety
    ///
    /// If `data` is neither null nor misaligned, `len` floats from it are readable and nobody writes them during `'a`.
    pub(crate) unsafe fn tensor<'a>(&self) -> Result<TensorRef<'a>, Failure> {
        let len = self.reached();
        // SAFETY: `len` is not above `self.len`; that many floats are readable and nobody writes them: what this function asks for.
        let data = unsafe { pointer::floats(self.data, len, "input.data") }?;
        Ok(TensorRef::strided(data, shape(self.shape), strides(self.strides))?)
    }

    pub(crate) fn addresses(&self) -> Range<usize> {
        addresses(self.data, self.reached())
    }

    fn reached(&self) -> usize {
        reached(self.len, self.shape, self.strides)
    }
}

impl OutputView {
    /// # Safety
    ///
    /// If `data` is neither null nor misaligned, `len` floats from it are writable and nobody else touches them during `'a`.
    pub(crate) unsafe fn tensor<'a>(&self) -> Result<TensorMut<'a>, Failure> {
        let len = self.reached();
        pointer::check_floats(self.data, len, "output.data")?;
        // SAFETY: neither null nor misaligned, and not more bytes than `isize::MAX`, checked above; `len` is not above `self.len`;
        // that many floats are writable and nobody else touches them: what this function asks for. Any bits are a float.
        let data = unsafe { core::slice::from_raw_parts_mut(self.data, len) };
        Ok(TensorMut::strided(data, shape(self.shape), strides(self.strides))?)
    }

    pub(crate) fn addresses(&self) -> Range<usize> {
        addresses(self.data, self.reached())
    }

    fn reached(&self) -> usize {
        reached(self.len, self.shape, self.strides)
    }
}

/// Elements of `len` from the first to the last one that sizes and strides reach: a slice of the caller's memory ends there.
fn reached(len: usize, shape: [usize; 4], strides: [usize; 4]) -> usize {
    let steps = shape.iter().zip(strides).map(|(size, stride)| size.saturating_sub(1).saturating_mul(stride));
    len.min(steps.fold(1, usize::saturating_add))
}

pub(crate) fn addresses<T>(data: *const T, len: usize) -> Range<usize> {
    data.addr()..data.addr().saturating_add(len.saturating_mul(size_of::<T>()))
}

/// Refuses ranges of addresses that have bytes in common.
pub(crate) fn check_apart(first: (&str, &Range<usize>), second: (&str, &Range<usize>)) -> Result<(), Failure> {
    let ((one, a), (other, b)) = (first, second);
    if a.is_empty() || b.is_empty() || a.end <= b.start || b.end <= a.start {
        return Ok(());
    }
    let message = format!("{one} at {:#x}..{:#x} and {other} at {:#x}..{:#x} overlap", a.start, a.end, b.start, b.end);
    Err(Failure::new(SepconvStatus::Overlap, message))
}

/// Writes the strides (n, c, h, w) of a tensor without gaps to `strides[4]`; `layout` is one of sepconv_layout, `shape[4]` is
/// n, c, h, w.
///
/// # Safety
///
/// Four numbers can be read from `shape` and written to `strides`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sepconv_contiguous_strides(
    layout: u32,
    shape: *const usize,
    strides: *mut usize,
) -> SepconvStatus {
    report(|| {
        // SAFETY: four numbers can be read from `shape`, says the header.
        let sizes = *unsafe { pointer::reference(shape.cast::<[usize; 4]>(), "shape") }?;
        self::shape(sizes).len()?;
        let [_, c, h, w] = sizes;
        let values = match fields::layout(layout)? {
            Layout::Hwc => [h * w * c, 1, w * c, c],
            Layout::Chw => [c * h * w, h * w, w, 1],
        };
        // SAFETY: four numbers can be written to `strides`, says the header.
        unsafe { pointer::write(strides.cast::<[usize; 4]>(), values, "strides") }
    })
}
