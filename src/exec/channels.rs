//! Depthwise HWC with channels as lanes: row band → pixel tile → channels innermost and contiguous.
//!
//! ```text
//! for each block of channels whose taps fit the first-level cache
//!   where a kernel walks down columns: all rows, all channels of the block
//!   where lines run down the map (windows of one column): for each output column: kernel over its tiles, all channels of the block
//!   else for each output row: kernel over its tiles, all channels of the block
//! ```

use super::depthwise::{DepthwiseStage, Image};
use super::interleave;
use super::map::Source;
use super::split::Scratch;
use super::spread::{self, Rows};
use crate::layout::{Shape, Strides};
use crate::plan::blocking::{self, Footprint, Spread};
use crate::plan::lines::{Line, line_outputs};
use crate::plan::select::{self, Pixels};
use core::ops::Range;
use sepconv_kernels::buffer::LINE;
use sepconv_kernels::depthwise::LineArgs;
use sepconv_kernels::depthwise::WalkArgs;
use sepconv_kernels::registry::{KernelDesc, KernelFn, KernelKind};

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
    let way = Way::of(stage, image, rows.len(), channels.len());
    let spread = match way {
        Way::Along(line) if room => spread_of(stage, image, line, channels.len()),
        _ => None,
    };
    let block = match spread {
        Some(spread) => spread.channels,
        None => blocking::channel_block(channels.len(), stage.packed.panel_len(), stage.lanes, stage.caches),
    };
    for first in channels.clone().step_by(block) {
        let channels = first..(first + block).min(channels.end);
        let mut block = Block { stage, image, source: image.source, channels: channels.clone(), offsets, way };
        match spread {
            Some(plan) => block.spread_rows(rows.clone(), plan, Rows::new(stage, image, channels, plan, rest)),
            None => {
                block.fill_offsets();
                block.rows(rows.clone(), |_| ());
            }
        }
    }
}

/// How the outputs of a band are made.
#[derive(Clone, Copy)]
enum Way {
    /// In columns of tiles.
    Walk(&'static KernelDesc),
    /// In lines down the map.
    Down(Line),
    /// In lines along its rows.
    Along(Line),
}

impl Way {
    /// The fastest way to make `rows` rows of so many channels.
    fn of(stage: &DepthwiseStage, image: &Image, rows: usize, channels: usize) -> Self {
        let bytes = image.source.strides.w.wrapping_mul(size_of::<f32>());
        let pixels = Pixels { outputs: image.columns.output, vectors: channels.div_ceil(stage.lanes), bytes };
        match select::walk(&stage.choice.walks, pixels) {
            Some(walk) => Self::Walk(walk),
            None => down_of(stage, image, rows).map_or_else(|| Self::Along(line_of(stage, image)), Self::Down),
        }
    }
}

/// The kernel for lines along the rows of the map: not interleaved where pixels that do not compete for sets of the first-level cache
/// would then do so (0.5 to 0.8 of the speed).
fn line_of(stage: &DepthwiseStage, image: &Image) -> Line {
    let bytes = image.source.strides.w.wrapping_mul(size_of::<f32>());
    let apart = bytes.wrapping_mul(image.columns.dilation);
    let lines = &stage.choice.lines;
    match apart.is_multiple_of(1024) && !bytes.is_multiple_of(1024) {
        true => lines.as_it_is(image.columns.output),
        false => lines.choose(image.columns.output, image.columns.output),
    }
}

/// The kernel for lines of `rows` outputs down the map, where they are better than lines along its rows: not where most of a tile would
/// stay empty.
fn down_of(stage: &DepthwiseStage, image: &Image, rows: usize) -> Option<Line> {
    let down = stage.choice.down.as_ref()?;
    let line = down.choose(image.rows.output, rows);
    (down.units(image.rows.output).min()? <= 2 * rows).then_some(line)
}

/// How to spread the input's pixels, if they compete for the cache and can be spread.
fn spread_of(stage: &DepthwiseStage, image: &Image, line: Line, channels: usize) -> Option<Spread> {
    if stage.spec.multiplier > 1 {
        return None;
    }
    let window = &stage.spec.window;
    let width = line_outputs(line.kernel);
    let span = |axis: usize, outputs: usize| {
        let reach = (outputs - 1).saturating_mul(window.stride[axis]);
        reach.saturating_add((window.kernel[axis] - 1) * window.dilation[axis] + 1)
    };
    // Interleaved lines leave out the columns between their taps.
    let columns = match line.kernel.kind {
        KernelKind::Line { window: Some((taps, stride)), .. } => (width - 1) * stride + taps,
        _ => span(1, width),
    };
    let tile = Footprint {
        // Rows that are not read do not count, but a copy must hold what lies between the first and the last.
        inputs: [span(0, 1).min(image.rows.input), columns.min(image.columns.input)],
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
    way: Way,
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

    /// All output rows; `prepare` is called with the rows of each line along them before it is made.
    fn rows(&self, rows: Range<usize>, mut prepare: impl FnMut(Range<usize>)) {
        match self.way {
            Way::Walk(kernel) => self.walk_down(kernel, rows),
            Way::Down(line) => {
                let start = self.image.rows.start(rows.start);
                let [_, end] = self.image.rows.inside(start, rows.len());
                // A tile reads for outputs that are not wanted, too: a part of an expanded map may end before their rows.
                let extent = (start + end as isize).max(0) as usize;
                for ox in 0..self.image.columns.output {
                    self.line(line, &LineArgs { outputs: rows.len(), extent, ..self.line_from(rows.start, ox, 0) });
                }
            }
            Way::Along(line) => {
                for oy in rows {
                    prepare(oy..oy + 1);
                    self.line(line, &self.line_from(oy, 0, 1));
                }
            }
        }
    }

    /// The line from output `(oy, ox)` to the end of the map along `axis`: 0 for down, 1 for along the row.
    fn line_from(&self, oy: usize, ox: usize, axis: usize) -> LineArgs {
        let (stage, image) = (self.stage, self.image);
        let (along, across) = if axis == 0 { (image.rows, image.columns) } else { (image.columns, image.rows) };
        let (y, x) = (image.rows.start(oy), image.columns.start(ox));
        let (start, across_start, from) = if axis == 0 { (y, x, oy) } else { (x, y, ox) };
        let step = |strides: &Strides| if axis == 0 { strides.h } else { strides.w };
        LineArgs {
            input: self.source.at(self.channels.start / stage.spec.multiplier, y, x),
            in_step: step(&self.source.strides),
            outer: self.offsets,
            outer_range: across.taps_inside(across_start),
            start,
            extent: along.input,
            output: image.target.at(self.channels.start, oy, ox),
            out_step: step(&image.target.strides),
            outputs: along.output - from,
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
            taps: [across.kernel, along.kernel],
            stride: along.stride,
            dilation: along.dilation,
            lane_ranges: core::ptr::null(),
            exact: false,
            epilogue: stage.epilogue,
        }
    }

    fn line(&self, line: Line, args: &LineArgs) {
        let KernelFn::Line(run) = line.kernel.run else { return };
        // SAFETY: the operator's ISA was checked when it was made; the ranges cut all inputs to the map, whose elements are
        // inside the checked input slice, and `outputs` ends with the output map or the band; panels were packed for this kernel.
        interleave::each(args, line, |args| unsafe { run(args) });
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
