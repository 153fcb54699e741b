//! Borrowed views of maps in the caller's memory: dims and strides explicit, checked once, so that nothing past the slice is ever touched.

#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::layout::{Layout, MAX_ELEMENTS, Shape, Strides};
use core::mem::MaybeUninit;

/// A batch of maps to read.
///
/// Rows, channels and columns of a larger tensor work: give their strides to [`TensorRef::strided`].
#[derive(Debug, Clone, Copy)]
pub struct TensorRef<'a> {
    data: &'a [f32],
    shape: Shape,
    strides: Strides,
}

impl<'a> TensorRef<'a> {
    /// A tensor without gaps; `data` must have exactly `n·c·h·w` elements.
    #[inline]
    pub fn new(data: &'a [f32], shape: Shape, layout: Layout) -> Result<Self> {
        check_exact(data.len(), shape)?;
        Ok(Self { data, shape, strides: Strides::contiguous(shape, layout) })
    }

    /// A tensor whose element `(n, c, y, x)` is `data[n·strides.n + c·strides.c + y·strides.h + x·strides.w]`.
    pub fn strided(data: &'a [f32], shape: Shape, strides: Strides) -> Result<Self> {
        check_strided("the input slice", data.len(), shape, strides)?;
        Ok(Self { data, shape, strides })
    }

    /// Sizes.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Distances between neighbours, in elements.
    pub const fn strides(&self) -> Strides {
        self.strides
    }

    /// The element at `(n, c, y, x)`, which must be inside [`TensorRef::shape`].
    #[inline]
    pub fn at(&self, n: usize, c: usize, y: usize, x: usize) -> f32 {
        self.data[n * self.strides.n + c * self.strides.c + y * self.strides.h + x * self.strides.w]
    }

    pub(crate) const fn as_ptr(&self) -> *const f32 {
        self.data.as_ptr()
    }
}

/// A batch of maps to write. Every element inside the shape is written by a run; the gaps that strides leave are not touched.
#[derive(Debug)]
pub struct TensorMut<'a> {
    data: Memory<'a>,
    shape: Shape,
    strides: Strides,
}

#[derive(Debug)]
enum Memory<'a> {
    Initialised(&'a mut [f32]),
    Uninitialised(&'a mut [MaybeUninit<f32>]),
}

impl<'a> TensorMut<'a> {
    /// A tensor without gaps; `data` must have exactly `n·c·h·w` elements.
    #[inline]
    pub fn new(data: &'a mut [f32], shape: Shape, layout: Layout) -> Result<Self> {
        check_exact(data.len(), shape)?;
        Ok(Self { data: Memory::Initialised(data), shape, strides: Strides::contiguous(shape, layout) })
    }

    /// As [`TensorMut::new`], in memory that need not be initialised: a successful run initialises all of it.
    pub fn uninit(data: &'a mut [MaybeUninit<f32>], shape: Shape, layout: Layout) -> Result<Self> {
        check_exact(data.len(), shape)?;
        Ok(Self { data: Memory::Uninitialised(data), shape, strides: Strides::contiguous(shape, layout) })
    }

    /// A tensor whose element `(n, c, y, x)` is `data[n·strides.n + c·strides.c + y·strides.h + x·strides.w]`.
    pub fn strided(data: &'a mut [f32], shape: Shape, strides: Strides) -> Result<Self> {
        check_strided("the output slice", data.len(), shape, strides)?;
        Ok(Self { data: Memory::Initialised(data), shape, strides })
    }

    /// Sizes.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Distances between neighbours, in elements.
    pub const fn strides(&self) -> Strides {
        self.strides
    }

    pub(crate) const fn as_mut_ptr(&mut self) -> *mut f32 {
        match &mut self.data {
            Memory::Initialised(data) => data.as_mut_ptr(),
            Memory::Uninitialised(data) => data.as_mut_ptr().cast(),
        }
    }
}

/// Whether kernels of this layout can walk these strides.
pub(crate) fn check_layout(layout: Layout, shape: Shape, strides: Strides) -> Result<()> {
    let (axis, size, stride) = match layout {
        Layout::Hwc => ("c", shape.c, strides.c),
        Layout::Chw => ("w", shape.w, strides.w),
    };
    if size > 1 && stride != 1 { Err(Error::NotContiguous { layout, axis, stride }) } else { Ok(()) }
}

fn check_exact(actual: usize, shape: Shape) -> Result<()> {
    let expected = shape.len()?;
    if actual == expected {
        Ok(())
    } else {
        Err(Error::LengthMismatch { what: "the tensor's slice", expected, actual })
    }
}

/// Every axis must step over all that the next inner one reaches, and the last element must be inside the slice.
fn check_strided(what: &'static str, actual: usize, shape: Shape, strides: Strides) -> Result<()> {
    shape.len()?;
    let mut axes =
        [("n", shape.n, strides.n), ("c", shape.c, strides.c), ("h", shape.h, strides.h), ("w", shape.w, strides.w)];
    axes.sort_by_key(|&(_, _, stride)| stride);
    let mut reach = 1usize;
    for (axis, size, stride) in axes.into_iter().filter(|&(_, size, _)| size > 1) {
        if stride < reach {
            return Err(Error::OverlappingStride { axis, stride, minimum: reach });
        }
        let sizes = [size, stride, reach, 0];
        let further = (size - 1).checked_mul(stride).and_then(|v| v.checked_add(reach));
        reach = further.filter(|&v| v <= MAX_ELEMENTS).ok_or(Error::SizeOverflow { what: "a tensor", sizes })?;
    }
    if actual < reach { Err(Error::SliceTooShort { what, needed: reach, actual }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strides_reach_to_the_last_element_and_no_further() {
        let shape = Shape::new(2, 3, 4, 5);
        let strides = Strides { n: 200, c: 1, h: 40, w: 7 };
        let needed = 200 + 2 + 3 * 40 + 4 * 7 + 1;
        assert!(TensorRef::strided(&vec![0.0; needed], shape, strides).is_ok());
        let short = TensorRef::strided(&vec![0.0; needed - 1], shape, strides).unwrap_err();
        assert_eq!(short, Error::SliceTooShort { what: "the input slice", needed, actual: needed - 1 });
    }

    #[test]
    fn overlapping_strides_are_refused() {
        let shape = Shape::new(1, 3, 4, 5);
        let strides = Strides { n: 0, c: 1, h: 14, w: 3 };
        let error = TensorRef::strided(&[0.0; 100], shape, strides).unwrap_err();
        assert_eq!(error, Error::OverlappingStride { axis: "h", stride: 14, minimum: 15 });
    }

    #[test]
    fn strides_of_axes_of_one_do_not_matter() {
        let shape = Shape::new(1, 1, 1, 5);
        let strides = Strides { n: 0, c: 0, h: 0, w: 1 };
        assert!(TensorRef::strided(&[0.0; 5], shape, strides).is_ok());
    }
}
