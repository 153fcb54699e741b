//! Memory aligned to cache lines: packed weights and the caller's workspace.
//!
//! Invariant: the aligned part starts at a multiple of 64 bytes and all of it is initialised.

use crate::error::{Error, Result};

/// One cache line of floats; a vector of these is aligned as the widest vector load likes it.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

// SAFETY: an array of floats, valid when all bits are zero.
unsafe impl bytemuck::Zeroable for Line {}
// SAFETY: 16 floats fill the 64 bytes of the type, so it has no padding, and any bits are valid floats.
unsafe impl bytemuck::Pod for Line {}

/// Floats in a cache line.
pub(crate) const LINE: usize = 16;

/// A fixed-size buffer of floats aligned to 64 bytes.
#[derive(Clone)]
pub(crate) struct AlignedBuffer {
    lines: Vec<Line>,
}

impl AlignedBuffer {
    /// `len` zeros, rounded up to whole cache lines.
    pub(crate) fn zeroed(len: usize) -> Self {
        Self { lines: bytemuck::allocation::zeroed_vec(len.div_ceil(LINE)) }
    }

    pub(crate) fn as_slice(&self) -> &[f32] {
        bytemuck::cast_slice(&self.lines)
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(&mut self.lines)
    }
}

/// Scratch memory that a run uses and that the caller keeps between runs, so that running allocates nothing.
///
/// Its contents do not influence results. One workspace serves one run at a time; make one per thread that calls `run`.
pub struct Workspace {
    buffer: AlignedBuffer,
}

impl Workspace {
    /// A workspace of `len` elements, as the operator's `workspace_len` says.
    pub fn new(len: usize) -> Self {
        Self { buffer: AlignedBuffer::zeroed(len) }
    }

    /// Elements that a run can use.
    pub fn capacity(&self) -> usize {
        self.buffer.as_slice().len()
    }

    /// Grows to `len` elements if it is smaller. This is the only method that allocates.
    pub fn reserve(&mut self, len: usize) {
        if self.capacity() < len {
            self.buffer = AlignedBuffer::zeroed(len);
        }
    }

    /// The memory for a run, which needs `needed` elements.
    pub(crate) fn get(&mut self, needed: usize) -> Result<&mut [f32]> {
        let slice = self.buffer.as_mut_slice();
        if slice.len() < needed {
            return Err(Error::WorkspaceTooSmall { needed, actual: slice.len() });
        }
        Ok(slice)
    }
}

impl core::fmt::Debug for Workspace {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Workspace").field("capacity", &self.capacity()).finish()
    }
}
