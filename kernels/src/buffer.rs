//! Memory aligned to cache lines: packed weights, and the workspaces of runs.
//!
//! Invariant: it starts at a multiple of 64 bytes and all of it is initialised.

/// One cache line of floats; a vector of these is aligned as the widest vector load likes it.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

// SAFETY: an array of floats, valid when all bits are zero.
unsafe impl bytemuck::Zeroable for Line {}
// SAFETY: 16 floats fill the 64 bytes of the type, so it has no padding, and any bits are valid floats.
unsafe impl bytemuck::Pod for Line {}

/// Floats in a cache line.
pub const LINE: usize = 16;

/// A fixed-size buffer of floats aligned to 64 bytes.
#[derive(Clone)]
pub struct AlignedBuffer {
    lines: Vec<Line>,
}

impl AlignedBuffer {
    /// What its first byte is aligned to, in bytes: a cache line.
    pub const ALIGNMENT: usize = align_of::<Line>();

    /// `len` zeros, rounded up to whole cache lines.
    pub fn zeroed(len: usize) -> Self {
        Self { lines: bytemuck::allocation::zeroed_vec(len.div_ceil(LINE)) }
    }

    /// All of it.
    #[inline]
    pub fn as_slice(&self) -> &[f32] {
        bytemuck::cast_slice(&self.lines)
    }

    /// All of it.
    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(&mut self.lines)
    }
}
