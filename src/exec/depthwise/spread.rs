//! Copies of HWC input rows for maps whose pixels compete for the same few sets of the first-level cache.
//!
//! Where a pixel's channels take a multiple of 1 or 2 KiB, the lines that one tile reads for one vector of channels all fall
//! into a few sets and push each other out before their other half, or the next row's tile, is read. A block of channels is
//! then copied to pixels an odd number of cache lines apart, row by row, just before it is needed.

use crate::exec::run::image::Image;
use crate::exec::run::map::Source;
use crate::exec::run::scratch::Scratch;
use crate::isa::CacheSizes;
use crate::layout::{Shape, Strides};
use crate::plan::blocking::{self, Spread};
use core::ops::Range;
use sepconv_kernels::buffer::LINE;
use sepconv_kernels::copy_rows::RowArgs;
use sepconv_kernels::registry::{CopyRows, Kernel};

/// Copies rows so that their pixels are apart.
pub(crate) struct Spreader {
    copy: &'static Kernel<CopyRows>,
    caches: CacheSizes,
}

impl Spreader {
    pub(crate) const fn new(copy: &'static Kernel<CopyRows>, caches: CacheSizes) -> Self {
        Self { copy, caches }
    }

    /// Elements of scratch that spreading may use for a map of this size.
    pub(crate) fn scratch_len(&self, input: Shape) -> usize {
        let map = input.h.saturating_mul(input.w).saturating_mul(blocking::SPREAD_CHANNELS + LINE);
        map.min(blocking::spread_capacity(self.caches)).next_multiple_of(LINE)
    }

    /// None of the rows of an image, yet, for the channels `channels`.
    pub(crate) fn rows<'a>(
        &self,
        image: &'a Image,
        channels: Range<usize>,
        spread: Spread,
        scratch: Scratch,
    ) -> SpreadRows<'a> {
        SpreadRows { copy: self.copy, image, channels, spread, memory: scratch.ptr, held: 0..0 }
    }
}

/// Spread rows in scratch, and how they lie there.
pub(crate) struct SpreadRows<'a> {
    copy: &'static Kernel<CopyRows>,
    image: &'a Image,
    channels: Range<usize>,
    spread: Spread,
    memory: *mut f32,
    /// Input rows that are in memory.
    held: Range<usize>,
}

impl SpreadRows<'_> {
    /// Starts anew with the rows that output rows `outputs` read; returns the map to read them from.
    pub(crate) fn start(&mut self, outputs: &Range<usize>) -> Source {
        let needed = self.needed(outputs);
        self.held = needed.start..needed.start;
        let origin = needed.start * self.spread.row_pitch + self.channels.start;
        let strides = Strides { c: 1, h: self.spread.row_pitch, w: self.spread.pixel_pitch, n: 0 };
        Source { ptr: self.memory.wrapping_sub(origin), shape: self.image.source.shape, strides }
    }

    /// Copies what output rows `outputs` read beyond what is held already.
    pub(crate) fn hold(&mut self, outputs: &Range<usize>) {
        let needed = self.needed(outputs);
        let first = self.held.end.max(needed.start);
        let origin = self.held.start;
        for y in first..needed.end {
            let source = &self.image.source;
            let args = RowArgs {
                from: source.at(self.channels.start, y as isize, 0),
                row_step: source.strides.w,
                rows: self.image.columns.input,
                available: self.channels.len(),
                start: 0,
                stride: 1,
                step: 1,
                group: 1,
                to: self.memory.wrapping_add((y - origin) * self.spread.row_pitch),
                to_step: self.spread.pixel_pitch,
                len: self.channels.len(),
                pad: false,
                odd: core::ptr::null_mut(),
            };
            // SAFETY: the operator's ISA was checked when it was made; row `y` is inside the map, and the scratch has room
            // for the rows that a fill of outputs reads (`blocking::spread` counted them).
            unsafe { (self.copy.run)(&args) }
        }
        self.held.end = self.held.end.max(needed.end);
    }

    /// Input rows inside the map that these output rows read.
    fn needed(&self, outputs: &Range<usize>) -> Range<usize> {
        let rows = &self.image.rows;
        let start = rows.start(outputs.start);
        let [first, end] = rows.inside(start, outputs.len());
        let at = |offset: usize| (start + offset as isize).max(0) as usize;
        if first < end { at(first)..at(end) } else { 0..0 }
    }
}
