//! Scratch memory: how a workspace is shared by threads, and maps that lie in it.

use super::map::Target;
use crate::layout::{Layout, Shape, Strides};
use sepconv_kernels::buffer::LINE;

/// Scratch of one thread, as a pointer and its length.
#[derive(Clone, Copy)]
pub(crate) struct Scratch {
    pub ptr: *mut f32,
    pub len: usize,
}

impl Scratch {
    /// What is left behind the first `used` elements.
    pub(crate) const fn behind(self, used: usize) -> Self {
        Self { ptr: self.ptr.wrapping_add(used), len: self.len - used }
    }
}

/// Elements of workspace for so many threads with so much scratch each.
pub(crate) fn workspace_len(threads: usize, each: usize) -> Option<usize> {
    each.checked_next_multiple_of(LINE)?.checked_mul(threads.max(1))
}

/// How a map between stages, or what of it is there at a time, lies in scratch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScratchMap {
    pub shape: Shape,
    pub strides: Strides,
    /// Elements that it takes.
    pub len: usize,
}

impl ScratchMap {
    /// `None` if it has too many elements.
    pub(crate) fn new(shape: Shape, layout: Layout) -> Option<Self> {
        let strides = strides(shape, layout);
        Some(Self { shape, strides, len: reach(shape, strides)? })
    }

    /// A map of shape `whole` at `ptr`, of which these rows and channels are there: its row `first_row` and channel `first_channel` are
    /// the first ones in scratch.
    pub(crate) fn at(&self, ptr: *mut f32, whole: Shape, first_row: usize, first_channel: usize) -> Target {
        let origin = first_row * self.strides.h + first_channel * self.strides.c;
        Target { ptr: ptr.wrapping_sub(origin), shape: whole, strides: self.strides }
    }
}

/// Strides of a map in scratch: without gaps, but for those that keep neighbouring pixels (HWC) out of each other's cache sets.
fn strides(shape: Shape, layout: Layout) -> Strides {
    let mut strides = Strides::contiguous(shape, layout);
    if layout == Layout::Hwc && shape.c.is_multiple_of(256) {
        strides.w = shape.c + LINE;
        strides.h = shape.w * strides.w;
        strides.n = shape.h * strides.h;
    }
    strides
}

/// Elements that a map of these strides reaches over.
fn reach(shape: Shape, strides: Strides) -> Option<usize> {
    let step = |size: usize, stride: usize| size.checked_sub(1)?.checked_mul(stride);
    let reach = step(shape.c, strides.c)?.checked_add(step(shape.h, strides.h)?)?;
    reach.checked_add(step(shape.w, strides.w)?)?.checked_add(1)?.checked_next_multiple_of(LINE)
}
