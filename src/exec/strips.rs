//! Depthwise with columns (CHW) or row elements (HWC with few channels) as lanes.
//!
//! Columns at stride 1 and 2 are read where they stand, all channels in one call; at the borders each tap reads only the lanes
//! inside the map. At other strides, and for elements at stride 2, input rows are copied into a strip in scratch first, with the padding left and right of them filled with
//! zeros and the columns sorted by stride, so that every tap of every output column is a contiguous run of a strip row:
//!
//! ```text
//! for each channel (CHW) or once for all (HWC)
//!   for each group of output rows whose input fits the first-level cache
//!     copy their input rows into the strip (unless read in place)
//!     kernel over all of its rows and columns
//! ```
//! A strip row has one segment for each residue of the tap columns modulo the stride (for stride 1: one segment), or one for
//! each tap column where that takes less room.

use super::depthwise::{DepthwiseStage, Image};
use super::interleave;
use super::split::Scratch;
use super::window::Axis;
use crate::plan::blocking;
use crate::plan::lines::{Line, line_outputs};
use core::ops::Range;
use sepconv_kernels::buffer::LINE;
use sepconv_kernels::copy_rows::RowArgs;
use sepconv_kernels::depthwise::LineArgs;
use sepconv_kernels::pack::depthwise::{LaneAxis, gcd};
use sepconv_kernels::registry::KernelFn;

/// How the strip of a run is laid out. Lengths are in groups (a float, or a pixel's channels), pitches in elements.
#[derive(Debug, Clone, Copy)]
struct Strip {
    group: usize,
    segments: usize,
    segment_len: usize,
    /// Whether segments are residues modulo the stride (else one for each tap column).
    by_residue: bool,
    segment_pitch: usize,
    row_pitch: usize,
    /// Output rows made from one filling.
    outputs: usize,
    /// Input rows that it holds.
    rows: usize,
}

impl Strip {
    fn new(stage: &DepthwiseStage, rows: Axis, columns: Axis) -> Option<Self> {
        let group = group(stage);
        let far = (columns.kernel - 1) * columns.dilation;
        // Each division is a few nanoseconds of a call.
        let (residues, reach) = match columns.stride {
            1 => (1, far),
            stride => ((stride / gcd(stride, columns.dilation)).min(columns.kernel), far / stride),
        };
        let by_residue_len = columns.output.checked_add(reach)?;
        let by_residue = residues.checked_mul(by_residue_len)? <= columns.kernel.checked_mul(columns.output)?;
        let (segments, segment_len) =
            if by_residue { (residues, by_residue_len) } else { (columns.kernel, columns.output) };
        let segment_pitch = segment_len.checked_mul(group)?.checked_next_multiple_of(LINE)?;
        let mut row_pitch = segments.checked_mul(segment_pitch)?;
        if row_pitch % 1024 == 0 {
            // Rows 4 KiB apart would compete for the same sets of the cache.
            row_pitch = row_pitch.checked_add(LINE)?;
        }
        let span = (rows.kernel - 1).checked_mul(rows.dilation)?.checked_add(1)?;
        let line = stage.choice.lines.choose(rows.output, rows.output);
        let tile_rows = stage.choice.lines.unit(line);
        let outputs = blocking::strip_rows(rows.output, tile_rows, row_pitch, rows.stride, span, stage.caches);
        let reached = (outputs - 1).checked_mul(rows.stride)?.checked_add(span)?;
        let rows = reached.min(rows.input);
        Some(Self { group, segments, segment_len, by_residue, segment_pitch, row_pitch, outputs, rows })
    }

    /// Segment and offset in it, in groups, of tap column `kx` for output column 0.
    const fn tap(&self, columns: &Axis, kx: usize) -> (usize, usize) {
        if self.by_residue { (kx % self.segments, kx * columns.dilation / columns.stride) } else { (kx, 0) }
    }

    /// Input column of the first group of a segment.
    const fn start(&self, columns: &Axis, segment: usize) -> isize {
        let offset = segment * columns.dilation;
        let first = if self.by_residue { offset % columns.stride } else { offset };
        first as isize - columns.before as isize
    }

    /// Elements of the filled part.
    fn len(&self) -> Option<usize> {
        self.rows.checked_mul(self.row_pitch)
    }
}

/// Lanes that move together: a float, or the channels of a pixel.
fn group(stage: &DepthwiseStage) -> usize {
    if stage.choice.lane_axis == LaneAxis::Elements { stage.spec.channels } else { 1 }
}

/// Elements for the tables: for each tap column an offset and a range of lanes.
fn tables_len(columns: &Axis) -> Option<usize> {
    let words = size_of::<usize>() / size_of::<f32>();
    columns.kernel.checked_mul(3 * words)?.checked_next_multiple_of(LINE)
}

/// Elements for a tile of outputs whose pixels do not stand side by side in memory (few channels only).
fn spill_len(stage: &DepthwiseStage, columns: &Axis) -> Option<usize> {
    match stage.choice.lane_axis {
        LaneAxis::Elements => columns.output.checked_mul(group(stage))?.checked_mul(longest_line(stage)),
        _ => Some(0),
    }
}

/// Elements of scratch: tables, room for a tile, and a strip.
pub(super) fn scratch_len(stage: &DepthwiseStage, rows: Axis, columns: Axis) -> Option<usize> {
    let before = tables_len(&columns)?.checked_add(spill_len(stage, &columns)?)?;
    before.checked_add(Strip::new(stage, rows, columns)?.len()?)
}

/// Whether a vector of lanes can be loaded from where the input stands.
fn reads_in_place(stage: &DepthwiseStage, image: &Image, group: usize) -> bool {
    let side_by_side = image.columns.input == 1 || image.source.strides.w == group;
    // Halved columns are not in the order in which single lanes could be kept out of a sum.
    let halves = stage.choice.lane_axis == LaneAxis::Columns && !stage.choice.exact_padding;
    let longest_step = if halves { 2 } else { 1 };
    side_by_side && image.columns.stride <= longest_step
}

/// Outputs of the longest line that one kernel call makes.
fn longest_line(stage: &DepthwiseStage) -> usize {
    stage.choice.lines.all().map(line_outputs).max().unwrap_or(1)
}

/// Output rows `rows` of output channels `channels` (all of them where lanes are elements).
#[inline(never)] // its frame would be in the way of the calls with channels as lanes
pub(super) fn band(
    stage: &DepthwiseStage,
    image: &Image,
    rows: Range<usize>,
    channels: Range<usize>,
    scratch: Scratch,
) {
    let (group, columns) = (group(stage), &image.columns);
    let (Some(tables), Some(spill)) = (tables_len(columns), spill_len(stage, columns)) else { return };
    let strip = match reads_in_place(stage, image, group) {
        true => None,
        false => Strip::new(stage, image.rows, image.columns),
    };
    debug_assert!(tables + spill + strip.map_or(0, |strip| strip.rows * strip.row_pitch) <= scratch.len);
    let band = Band {
        stage,
        image,
        group,
        strip,
        offsets: scratch.ptr.cast(),
        lane_ranges: scratch.ptr.cast::<usize>().wrapping_add(columns.kernel).cast(),
        spill: scratch.ptr.wrapping_add(tables),
        memory: scratch.ptr.wrapping_add(tables + spill),
    };
    band.fill_tables();
    band.clear_strip();
    let multiplier = stage.spec.multiplier;
    if strip.is_none() && stage.choice.lane_axis == LaneAxis::Columns && multiplier == 1 {
        return band.piece(rows, channels.start, channels);
    }
    let step = strip.map_or(rows.len(), |strip| strip.outputs);
    let mut oy = rows.start;
    // Each piece of the strip is used for all channels of its input channel before it is filled anew.
    while oy < rows.end {
        let end = (oy + step).min(rows.end);
        if stage.choice.lane_axis == LaneAxis::Elements {
            band.piece(oy..end, 0, 0..1);
        } else {
            for c in channels.start / multiplier..channels.end.div_ceil(multiplier) {
                let of_c = (c * multiplier).max(channels.start)..((c + 1) * multiplier).min(channels.end);
                band.piece(oy..end, c, of_c);
            }
        }
        oy = end;
    }
}

struct Band<'a> {
    stage: &'a DepthwiseStage,
    image: &'a Image,
    group: usize,
    /// None where input rows are read where they stand.
    strip: Option<Strip>,
    offsets: *mut isize,
    lane_ranges: *mut [usize; 2],
    memory: *mut f32,
    spill: *mut f32,
}

impl Band<'_> {
    fn fill_tables(&self) {
        let columns = &self.image.columns;
        for kx in 0..columns.kernel {
            let offset = match &self.strip {
                None => (self.group as isize).wrapping_mul((kx * columns.dilation) as isize - columns.before as isize),
                Some(strip) => {
                    let (segment, groups) = strip.tap(columns, kx);
                    (segment * strip.segment_pitch + groups * self.group) as isize
                }
            };
            // A strip holds zeros for what is outside the map: all lanes can be read, and are unless they must not meet a tap.
            let clipped = self.strip.is_none() || self.stage.choice.exact_padding;
            let inside = if clipped { columns.outputs_inside(kx) } else { [0, columns.output] };
            let range = inside.map(|ox| ox * self.group);
            // SAFETY: the scratch starts with room for an offset and a range of every tap column (`tables_len`).
            unsafe {
                self.offsets.add(kx).write(offset);
                self.lane_ranges.add(kx).write(range);
            }
        }
    }

    /// Zeros everywhere: copies then write only what is inside the map.
    fn clear_strip(&self) {
        if let Some(strip) = self.strip {
            // SAFETY: the scratch has room for all rows of the strip behind the tables (`scratch_len`).
            unsafe { self.memory.write_bytes(0, strip.rows * strip.row_pitch) }
        }
    }

    /// Output rows `outputs` of the output channels `channels` that read input channel `c`, or of which the first does and the
    /// others read those after it (in place, multiplier 1).
    fn piece(&self, outputs: Range<usize>, c: usize, channels: Range<usize>) {
        let rows = &self.image.rows;
        let start = rows.start(outputs.start);
        let [first, end] = rows.inside(start, outputs.len());
        // Input rows of the piece that are inside the map.
        let (top, bottom) = (start + first as isize, start + end as isize);
        if let Some(strip) = &self.strip {
            self.copy_rows(strip, c, top, bottom, &outputs);
        }
        let kernel = self.kernel(outputs.len(), channels.len());
        // Rows that are spilled are few at a time, the others all in one call.
        let step = if self.spilled() { longest_line(self.stage) } else { outputs.len() };
        for oy in outputs.clone().step_by(step) {
            self.lines(kernel, &channels, c, oy..(oy + step).min(outputs.end), top..bottom);
        }
    }

    /// What makes so many rows of so many channels.
    fn kernel(&self, rows: usize, channels: usize) -> Line {
        let (choice, narrow) = (&self.stage.choice, 2 * self.image.columns.output <= self.stage.lanes);
        let paired = choice.paired.filter(|_| narrow && channels >= 2);
        match choice.walks.first().copied().or(paired) {
            Some(kernel) => Line { kernel, interleaved: false },
            None => choice.lines.choose(self.image.rows.output, rows),
        }
    }

    /// Whether output pixels do not stand side by side in memory, so that rows of elements cannot be stored directly.
    fn spilled(&self) -> bool {
        let (target, columns) = (&self.image.target, &self.image.columns);
        let elements = self.stage.choice.lane_axis == LaneAxis::Elements;
        elements && target.strides.w != self.group && columns.output > 1
    }

    /// Fills the strip with input rows `top..bottom`, leaving out those that no tap reads.
    fn copy_rows(&self, strip: &Strip, c: usize, top: isize, bottom: isize, outputs: &Range<usize>) {
        let rows = &self.image.rows;
        let all_read = rows.dilation == 1 && rows.kernel >= rows.stride;
        if all_read {
            return self.copy(strip, c, top, (bottom - top).max(0) as usize, 0);
        }
        for y in top..bottom {
            let read = (0..rows.kernel).any(|ky| {
                let o = y + rows.before as isize - (ky * rows.dilation) as isize;
                o >= 0 && (o as usize).is_multiple_of(rows.stride) && outputs.contains(&(o as usize / rows.stride))
            });
            if read {
                self.copy(strip, c, y, 1, (y - top) as usize);
            }
        }
    }

    /// Copies `count` input rows from row `y` of channel `c` to row `to` of the strip.
    fn copy(&self, strip: &Strip, c: usize, y: isize, count: usize, to: usize) {
        let (source, columns) = (&self.image.source, &self.image.columns);
        let first = RowArgs {
            from: source.at(c, y, 0),
            row_step: source.strides.h,
            rows: count,
            available: columns.input,
            start: 0,
            stride: columns.stride,
            step: source.strides.w,
            group: strip.group,
            to: self.memory.wrapping_add(to * strip.row_pitch),
            to_step: strip.row_pitch,
            len: strip.segment_len,
            pad: false,
            odd: core::ptr::null_mut(),
        };
        let KernelFn::Rows(run) = self.stage.choice.rows.run else { return };
        if strip.by_residue && strip.segments == 2 && columns.stride == 2 && strip.group == 1 && source.strides.w == 1 {
            // Both residues in one pass: column 0 is position `before` of the padded row.
            let at = |position: usize| first.to.wrapping_add(position % 2 * strip.segment_pitch + position / 2);
            let available = (2 * strip.segment_len).saturating_sub(columns.before).min(columns.input);
            let args = RowArgs { available, to: at(columns.before), odd: at(columns.before + 1), ..first };
            // SAFETY: as below; `available` keeps the last column inside its segment.
            return unsafe { run(&args) };
        }
        for segment in 0..strip.segments {
            let to = first.to.wrapping_add(segment * strip.segment_pitch);
            let args = RowArgs { start: strip.start(columns, segment), to, ..first };
            // SAFETY: the operator's ISA was checked when it was made; rows `y..y + count` are inside the map, and the strip
            // has room for them and for every segment; groups are at most half a vector (`LaneAxis::Elements`) or one float.
            unsafe { run(&args) }
        }
    }

    /// Output rows `rows` of the output channels of a piece, for which input rows `filled` are there.
    fn lines(&self, line: Line, channels: &Range<usize>, c: usize, rows: Range<usize>, filled: Range<isize>) {
        let (stage, image) = (self.stage, self.image);
        let start = image.rows.start(rows.start);
        let window = &stage.spec.window;
        let elements = stage.choice.lane_axis == LaneAxis::Elements;
        // Columns share a channel's one panel; elements go round through all of them.
        let (panel, panels) = if elements { (0, stage.packed.panels()) } else { (channels.start, 1) };
        let in_place = self.strip.is_none();
        let in_channel = if in_place && stage.spec.multiplier == 1 { image.source.strides.c } else { 0 };
        let lanes = image.columns.output * self.group;
        let spilled = self.spilled();
        let (output, out_step) = if spilled {
            (self.spill, lanes)
        } else {
            (image.target.at(channels.start, rows.start, 0), image.target.strides.h)
        };
        let (input, in_step) = match &self.strip {
            None => (image.source.at(c, start, 0), image.source.strides.h),
            Some(strip) => {
                let input = self.memory.wrapping_offset((start - filled.start).wrapping_mul(strip.row_pitch as isize));
                (input.cast_const(), strip.row_pitch)
            }
        };
        let exact = stage.choice.exact_padding;
        let args = LineArgs {
            input,
            in_step,
            outer: self.offsets,
            outer_range: [0, image.columns.kernel],
            start,
            // A tile reads for outputs that are not wanted, too: a strip, or a part of an expanded map, may end before their rows.
            extent: filled.end.max(0) as usize,
            output,
            out_step,
            outputs: rows.len(),
            lanes,
            lane_step: if in_place { image.columns.stride } else { 1 },
            columns: image.columns.input,
            pairs_from: self.pairs_from(),
            channels: channels.len(),
            channel_steps: [in_channel, image.target.strides.c, stage.packed.panel_len()],
            weights: stage.packed.as_slice()[panel * stage.packed.panel_len()..].as_ptr(),
            first_panel: 0,
            panels,
            multiplier: 1,
            taps: [window.kernel[1], window.kernel[0]],
            stride: window.stride[0],
            dilation: window.dilation[0],
            lane_ranges: self.lane_ranges,
            exact,
            epilogue: stage.epilogue,
        };
        let KernelFn::Line(run) = line.kernel.run else { return };
        // SAFETY: the operator's ISA was checked when it was made; the ranges cut all inputs to strip rows that were filled;
        // `outputs` and `lanes` cut the outputs to the output map; panels were packed for this kernel.
        interleave::each(&args, line, |args| unsafe { run(args) });
        if spilled {
            self.unspill(rows);
        }
    }

    /// The tap column from which on pairs of them read neighbouring columns, the first of each pair where vectors are aligned
    /// if rows are.
    const fn pairs_from(&self) -> usize {
        let columns = &self.image.columns;
        if columns.dilation == 1 { columns.before % 2 } else { columns.kernel }
    }

    /// Copies the spilled rows to output rows `rows`, pixel by pixel.
    fn unspill(&self, rows: Range<usize>) {
        let (group, columns) = (self.group, self.image.columns.output);
        for (row, ox) in (0..rows.len()).flat_map(|row| (0..columns).map(move |ox| (row, ox))) {
            let from = self.spill.wrapping_add((row * columns + ox) * group);
            // SAFETY: the kernel has filled `rows.len()` rows of `columns` groups; the pixel is inside the output map.
            unsafe { core::ptr::copy_nonoverlapping(from, self.image.target.at(0, rows.start + row, ox), group) };
        }
    }
}
