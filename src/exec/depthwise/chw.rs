//! Depthwise with columns (CHW) or row elements (HWC with few channels) as lanes.
//!
//! Columns at stride 1 and 2 are read where they stand, all channels in one call; at the borders each tap reads only the lanes
//! inside the map. At other strides, and for elements at stride 2, input rows are copied into a strip first (`strip.rs`):
//!
//! ```text
//! for each channel (CHW) or once for all (HWC)
//!   for each fill of output rows, whose input fits the first-level cache
//!     copy their input rows into the strip (unless read in place)
//!     kernel over all of its rows and columns
//! ```

use super::interleave;
use super::strip::Strip;
use crate::exec::run::image::Image;
use crate::exec::run::scratch::Scratch;
use crate::exec::run::window::Axis;
use crate::isa::CacheSizes;
use crate::kernel_info::{KernelInfo, Lanes};
use crate::plan::describe::{self, Asked};
use crate::plan::lines::{LineFamily, LineKernel, LineKernels, LineRow};
use crate::plan::select::DepthwiseChoice;
use crate::spec::DepthwiseSpec;
use core::ops::Range;
use sepconv_kernels::buffer::LINE;
use sepconv_kernels::copy_rows::RowArgs;
use sepconv_kernels::depthwise::LineArgs;
use sepconv_kernels::epilogue::EpilogueArgs;
use sepconv_kernels::pack::depthwise::{LaneAxis, PackedDepthwise};
use sepconv_kernels::registry::{CopyRows, Kernel};

/// What these loops need: the packed weights and their kernels.
pub(crate) struct Chw {
    multiplier: usize,
    lanes: usize,
    /// Whether lanes are elements of a row (else columns).
    elements: bool,
    /// Lanes that move together: a float, or the channels of a pixel.
    group: usize,
    /// Kernels of lines down the map.
    lines: LineKernels,
    paired: Option<LineRow>,
    /// The kernel that walks down columns, if there is one: it then makes all outputs.
    walk: Option<LineRow>,
    /// Copies rows into strips.
    copy: &'static Kernel<CopyRows>,
    exact_padding: bool,
    packed: PackedDepthwise,
    epilogue: EpilogueArgs,
    caches: CacheSizes,
}

impl Chw {
    pub(crate) fn new(
        spec: &DepthwiseSpec,
        lanes: usize,
        choice: DepthwiseChoice,
        packed: PackedDepthwise,
        epilogue: EpilogueArgs,
        caches: CacheSizes,
    ) -> Self {
        let elements = choice.lane_axis == LaneAxis::Elements;
        Self {
            multiplier: spec.multiplier,
            lanes,
            elements,
            group: if elements { spec.channels } else { 1 },
            lines: choice.lines,
            paired: choice.paired,
            walk: choice.walk,
            copy: choice.copy,
            exact_padding: choice.exact_padding,
            packed,
            epilogue,
            caches,
        }
    }

    /// The kernel that makes most outputs.
    pub(crate) fn kernel_name(&self) -> &'static str {
        self.walk.unwrap_or(self.lines.first()).name()
    }

    /// Fewest of `rows` output rows that a kernel makes at a time without leaving some of its tile unused.
    pub(crate) fn tile_rows(&self, rows: usize) -> usize {
        if self.walk.is_some() { 1 } else { self.lines.units(rows).min().unwrap_or(1) }
    }

    /// Elements of scratch: tables, room for a tile, and a strip.
    pub(crate) fn scratch_len(&self, rows: Axis, columns: Axis) -> Option<usize> {
        let before = tables_len(&columns)?.checked_add(self.spill_len(&columns)?)?;
        before.checked_add(self.strip(rows, columns)?.len()?)
    }

    fn strip(&self, rows: Axis, columns: Axis) -> Option<Strip> {
        let line = self.lines.choose(rows.output, rows.output);
        Strip::new(self.group, self.lines.unit(line), rows, columns, self.caches)
    }

    /// Elements for a tile of outputs whose pixels do not stand side by side in memory (few channels only).
    fn spill_len(&self, columns: &Axis) -> Option<usize> {
        match self.elements {
            true => columns.output.checked_mul(self.group)?.checked_mul(self.longest_line()),
            false => Some(0),
        }
    }

    /// Whether a vector of lanes can be loaded from where the input stands.
    fn reads_in_place(&self, image: &Image) -> bool {
        let side_by_side = image.columns.input == 1 || image.source.strides.w == self.group;
        // Even and odd columns are not in the order in which single lanes could be kept out of a sum.
        let longest_step = if self.elements || self.exact_padding { 1 } else { 2 };
        side_by_side && image.columns.stride <= longest_step
    }

    /// Outputs of the longest line that one kernel call makes.
    fn longest_line(&self) -> usize {
        self.lines.all().map(|kernel| kernel.outputs).max().unwrap_or(1)
    }

    /// What makes so many rows of so many channels.
    fn choose(&self, [rows, columns]: [Axis; 2], [count, channels]: [usize; 2]) -> LineKernel {
        let narrow = 2 * columns.output <= self.lanes;
        let paired = self.paired.filter(|_| narrow && channels >= 2);
        match self.walk.or(paired) {
            Some(kernel) => LineKernel { kernel, interleaved: false },
            None => self.lines.choose(rows.output, count),
        }
    }

    /// The kernel of [`Chw::choose`].
    pub(crate) fn kernel(&self, axes: [Axis; 2], counts: [usize; 2], asked: Asked<'_>) -> KernelInfo {
        let (line, lanes, [kh, kw]) = (self.choose(axes, counts), self.lanes, asked.window.kernel);
        let lines = || describe::why_line(line.kernel, asked.window, 0, counts[0], self.lines.unit(line));
        let why = match line.kernel.family {
            LineFamily::Column(_) => format!("each input of the {kh}×{kw} windows is loaded once"),
            LineFamily::TwoChannels(_) => {
                format!("two channels share a vector: {} columns are at most half of {lanes} lanes", axes[1].output)
            }
            _ if self.elements => format!("{} channels take half of {lanes} lanes at most; {}", self.group, lines()),
            _ => lines(),
        };
        let lanes = if self.elements { Lanes::Elements } else { Lanes::Columns };
        describe::line(line.kernel, lanes, true, asked, why)
    }

    /// Output rows `rows` of output channels `channels` (all of them where lanes are elements).
    #[inline(never)] // its frame would be in the way of the calls with channels as lanes
    pub(crate) fn band(&self, image: &Image, rows: Range<usize>, channels: Range<usize>, scratch: Scratch) {
        let columns = &image.columns;
        let (Some(tables), Some(spill)) = (tables_len(columns), self.spill_len(columns)) else { return };
        let strip = match self.reads_in_place(image) {
            true => None,
            false => self.strip(image.rows, image.columns),
        };
        debug_assert!(tables + spill + strip.map_or(0, |strip| strip.rows * strip.row_pitch) <= scratch.len);
        let band = Band {
            nest: self,
            image,
            strip,
            offsets: scratch.ptr.cast(),
            lane_ranges: scratch.ptr.cast::<usize>().wrapping_add(columns.kernel).cast(),
            spill: scratch.ptr.wrapping_add(tables),
            memory: scratch.ptr.wrapping_add(tables + spill),
        };
        band.fill_tables();
        band.clear_strip();
        let multiplier = self.multiplier;
        if strip.is_none() && !self.elements && multiplier == 1 {
            return band.fill(rows, channels.start, channels);
        }
        // Each filling of the strip is used for all channels of its input channel before the next one.
        let step = strip.map_or(rows.len(), |strip| strip.fill);
        for first in rows.clone().step_by(step) {
            let fill = first..(first + step).min(rows.end);
            if self.elements {
                band.fill(fill, 0, 0..1);
                continue;
            }
            for c in channels.start / multiplier..channels.end.div_ceil(multiplier) {
                let of_c = (c * multiplier).max(channels.start)..((c + 1) * multiplier).min(channels.end);
                band.fill(fill.clone(), c, of_c);
            }
        }
    }
}

/// Elements for the tables: for each tap column an offset and a range of lanes.
fn tables_len(columns: &Axis) -> Option<usize> {
    let words = size_of::<usize>() / size_of::<f32>();
    columns.kernel.checked_mul(3 * words)?.checked_next_multiple_of(LINE)
}

/// A band of an image, with its scratch.
struct Band<'a> {
    nest: &'a Chw,
    image: &'a Image,
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
                None => {
                    (self.nest.group as isize).wrapping_mul((kx * columns.dilation) as isize - columns.before as isize)
                }
                Some(strip) => {
                    let (segment, groups) = strip.tap(columns, kx);
                    (segment * strip.segment_pitch + groups * self.nest.group) as isize
                }
            };
            // A strip holds zeros for what is outside the map: all lanes can be read, and are unless they must not meet a tap.
            let clipped = self.strip.is_none() || self.nest.exact_padding;
            let inside = if clipped { columns.outputs_inside(kx) } else { [0, columns.output] };
            let range = inside.map(|ox| ox * self.nest.group);
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
    fn fill(&self, outputs: Range<usize>, c: usize, channels: Range<usize>) {
        let rows = &self.image.rows;
        let start = rows.start(outputs.start);
        let [first, end] = rows.inside(start, outputs.len());
        // Input rows of the fill that are inside the map.
        let (top, bottom) = (start + first as isize, start + end as isize);
        if let Some(strip) = &self.strip {
            self.copy_rows(strip, c, top, bottom, &outputs);
        }
        let kernel = self.nest.choose([self.image.rows, self.image.columns], [outputs.len(), channels.len()]);
        // Rows that are spilled are few at a time, the others all in one call.
        let step = if self.spilled() { self.nest.longest_line() } else { outputs.len() };
        for oy in outputs.clone().step_by(step) {
            self.lines(kernel, &channels, c, oy..(oy + step).min(outputs.end), top..bottom);
        }
    }

    /// Whether output pixels do not stand side by side in memory, so that rows of elements cannot be stored directly.
    fn spilled(&self) -> bool {
        let (target, columns) = (&self.image.target, &self.image.columns);
        self.nest.elements && target.strides.w != self.nest.group && columns.output > 1
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
        let run = self.nest.copy.run;
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

    /// Output rows `rows` of the output channels of a fill, for which input rows `filled` are there.
    fn lines(&self, line: LineKernel, channels: &Range<usize>, c: usize, rows: Range<usize>, filled: Range<isize>) {
        let (nest, image) = (self.nest, self.image);
        let start = image.rows.start(rows.start);
        // Columns share a channel's one panel; elements go round through all of them.
        let (panel, panels) = if nest.elements { (0, nest.packed.panels()) } else { (channels.start, 1) };
        let in_place = self.strip.is_none();
        let in_channel = if in_place && nest.multiplier == 1 { image.source.strides.c } else { 0 };
        let lanes = image.columns.output * nest.group;
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
        let args = LineArgs {
            input,
            in_step,
            outer: self.offsets,
            outer_range: [0, image.columns.kernel],
            start,
            // A tile reads for outputs that are not wanted, too: a strip, or what is there of an expanded map, may end before their rows.
            extent: filled.end.max(0) as usize,
            output,
            out_step,
            outputs: rows.len(),
            lanes,
            lane_step: if in_place { image.columns.stride } else { 1 },
            columns: image.columns.input,
            pairs_from: self.pairs_from(),
            channels: channels.len(),
            channel_steps: [in_channel, image.target.strides.c, nest.packed.panel_len()],
            weights: nest.packed.as_slice()[panel * nest.packed.panel_len()..].as_ptr(),
            first_panel: 0,
            panels,
            multiplier: 1,
            taps: [image.columns.kernel, image.rows.kernel],
            stride: image.rows.stride,
            dilation: image.rows.dilation,
            lane_ranges: self.lane_ranges,
            exact: nest.exact_padding,
            epilogue: nest.epilogue,
        };
        // SAFETY: the operator's ISA was checked when it was made; the ranges cut all inputs to strip rows that were filled;
        // `outputs` and `lanes` cut the outputs to the output map; panels were packed for this kernel.
        interleave::each(&args, line, |args| unsafe { (line.kernel.run)(args) });
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
        let (group, columns) = (self.nest.group, self.image.columns.output);
        for (row, ox) in (0..rows.len()).flat_map(|row| (0..columns).map(move |ox| (row, ox))) {
            let from = self.spill.wrapping_add((row * columns + ox) * group);
            // SAFETY: the kernel has filled `rows.len()` rows of `columns` groups; the pixel is inside the output map.
            unsafe { core::ptr::copy_nonoverlapping(from, self.image.target.at(0, rows.start + row, ox), group) };
        }
    }
}
