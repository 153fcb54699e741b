//! Maps as raw pointers with dims and strides: what loop nests hand to kernels, from several threads at once.
//!
//! Made only from checked tensors or from scratch of checked size, so every element inside the dims is inside its slice.

use crate::error::{Error, Result};
use crate::layout::{Layout, Shape, Strides};
use crate::tensor::{TensorMut, TensorRef, check_layout};
use sepconv_kernels::buffer::LINE;

/// A map to read.
#[derive(Clone, Copy)]
pub(super) struct Source {
    pub ptr: *const f32,
    pub shape: Shape,
    pub strides: Strides,
}

/// A map to write.
#[derive(Clone, Copy)]
pub(super) struct Target {
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
    pub(super) fn image(&self, n: usize) -> Self {
        let shape = Shape { n: 1, ..self.shape };
        Self { ptr: self.ptr.wrapping_add(n * self.strides.n), shape, ..*self }
    }

    /// Where `(c, y, x)` is; outside the map if `y` or `x` is, never to be read there.
    pub(super) fn at(&self, c: usize, y: isize, x: isize) -> *const f32 {
        let offset = y.wrapping_mul(self.strides.h as isize).wrapping_add(x.wrapping_mul(self.strides.w as isize));
        self.ptr.wrapping_add(c.wrapping_mul(self.strides.c)).wrapping_offset(offset)
    }
}

impl Target {
    /// Image `n` of the batch.
    pub(super) fn image(&self, n: usize) -> Self {
        let shape = Shape { n: 1, ..self.shape };
        Self { ptr: self.ptr.wrapping_add(n * self.strides.n), shape, ..*self }
    }

    /// Where `(c, y, x)` is.
    pub(super) fn at(&self, c: usize, y: usize, x: usize) -> *mut f32 {
        self.ptr.wrapping_add(c * self.strides.c + y * self.strides.h + x * self.strides.w)
    }

    /// The same memory, to be read.
    pub(super) const fn as_source(&self) -> Source {
        Source { ptr: self.ptr, shape: self.shape, strides: self.strides }
    }

    /// A map in scratch, of which row 0 is output row `first_row`.
    pub(super) fn in_scratch(scratch: *mut f32, shape: Shape, strides: Strides, first_row: usize) -> Self {
        Self { ptr: scratch.wrapping_sub(first_row * strides.h), shape, strides }
    }
}

/// Strides of a map in scratch: without gaps, but for those that keep neighbouring pixels (HWC) out of each other's cache sets.
pub(super) fn scratch_strides(shape: Shape, layout: Layout) -> Strides {
    let mut strides = Strides::contiguous(shape, layout);
    if layout == Layout::Hwc && shape.c.is_multiple_of(256) {
        strides.w = shape.c + LINE;
        strides.h = shape.w * strides.w;
        strides.n = shape.h * strides.h;
    }
    strides
}

/// Elements that a map of these strides reaches over.
pub(super) fn scratch_extent(shape: Shape, strides: Strides) -> Option<usize> {
    let step = |size: usize, stride: usize| size.checked_sub(1)?.checked_mul(stride);
    let reach = step(shape.c, strides.c)?.checked_add(step(shape.h, strides.h)?)?;
    reach.checked_add(step(shape.w, strides.w)?)?.checked_add(1)?.checked_next_multiple_of(LINE)
}

/// Checks input and output of a run against its operator and takes their pointers.
#[inline(always)]
pub(super) fn open(
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
