//! Depthwise HWC with channels as lanes: row band → pixel tile → channels innermost and contiguous.
//!
//! ```text
//! for each block of channels whose taps fit the first-level cache
//!   for each output row (pair of rows where a block kernel exists)
//!     for each tile of pixels: kernel over all channels of the block
//! ```

use super::depthwise::{DepthwiseStage, Image};
use super::split::Scratch;
use crate::kernels::block::BlockArgs;
use crate::kernels::line::LineArgs;
use crate::kernels::registry::{KernelDesc, KernelFn, KernelKind};
use crate::plan::{blocking, select};
use core::ops::Range;

/// Elements of scratch: an offset for each row of taps.
pub(super) fn scratch_len(stage: &DepthwiseStage) -> Option<usize> {
    stage.spec.window.kernel[0].checked_mul(size_of::<isize>() / size_of::<f32>())
}

/// Output rows `rows` of output channels `channels`, which start at a multiple of the lanes.
pub(super) fn band(
    stage: &DepthwiseStage,
    image: &Image,
    rows: Range<usize>,
    channels: Range<usize>,
    scratch: Scratch,
) {
    let offsets = scratch.ptr.cast::<isize>();
    for ky in 0..image.rows.kernel {
        let offset = (ky * image.rows.dilation).wrapping_mul(image.source.strides.h);
        // SAFETY: the scratch has room for an offset of every row of taps (`scratch_len`), and starts at a cache line.
        unsafe { offsets.add(ky).write(offset as isize) };
    }
    let block = blocking::channel_block(channels.len(), stage.packed.panel_len(), stage.lanes, stage.caches);
    let mut first = channels.start;
    while first < channels.end {
        let end = (first + block).min(channels.end);
        Block { stage, image, channels: first..end, offsets }.rows(rows.clone());
        first = end;
    }
}

/// A block of channels of a band.
struct Block<'a> {
    stage: &'a DepthwiseStage,
    image: &'a Image,
    channels: Range<usize>,
    offsets: *const isize,
}

impl Block<'_> {
    fn rows(&self, rows: Range<usize>) {
        let line = select::best_line(&self.stage.choice.lines, self.image.columns.output);
        let mut oy = rows.start;
        if let Some(kernel) = self.stage.choice.block {
            let KernelKind::Block { rows: tile_rows, pixels, .. } = kernel.kind else { return };
            while oy + tile_rows <= rows.end {
                self.tiles(pixels, |ox, outputs| self.block_tile(kernel, tile_rows, oy, ox, outputs));
                oy += tile_rows;
            }
        }
        for oy in oy..rows.end {
            self.tiles(select::line_outputs(line), |ox, outputs| self.line_tile(line, oy, ox, outputs));
        }
    }

    /// Calls `tile(first column, columns)` along an output row.
    fn tiles(&self, width: usize, tile: impl Fn(usize, usize)) {
        let end = self.image.columns.output;
        for ox in (0..end).step_by(width) {
            tile(ox, width.min(end - ox));
        }
    }

    fn line_tile(&self, kernel: &KernelDesc, oy: usize, ox: usize, outputs: usize) {
        let (stage, image) = (self.stage, self.image);
        let (y, x) = (image.rows.start(oy), image.columns.start(ox));
        let window = &stage.spec.window;
        let args = LineArgs {
            input: image.source.at(self.channels.start / stage.spec.multiplier, y, x),
            in_step: image.source.strides.w,
            outer: self.offsets,
            outer_range: image.rows.taps_inside(y),
            inner_range: image.columns.inside(x, outputs),
            output: image.target.at(self.channels.start, oy, ox),
            out_step: image.target.strides.w,
            outputs,
            lanes: self.channels.len(),
            weights: stage.packed.as_slice().as_ptr(),
            first_panel: self.channels.start / stage.lanes,
            panels: stage.packed.panels(),
            multiplier: stage.spec.multiplier,
            taps: window.kernel,
            stride: window.stride[1],
            dilation: window.dilation[1],
            lane_ranges: core::ptr::null(),
            epilogue: stage.epilogue,
        };
        let KernelFn::Line(run) = kernel.run else { return };
        // SAFETY: the operator's ISA was checked when it was made; the ranges cut all inputs to the map, whose elements are
        // inside the checked input slice, and `outputs` cuts the outputs to the output map; panels were packed for this kernel.
        unsafe { run(&args) }
    }

    fn block_tile(&self, kernel: &KernelDesc, tile_rows: usize, oy: usize, ox: usize, outputs: usize) {
        let (stage, image) = (self.stage, self.image);
        let (y, x) = (image.rows.start(oy), image.columns.start(ox));
        let first_panel = self.channels.start / stage.lanes;
        let args = BlockArgs {
            input: image.source.at(self.channels.start, y, x),
            in_steps: [image.source.strides.h, image.source.strides.w],
            row_range: image.rows.inside(y, tile_rows),
            column_range: image.columns.inside(x, outputs),
            output: image.target.at(self.channels.start, oy, ox),
            out_steps: [image.target.strides.h, image.target.strides.w],
            outputs,
            channels: self.channels.len(),
            weights: stage.packed.as_slice()[first_panel * stage.packed.panel_len()..].as_ptr(),
            epilogue: stage.epilogue,
        };
        let KernelFn::Block(run) = kernel.run else { return };
        // SAFETY: as in `line_tile`; all `tile_rows` rows are inside the band.
        unsafe { run(&args) }
    }
}
