//! Maps as raw pointers with dims and strides: what loop nests hand to kernels, from several threads at once.
//!
//! Made only from checked tensors or from scratch of checked size, so every element inside the dims is inside its slice.

use crate::error::{Error, Result};
use crate::layout::{Layout, Shape, Strides};
use crate::tensor::{TensorMut, TensorRef, check_layout};

/// A map to read.
#[derive(Clone, Copy)]
pub(crate) struct Source {
    pub ptr: *const f32,
    pub shape: Shape,
    pub strides: Strides,
}

/// A map to write.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    pub ptr: *mut f32,
    pub shape: Shape,
    pub strides: Strides,
}

// SAFETY: a `Source` is only read during a run, which holds the borrow of the tensor (or scratch) behind it.
unsafe impl Send for Source {}
// SAFETY: as above.
unsafe impl Sync for Source {}
// SAFETY: the tasks of a run write disjoint parts of a `Target`, whose tensor (or scratch) the run borrows exclusively.
unsafe impl Send for Target {}
// SAFETY: as above.
unsafe impl Sync for Target {}

impl Source {
    /// Image `n` of the batch.
    #[inline(always)]
    pub(crate) fn image(&self, n: usize) -> Self {
        let shape = Shape { n: 1, ..self.shape };
        Self { ptr: self.ptr.wrapping_add(n * self.strides.n), shape, ..*self }
    }

    /// Where `(c, y, x)` is; outside the map if `y` or `x` is, never to be read there.
    pub(crate) fn at(&self, c: usize, y: isize, x: isize) -> *const f32 {
        let offset = y.wrapping_mul(self.strides.h as isize).wrapping_add(x.wrapping_mul(self.strides.w as isize));
        self.ptr.wrapping_add(c.wrapping_mul(self.strides.c)).wrapping_offset(offset)
    }
}

impl Target {
    /// Image `n` of the batch.
    pub(crate) fn image(&self, n: usize) -> Self {
        let shape = Shape { n: 1, ..self.shape };
        Self { ptr: self.ptr.wrapping_add(n * self.strides.n), shape, ..*self }
    }

    /// Where `(c, y, x)` is.
    pub(crate) fn at(&self, c: usize, y: usize, x: usize) -> *mut f32 {
        self.ptr.wrapping_add(c * self.strides.c + y * self.strides.h + x * self.strides.w)
    }

    /// The same memory, to be read.
    pub(crate) const fn as_source(&self) -> Source {
        Source { ptr: self.ptr, shape: self.shape, strides: self.strides }
    }
}

/// Checks input and output of a run against its operator and takes their pointers.
#[inline(always)]
pub(crate) fn open(
    layout: Layout,
    expected: Shape,
    input: &TensorRef<'_>,
    output: &mut TensorMut<'_>,
) -> Result<(Source, Target)> {
    let actual = output.shape();
    if actual != expected {
        return Err(Error::ShapeMismatch { what: "the output", expected, actual });
    }
    check_layout(layout, input.shape(), input.strides())?;
    check_layout(layout, output.shape(), output.strides())?;
    let source =
        Source { ptr: input.as_ptr(), shape: input.shape(), strides: walkable(input.shape(), input.strides()) };
    let strides = walkable(output.shape(), output.strides());
    Ok((source, Target { ptr: output.as_mut_ptr(), shape: output.shape(), strides }))
}

/// The strides with those of axes of one element, which nobody walks, set to 1: their products cannot overflow then.
#[inline(always)]
fn walkable(shape: Shape, strides: Strides) -> Strides {
    let one = |size: usize, stride: usize| if size > 1 { stride } else { 1 };
    Strides {
        n: one(shape.n, strides.n),
        c: one(shape.c, strides.c),
        h: one(shape.h, strides.h),
        w: one(shape.w, strides.w),
    }
}
