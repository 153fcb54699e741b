//! Dense convolution, HWC, with padding beside the rows: a few input rows are copied into a strip with zeros there, and all pixels
//! of an output row go through the matrix product at once, whole tiles and no border.
//!
//! ```text
//! for each fill of output rows
//!   copy the input rows that they read     strip: rows × (padding, pixels, padding) × channels
//!   for each of them: all of its pixels, a run of k for each row of taps inside the map
//! ```

use super::product::{Pixels, Product};
use super::runs::Runs;
use crate::exec::run::image::Image;
use crate::exec::run::scratch::Scratch;
use crate::exec::run::window::Axis;
use crate::isa::CacheSizes;
use core::ops::Range;
use sepconv_kernels::copy_rows::RowArgs;
use sepconv_kernels::registry::{CopyRows, Kernel};

/// Makes output rows from strips.
pub(crate) struct Padded {
    in_channels: usize,
    /// Copies rows into strips.
    copy: &'static Kernel<CopyRows>,
    /// Elements that a strip may have: an eighth of the second-level cache.
    capacity: usize,
}

/// Rows of a strip and how far apart they are.
pub(crate) struct Strip {
    /// Positions of a row, padding included.
    width: usize,
    /// Elements of a row.
    pitch: usize,
    /// Output rows made from one filling.
    fill: usize,
    /// Elements of a strip.
    pub len: usize,
}

impl Padded {
    pub(crate) const fn new(in_channels: usize, copy: &'static Kernel<CopyRows>, caches: CacheSizes) -> Self {
        Self { in_channels, copy, capacity: caches.l2 / 8 / size_of::<f32>() }
    }

    /// `None` where rows are better read in place: there is no padding beside them, or a single row of taps would not fit the cache.
    pub(crate) fn strip(&self, rows: Axis, columns: Axis) -> Option<Strip> {
        let span = |axis: Axis| (axis.kernel - 1).checked_mul(axis.dilation)?.checked_add(1);
        let width = (columns.output - 1).checked_mul(columns.stride)?.checked_add(span(columns)?)?;
        if columns.before == 0 && width <= columns.input {
            return None;
        }
        let pitch = width.checked_mul(self.in_channels)?;
        let fitting = self.capacity / pitch;
        let needed = span(rows)?;
        if fitting < needed {
            return None;
        }
        let fill = ((fitting - needed) / rows.stride + 1).min(rows.output);
        Some(Strip { width, pitch, fill, len: ((fill - 1) * rows.stride + needed) * pitch })
    }

    /// Output rows `rows` of the output channels of `panels`.
    pub(crate) fn band(
        &self,
        product: &Product,
        strip: &Strip,
        image: &Image,
        rows: Range<usize>,
        panels: Range<usize>,
        scratch: Scratch,
    ) {
        for first in rows.clone().step_by(strip.fill) {
            let fill = first..(first + strip.fill).min(rows.end);
            let start = image.rows.start(first);
            let inside = image.rows.inside(start, fill.len());
            self.copy(strip, image, start, inside, scratch);
            for oy in fill {
                let (pixels, runs) = self.row(strip, image, oy, start, scratch);
                // SAFETY: the rows of taps of `runs` were copied to the strip, with all positions that the pixels read; the pixels
                // are inside the output map.
                unsafe { product.pixels(&pixels, &runs, panels.clone()) };
            }
        }
    }

    /// Copies the input rows `inside`, counted from `start`, to their places in the strip.
    fn copy(&self, strip: &Strip, image: &Image, start: isize, [first, end]: [usize; 2], scratch: Scratch) {
        debug_assert!(end * strip.pitch <= scratch.len);
        let args = RowArgs {
            from: image.source.at(0, start + first as isize, 0),
            row_step: image.source.strides.h,
            rows: end.saturating_sub(first),
            available: image.columns.input,
            start: image.columns.start(0),
            stride: 1,
            step: self.in_channels,
            group: self.in_channels,
            to: scratch.ptr.wrapping_add(first * strip.pitch),
            to_step: strip.pitch,
            len: strip.width,
            pad: true,
            odd: core::ptr::null_mut(),
        };
        // SAFETY: the operator's ISA was checked when it was made; the rows are inside the map, their pixels without gaps, and
        // the scratch has room for a strip (`Hwc::scratch_len`).
        unsafe { (self.copy.run)(&args) }
    }

    /// The pixels of one output row and the runs of their taps, in a strip that begins with input row `start`.
    fn row(&self, strip: &Strip, image: &Image, oy: usize, start: isize, scratch: Scratch) -> (Pixels, Runs) {
        let (cin, kw, dilation) =
            (self.in_channels, image.columns.kernel, [image.rows.dilation, image.columns.dilation]);
        let y = image.rows.start(oy);
        let [ky, ky_end] = image.rows.taps_inside(y);
        let joined = dilation[1] == 1;
        let runs = Runs {
            segments: if joined { [ky_end - ky, 1] } else { [ky_end - ky, kw] },
            run: if joined { kw * cin } else { cin },
            // A step that overflows is one that nothing takes.
            pixel_steps: [dilation[0].wrapping_mul(strip.pitch), dilation[1].wrapping_mul(cin)],
            weight_steps: [kw * cin, cin],
            weight_start: ky * kw * cin,
        };
        let first_row = ((y - start) as usize).wrapping_add(ky.wrapping_mul(dilation[0]));
        let pixels = Pixels {
            input: scratch.ptr.wrapping_add(first_row.wrapping_mul(strip.pitch)),
            in_step: image.columns.stride.wrapping_mul(cin),
            output: image.target.at(0, oy, 0),
            out_step: image.target.strides.w,
            count: image.columns.output,
            then: 0,
        };
        (pixels, runs)
    }
}
