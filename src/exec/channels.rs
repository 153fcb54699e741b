//! Depthwise HWC with channels as lanes: row band → pixel tile → channels innermost and contiguous.
//!
//! ```text
//! for each block of channels whose taps fit the first-level cache
//!   where a kernel walks down columns: all rows, all channels of the block
//!   else for each output row: kernel over its tiles, all channels of the block
//! ```

use super::depthwise::{DepthwiseStage, Image};
use super::map::Source;
use super::split::Scratch;
use super::spread::{self, Rows};
use crate::buffer::LINE;
use crate::kernels::line::LineArgs;
use crate::kernels::registry::{KernelDesc, KernelFn};
use crate::kernels::walk_hwc::WalkArgs;
use crate::layout::Shape;
use crate::plan::blocking::{self, Footprint, Spread};
use crate::plan::select::{self, Pixels};
use core::ops::Range;

/// Elements of scratch: an offset for each row of taps, then room for spread rows.
pub(super) fn scratch_len(stage: &DepthwiseStage, input: Shape) -> Option<usize> {
    offsets_len(stage)?.checked_add(spread::scratch_len(stage, input))
}

/// As [`scratch_len`], without room for spread rows: they are then read where they stand.
pub(super) fn offsets_len(stage: &DepthwiseStage) -> Option<usize> {
    let words = size_of::<isize>() / size_of::<f32>();
    stage.spec.window.kernel[0].checked_mul(words)?.checked_next_multiple_of(LINE)
}

/// Output rows `rows` of output channels `channels`, which start at a multiple of the lanes.
pub(super) fn band(
    stage: &DepthwiseStage,
    image: &Image,
    rows: Range<usize>,
    channels: Range<usize>,
    scratch: Scratch,
) {
    let Some(offsets_len) = offsets_len(stage) else { return };
    let offsets = scratch.ptr.cast::<isize>();
    let rest = Scratch { ptr: scratch.ptr.wrapping_add(offsets_len), len: scratch.len - offsets_len };
    let room = spread::scratch_len(stage, image.source.shape) <= rest.len;
    let walk = walk_of(stage, image, channels.len());
    let spread = spread_of(stage, image, channels.len()).filter(|_| room && walk.is_none());
    let block = match spread {
        Some(spread) => spread.channels,
        None => blocking::channel_block(channels.len(), stage.packed.panel_len(), stage.lanes, stage.caches),
    };
    for first in channels.clone().step_by(block) {
        let channels = first..(first + block).min(channels.end);
        let mut block = Block { stage, image, source: image.source, channels: channels.clone(), offsets, walk };
        match spread {
            Some(plan) => block.spread_rows(rows.clone(), plan, Rows::new(stage, image, channels, plan, rest)),
            None => {
                block.fill_offsets();
                block.rows(rows.clone(), |_| ());
            }
        }
    }
}

/// The kernel that walks down columns of the map, where that is faster than its lines.
fn walk_of(stage: &DepthwiseStage, image: &Image, channels: usize) -> Option<&'static KernelDesc> {
    let bytes = image.source.strides.w.wrapping_mul(size_of::<f32>());
    let pixels = Pixels { outputs: image.columns.output, vectors: channels.div_ceil(stage.lanes), bytes };
    select::walk(&stage.choice.walks, pixels)
}

/// How to spread the input's pixels, if they compete for the cache and can be spread.
fn spread_of(stage: &DepthwiseStage, image: &Image, channels: usize) -> Option<Spread> {
    if stage.spec.multiplier > 1 {
        return None;
    }
    let window = &stage.spec.window;
    let width = select::line_outputs(select::best_line(&stage.choice.lines, image.columns.output));
    let span = |axis: usize, outputs: usize| {
        let reach = (outputs - 1).saturating_mul(window.stride[axis]);
        reach.saturating_add((window.kernel[axis] - 1) * window.dilation[axis] + 1)
    };
    let tile = Footprint {
        // Rows that are not read do not count, but a copy must hold what lies between the first and the last.
        inputs: [span(0, 1).min(image.rows.input), span(1, width).min(image.columns.input)],
        outputs: width.min(image.columns.output),
        pixel_bytes: image.source.strides.w.wrapping_mul(size_of::<f32>()),
        width: image.columns.input,
        stride: window.stride[0],
    };
    blocking::spread(tile, channels, stage.caches)
}

/// A block of channels of a band.
struct Block<'a> {
    stage: &'a DepthwiseStage,
    image: &'a Image,
    /// Where inputs are read: the image's, or spread copies of its rows.
    source: Source,
    channels: Range<usize>,
    offsets: *mut isize,
    walk: Option<&'static KernelDesc>,
}

impl Block<'_> {
    fn fill_offsets(&self) {
        for ky in 0..self.image.rows.kernel {
            let offset = (ky * self.image.rows.dilation).wrapping_mul(self.source.strides.h);
            // SAFETY: the scratch has room for an offset of every row of taps (`offsets_len`), and starts at a cache line.
            unsafe { self.offsets.add(ky).write(offset as isize) };
        }
    }

    /// All rows from spread copies, a group of output rows at a time.
    fn spread_rows(&mut self, rows: Range<usize>, plan: Spread, mut copies: Rows<'_>) {
        let group = plan.outputs + 1;
        for first in rows.clone().step_by(group) {
            let rows = first..(first + group).min(rows.end);
            self.source = copies.start(&rows);
            self.fill_offsets();
            self.rows(rows, |outputs| copies.hold(&outputs));
        }
    }

    /// All output rows; `prepare` is called with the rows of each kernel call before it.
    fn rows(&self, rows: Range<usize>, mut prepare: impl FnMut(Range<usize>)) {
        if let Some(kernel) = self.walk {
            return self.walk_down(kernel, rows);
        }
        let line = select::best_line(&self.stage.choice.lines, self.image.columns.output);
        for oy in rows {
            prepare(oy..oy + 1);
            self.line(line, oy);
        }
    }

    fn line(&self, kernel: &KernelDesc, oy: usize) {
        let (stage, image) = (self.stage, self.image);
        let (y, x) = (image.rows.start(oy), image.columns.start(0));
        let window = &stage.spec.window;
        let args = LineArgs {
            input: self.source.at(self.channels.start / stage.spec.multiplier, y, x),
            in_step: self.source.strides.w,
            outer: self.offsets,
            outer_range: image.rows.taps_inside(y),
            start: x,
            extent: image.columns.input,
            output: image.target.at(self.channels.start, oy, 0),
            out_step: image.target.strides.w,
            outputs: image.columns.output,
            lanes: self.channels.len(),
            lane_step: 1,
            columns: 0,
            pairs_from: 0,
            channels: 1,
            channel_steps: [0; 3],
            weights: stage.packed.as_slice().as_ptr(),
            first_panel: self.channels.start / stage.lanes,
            panels: stage.packed.panels(),
            multiplier: stage.spec.multiplier,
            taps: window.kernel,
            stride: window.stride[1],
            dilation: window.dilation[1],
            lane_ranges: core::ptr::null(),
            exact: false,
            epilogue: stage.epilogue,
        };
        let KernelFn::Line(run) = kernel.run else { return };
        // SAFETY: the operator's ISA was checked when it was made; the ranges cut all inputs to the map, whose elements are
        // inside the checked input slice, and `outputs` is the width of the output map; panels were packed for this kernel.
        unsafe { run(&args) }
    }

    fn walk_down(&self, kernel: &KernelDesc, rows: Range<usize>) {
        let (stage, image) = (self.stage, self.image);
        let (y, x) = (image.rows.start(rows.start), image.columns.start(0));
        let first_panel = self.channels.start / stage.lanes;
        let args = WalkArgs {
            input: self.source.at(self.channels.start, y, x),
            in_steps: [self.source.strides.h, self.source.strides.w],
            row_range: image.rows.inside(y, rows.len()),
            start: x,
            extent: image.columns.input,
            output: image.target.at(self.channels.start, rows.start, 0),
            out_steps: [image.target.strides.h, image.target.strides.w],
            rows: rows.len(),
            outputs: image.columns.output,
            channels: self.channels.len(),
            weights: stage.packed.as_slice()[first_panel * stage.packed.panel_len()..].as_ptr(),
            epilogue: stage.epilogue,
        };
        let KernelFn::Walk(run) = kernel.run else { return };
        // SAFETY: as in `line`; all rows are inside the band.
        unsafe { run(&args) }
    }
}
