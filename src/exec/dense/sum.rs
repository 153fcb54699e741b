//! Which products of a sum a call adds: a chain whose stages take turns adds them block by block of input channels.

use crate::exec::run::map::Source;
use core::ops::Range;

/// What a call adds to the sums of a pointwise convolution at stride 1.
#[derive(Clone)]
pub(crate) struct Sum {
    /// Input channels whose products are added.
    pub channels: Range<usize>,
    /// Whether sums start at the bias; else the output holds them so far.
    pub begins: bool,
    /// Whether they are complete after this: then activation and residual follow; else they are left in the output for the next call.
    pub ends: bool,
    /// What is added behind the activation: a map of the output's shape.
    pub residual: Option<Source>,
}

impl Sum {
    /// All products, and a residual if there is one.
    pub(crate) const fn all(in_channels: usize, residual: Option<Source>) -> Self {
        Self { channels: 0..in_channels, begins: true, ends: true, residual }
    }

    /// For output pixel `(y, x)` and those after it; `along_pixels` if the product's rows are pixels.
    pub(crate) fn at(&self, y: usize, x: usize, along_pixels: bool) -> SumAt {
        let (begins, ends) = (self.begins, self.ends);
        match &self.residual {
            Some(map) => {
                let residual_step = if along_pixels { map.strides.w } else { map.strides.c };
                SumAt { begins, ends, residual: map.at(0, y as isize, x as isize), residual_step }
            }
            None => SumAt { begins, ends, ..SumAt::ALL },
        }
    }

    /// Whether the rows of the residual follow each other without gaps, `row` elements each.
    pub(crate) fn is_flat(&self, row: usize) -> bool {
        self.residual.is_none_or(|map| map.strides.h == row)
    }
}

/// A [`Sum`] as one call of the kernels takes it: from some pixel on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SumAt {
    pub begins: bool,
    pub ends: bool,
    /// What is added to output 0 of pixel 0, or null, and the elements from pixel to pixel (HWC) or channel to channel (CHW).
    pub residual: *const f32,
    /// See `residual`.
    pub residual_step: usize,
}

impl SumAt {
    /// All products, nothing added.
    pub(crate) const ALL: Self = Self { begins: true, ends: true, residual: core::ptr::null(), residual_step: 0 };

    /// Where the residual is, so many elements further; null if there is none.
    pub(crate) const fn residual_at(&self, offset: usize) -> *const f32 {
        if self.residual.is_null() { self.residual } else { self.residual.wrapping_add(offset) }
    }
}
