//! The caller's workspace: memory aligned to cache lines.
//!
//! Invariant: the aligned part starts at a multiple of 64 bytes and all of it is initialised.

use crate::error::{Error, Result};
use sepconv_kernels::buffer::AlignedBuffer;

/// Scratch memory that a run uses and that the caller keeps between runs, so that running allocates nothing.
///
/// Its contents do not influence results. One workspace serves one run at a time; make one per thread that calls `run`.
pub struct Workspace {
    memory: Memory,
}

enum Memory {
    Owned(AlignedBuffer),
    /// Memory of a caller in another language, lent for as long as the workspace lives.
    Lent(&'static mut [f32]),
}

impl Workspace {
    /// Alignment in bytes of the memory that [`Workspace::from_raw_parts`] takes: a cache line.
    pub const ALIGNMENT: usize = AlignedBuffer::ALIGNMENT;

    /// A workspace of `len` elements, as the operator's `workspace_len` says.
    pub fn new(len: usize) -> Self {
        Self { memory: Memory::Owned(AlignedBuffer::zeroed(len)) }
    }

    /// A workspace in memory of the caller's, for callers in other languages. It is not freed; what it holds does not matter.
    ///
    /// # Safety
    ///
    /// As long as the workspace lives, `data` is valid for reads and writes of `len` elements and nobody else touches them.
    /// `data` is not null, and a multiple of [`Workspace::ALIGNMENT`]; `len` is at most `isize::MAX` bytes.
    pub unsafe fn from_raw_parts(data: *mut f32, len: usize) -> Self {
        debug_assert!(data.addr().is_multiple_of(Self::ALIGNMENT));
        // SAFETY: the caller promises what a slice needs, for the life of the workspace, which does not hand it out for longer.
        Self { memory: Memory::Lent(unsafe { core::slice::from_raw_parts_mut(data, len) }) }
    }

    /// Elements that a run can use.
    pub fn capacity(&self) -> usize {
        match &self.memory {
            Memory::Owned(buffer) => buffer.as_slice().len(),
            Memory::Lent(slice) => slice.len(),
        }
    }

    /// Grows to `len` elements of its own if it is smaller. Apart from [`Workspace::new`], only this method allocates.
    pub fn reserve(&mut self, len: usize) {
        if self.capacity() < len {
            *self = Self::new(len);
        }
    }

    /// The memory for a run, which needs `needed` elements.
    pub(crate) fn get(&mut self, needed: usize) -> Result<&mut [f32]> {
        let slice = match &mut self.memory {
            Memory::Owned(buffer) => buffer.as_mut_slice(),
            Memory::Lent(slice) => slice,
        };
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
