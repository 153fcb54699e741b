//! Dense convolution, HWC, with padding beside the rows: a few input rows are copied into a strip with zeros there, and all pixels
//! of an output row are one line of the matrix product, whole tiles and no border.
//!
//! ```text
//! for each group of output rows
//!   copy the input rows that they read     strip: rows × (padding, pixels, padding) × channels
//!   for each of them: one line of pixels, a run of k for each row of taps inside the map
//! ```

use super::dense::{DenseImage, DenseStage};
use super::gemm::{Pixels, Runs};
use super::split::Scratch;
use super::window::Axis;
use core::ops::Range;
use sepconv_kernels::copy_rows::RowArgs;
use sepconv_kernels::registry::KernelFn;

/// Rows of a strip and how far apart they are.
pub(super) struct Strip {
    /// Positions of a row, padding included.
    width: usize,
    /// Elements of a row.
    pitch: usize,
    /// Output rows made from one strip.
    group: usize,
    /// Elements of a strip.
    pub len: usize,
}

impl Strip {
    /// `None` where rows are better read in place: there is no padding beside them, it must not meet a weight as zeros, or a
    /// single row of taps would not fit the cache.
    pub(super) fn of(stage: &DenseStage, rows: Axis, columns: Axis) -> Option<Self> {
        let span = |axis: Axis| (axis.kernel - 1).checked_mul(axis.dilation)?.checked_add(1);
        let width = (columns.output - 1).checked_mul(columns.stride)?.checked_add(span(columns)?)?;
        let padded = columns.before > 0 || width > columns.input;
        if stage.exact_padding || !padded || stage.spec.window.kernel == [1, 1] {
            return None;
        }
        let pitch = width.checked_mul(stage.spec.in_channels)?;
        let fitting = stage.caches.l2 / 8 / size_of::<f32>() / pitch;
        let needed = span(rows)?;
        if fitting < needed {
            return None;
        }
        let group = ((fitting - needed) / rows.stride + 1).min(rows.output);
        Some(Self { width, pitch, group, len: ((group - 1) * rows.stride + needed) * pitch })
    }

    /// Output rows `rows` of the output channels of `panels`.
    pub(super) fn band(
        &self,
        stage: &DenseStage,
        image: &DenseImage,
        rows: Range<usize>,
        panels: Range<usize>,
        scratch: Scratch,
    ) {
        for first in rows.clone().step_by(self.group) {
            let group = first..(first + self.group).min(rows.end);
            let start = image.rows.start(first);
            let inside = image.rows.inside(start, group.len());
            self.copy(stage, image, start, inside, scratch);
            for oy in group {
                self.row(stage, image, oy, start, panels.clone(), scratch);
            }
        }
    }

    /// Copies the input rows `inside`, counted from `start`, to their places in the strip.
    fn copy(&self, stage: &DenseStage, image: &DenseImage, start: isize, inside: [usize; 2], scratch: Scratch) {
        let [first, end] = inside;
        debug_assert!(end * self.pitch <= scratch.len);
        let args = RowArgs {
            from: image.source.at(0, start + first as isize, 0),
            row_step: image.source.strides.h,
            rows: end.saturating_sub(first),
            available: image.columns.input,
            start: image.columns.start(0),
            stride: 1,
            step: stage.spec.in_channels,
            group: stage.spec.in_channels,
            to: scratch.ptr.wrapping_add(first * self.pitch),
            to_step: self.pitch,
            len: self.width,
            pad: true,
            odd: core::ptr::null_mut(),
        };
        if let KernelFn::Rows(copy) = stage.copy.run {
            // SAFETY: the operator's ISA was checked when it was made; the rows are inside the map, their pixels without gaps, and
            // the scratch has room for a strip (`scratch_len`).
            unsafe { copy(&args) }
        }
    }

    /// One output row, out of a strip that begins with input row `start`.
    fn row(
        &self,
        stage: &DenseStage,
        image: &DenseImage,
        oy: usize,
        start: isize,
        panels: Range<usize>,
        scratch: Scratch,
    ) {
        let (window, cin) = (&stage.spec.window, stage.spec.in_channels);
        let y = image.rows.start(oy);
        let [ky, ky_end] = image.rows.taps_inside(y);
        let kw = window.kernel[1];
        let joined = window.dilation[1] == 1;
        let runs = Runs {
            segments: if joined { [ky_end - ky, 1] } else { [ky_end - ky, kw] },
            run: if joined { kw * cin } else { cin },
            // A step that overflows is one that nothing takes.
            pixel_steps: [window.dilation[0].wrapping_mul(self.pitch), window.dilation[1].wrapping_mul(cin)],
            weight_steps: [kw * cin, cin],
            weight_start: ky * kw * cin,
        };
        let first_row = ((y - start) as usize).wrapping_add(ky.wrapping_mul(window.dilation[0]));
        let line = Pixels {
            input: scratch.ptr.wrapping_add(first_row.wrapping_mul(self.pitch)),
            in_step: window.stride[1].wrapping_mul(cin),
            output: image.target.at(0, oy, 0),
            out_step: image.target.strides.w,
            count: image.columns.output,
            then: 0,
        };
        // SAFETY: rows `ky..ky_end` of taps were copied to the strip, with all positions that the pixels read; the pixels are
        // inside the output map.
        unsafe { stage.gemm.pixel_line(&line, &runs, panels) };
    }
}
