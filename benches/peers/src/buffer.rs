//! Tensors whose first element stands at a cache line, as frameworks allocate theirs.

use bytemuck::{Pod, Zeroable, cast_slice, cast_slice_mut};

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// So many floats.
#[derive(Debug, Default)]
pub struct Buffer {
    lines: Vec<Line>,
    len: usize,
}

impl Buffer {
    /// All NaN, so that an element that nobody writes is found out.
    pub fn new(len: usize) -> Self {
        Self { lines: vec![Line([f32::NAN; 16]); len.div_ceil(16)], len }
    }

    /// The elements.
    pub fn as_slice(&self) -> &[f32] {
        &cast_slice(&self.lines)[..self.len]
    }

    /// The elements, to be written.
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut cast_slice_mut(&mut self.lines)[..self.len]
    }
}
