//! Depthwise HWC with channels as lanes: row band → pixel tile → channels innermost and contiguous.
//!
//! ```text
//! for each block of channels whose taps fit the first-level cache
//!   where a kernel walks down columns: all rows, all channels of the block
//!   where lines run down the map (windows of one column): for each output column: kernel over its tiles, all channels of the block
//!   else for each output row: kernel over its tiles, all channels of the block
//! ```

use super::interleave;
use super::spread::{SpreadRows, Spreader};
use crate::exec::run::image::Image;
use crate::exec::run::map::Source;
use crate::exec::run::scratch::Scratch;
use crate::exec::run::window::Axis;
use crate::isa::CacheSizes;
use crate::kernel_info::{KernelInfo, Lanes};
use crate::layout::{Shape, Strides};
use crate::plan::blocking::{self, Footprint, Spread};
use crate::plan::describe::{self, Asked};
use crate::plan::lines::{LineFamily, LineKernel, LineKernels};
use crate::plan::select::{self, DepthwiseChoice, WalkSizes};
use crate::spec::DepthwiseSpec;
use core::ops::Range;
use sepconv_kernels::buffer::LINE;
use sepconv_kernels::depthwise::ColumnArgs;
use sepconv_kernels::depthwise::LineArgs;
use sepconv_kernels::epilogue::EpilogueArgs;
use sepconv_kernels::pack::depthwise::PackedDepthwise;
use sepconv_kernels::registry::{ColumnHwc, Kernel};

/// What these loops need: the packed weights and their kernels.
pub(crate) struct Hwc {
    /// Rows of taps.
    tap_rows: usize,
    multiplier: usize,
    lanes: usize,
    /// Kernels of lines along the rows of the map.
    lines: LineKernels,
    /// Kernels of lines down the map, where a window is one column wide.
    down: Option<LineKernels>,
    walks: Vec<&'static Kernel<ColumnHwc>>,
    packed: PackedDepthwise,
    epilogue: EpilogueArgs,
    /// Copies pixels apart, for the maps that need it; `None` if none does.
    spreader: Option<Spreader>,
    caches: CacheSizes,
}

impl Hwc {
    pub(crate) fn new(
        spec: &DepthwiseSpec,
        lanes: usize,
        choice: DepthwiseChoice,
        packed: PackedDepthwise,
        epilogue: EpilogueArgs,
        caches: CacheSizes,
    ) -> Self {
        let spreads = spec.multiplier == 1 && select::needs_lines(&choice.walks);
        Self {
            tap_rows: spec.window.kernel[0],
            multiplier: spec.multiplier,
            lanes,
            lines: choice.lines,
            down: choice.down,
            walks: choice.walks,
            packed,
            epilogue,
            spreader: spreads.then(|| Spreader::new(choice.copy, caches)),
            caches,
        }
    }

    /// The kernel that makes most outputs.
    pub(crate) fn kernel_name(&self) -> &'static str {
        let lines = self.down.as_ref().unwrap_or(&self.lines);
        self.walks.first().map_or_else(|| lines.first().name(), |walk| walk.name)
    }

    /// Fewest of `rows` output rows that a kernel makes at a time without leaving some of its tile unused.
    pub(crate) fn tile_rows(&self, rows: usize) -> usize {
        self.down.as_ref().and_then(|down| down.units(rows).min()).unwrap_or(1)
    }

    /// Elements of scratch: an offset for each row of taps, then room for spread rows.
    pub(crate) fn scratch_len(&self, input: Shape) -> Option<usize> {
        self.offsets_len()?.checked_add(self.spread_len(input))
    }

    /// As [`Hwc::scratch_len`], without room for spread rows: they are then read where they stand.
    pub(crate) fn offsets_len(&self) -> Option<usize> {
        let words = size_of::<isize>() / size_of::<f32>();
        self.tap_rows.checked_mul(words)?.checked_next_multiple_of(LINE)
    }

    fn spread_len(&self, input: Shape) -> usize {
        self.spreader.as_ref().map_or(0, |spreader| spreader.scratch_len(input))
    }

    /// Output rows `rows` of output channels `channels`, which start at a multiple of the lanes.
    pub(crate) fn band(&self, image: &Image, rows: Range<usize>, channels: Range<usize>, scratch: Scratch) {
        let Some(offsets_len) = self.offsets_len() else { return };
        let offsets = scratch.ptr.cast::<isize>();
        let rest = scratch.behind(offsets_len);
        let way = self.way([image.rows, image.columns], image.source.strides.w, [rows.len(), channels.len()]);
        let room = self.spread_len(image.source.shape) <= rest.len;
        let spread = match way {
            Way::Along(line) if room => self.spread(image, line, channels.len()),
            _ => None,
        };
        let block = match spread {
            Some(spread) => spread.channels,
            None => blocking::channel_block(channels.len(), self.packed.panel_len(), self.lanes, self.caches),
        };
        for first in channels.clone().step_by(block) {
            let channels = first..(first + block).min(channels.end);
            let mut block = Block { nest: self, image, source: image.source, channels, offsets, way };
            match (spread, &self.spreader) {
                (Some(spread), Some(spreader)) => {
                    let copies = spreader.rows(image, block.channels.clone(), spread, rest);
                    block.spread_rows(rows.clone(), spread, copies);
                }
                _ => {
                    block.fill_offsets();
                    block.rows(rows.clone(), |_| ());
                }
            }
        }
    }

    /// The fastest way to make so many rows and channels, of inputs with `pixel` elements between neighbouring pixels.
    fn way(&self, [rows, columns]: [Axis; 2], pixel: usize, [count, channels]: [usize; 2]) -> Way {
        let pixel_bytes = pixel.wrapping_mul(size_of::<f32>());
        let vectors = channels.div_ceil(self.lanes);
        let sizes = WalkSizes { outputs: columns.output, vectors, pixel_bytes };
        match select::walk(&self.walks, sizes) {
            Some(walk) => Way::Walk(walk),
            None => self.down(rows, count).map_or_else(|| Way::Along(self.along(columns, pixel_bytes)), Way::Down),
        }
    }

    /// The kernel of [`Hwc::way`].
    pub(crate) fn kernel(&self, axes: [Axis; 2], pixel: usize, counts: [usize; 2], asked: Asked<'_>) -> KernelInfo {
        let (window, width) = (asked.window, axes[1].output);
        match self.way(axes, pixel, counts) {
            Way::Walk(kernel) => {
                let (taps, pixels) = (window.kernel[0] * window.kernel[1], kernel.shape.pixels);
                let place = if kernel.shape.held { "registers hold" } else { "the cache holds" };
                let (empty, bytes) = (width.next_multiple_of(pixels) - width, pixel.wrapping_mul(size_of::<f32>()));
                let why = format!(
                    "{place} all {taps} taps: {width} outputs of a row, {bytes} bytes apart, leave {empty} of their tiles of {pixels} empty"
                );
                describe::column_hwc(kernel, asked, why)
            }
            Way::Down(line) => {
                let unit = self.down.as_ref().map_or(1, |down| down.unit(line));
                let why = describe::why_line(line.kernel, window, 0, counts[0], unit);
                describe::line(line.kernel, Lanes::Channels, true, asked, why)
            }
            Way::Along(line) => {
                let why = describe::why_line(line.kernel, window, 1, width, self.lines.unit(line));
                describe::line(line.kernel, Lanes::Channels, false, asked, why)
            }
        }
    }

    /// The kernel for lines along the rows of the map: not interleaved where pixels that do not compete for sets of the first-level cache
    /// would then do so (0.5 to 0.8 of the speed).
    fn along(&self, columns: Axis, pixel_bytes: usize) -> LineKernel {
        let apart = pixel_bytes.wrapping_mul(columns.dilation);
        match apart.is_multiple_of(1024) && !pixel_bytes.is_multiple_of(1024) {
            true => self.lines.as_it_is(columns.output),
            false => self.lines.choose(columns.output, columns.output),
        }
    }

    /// The kernel for lines of `count` outputs down the map, where they are better than lines along its rows: not where most of a tile
    /// would stay empty.
    fn down(&self, rows: Axis, count: usize) -> Option<LineKernel> {
        let down = self.down.as_ref()?;
        let line = down.choose(rows.output, count);
        (down.units(rows.output).min()? <= 2 * count).then_some(line)
    }

    /// How to spread the input's pixels, if they compete for the cache and can be spread.
    fn spread(&self, image: &Image, line: LineKernel, channels: usize) -> Option<Spread> {
        self.spreader.as_ref()?;
        let width = line.kernel.outputs;
        // Interleaved lines leave out the columns between their taps.
        let columns = match line.kernel.family {
            LineFamily::Line(kernel) => {
                let (taps, stride) = kernel.shape.window;
                (width - 1) * stride + taps
            }
            _ => image.columns.span(width),
        };
        let tile = Footprint {
            // Rows that are not read do not count, but a copy must hold what lies between the first and the last.
            inputs: [image.rows.span(1).min(image.rows.input), columns.min(image.columns.input)],
            outputs: width.min(image.columns.output),
            pixel_bytes: image.source.strides.w.wrapping_mul(size_of::<f32>()),
            width: image.columns.input,
            stride: image.rows.stride,
        };
        blocking::spread(tile, channels, self.caches)
    }
}

/// How the outputs of a band are made.
#[derive(Clone, Copy)]
enum Way {
    /// In columns of tiles.
    Walk(&'static Kernel<ColumnHwc>),
    /// In lines down the map.
    Down(LineKernel),
    /// In lines along its rows.
    Along(LineKernel),
}

/// A block of channels of a band.
struct Block<'a> {
    nest: &'a Hwc,
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

    /// All rows from spread copies, a fill of output rows at a time.
    fn spread_rows(&mut self, rows: Range<usize>, spread: Spread, mut copies: SpreadRows<'_>) {
        let fill = spread.outputs + 1;
        for first in rows.clone().step_by(fill) {
            let rows = first..(first + fill).min(rows.end);
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
                // A tile reads for outputs that are not wanted, too: of an expanded map, only the rows of this band may be there.
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
        let (nest, image) = (self.nest, self.image);
        let (along, across) = if axis == 0 { (image.rows, image.columns) } else { (image.columns, image.rows) };
        let (y, x) = (image.rows.start(oy), image.columns.start(ox));
        let (start, across_start, from) = if axis == 0 { (y, x, oy) } else { (x, y, ox) };
        let step = |strides: &Strides| if axis == 0 { strides.h } else { strides.w };
        LineArgs {
            input: self.source.at(self.channels.start / nest.multiplier, y, x),
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
            weights: nest.packed.as_slice().as_ptr(),
            first_panel: self.channels.start / nest.lanes,
            panels: nest.packed.panels(),
            multiplier: nest.multiplier,
            taps: [across.kernel, along.kernel],
            stride: along.stride,
            dilation: along.dilation,
            lane_ranges: core::ptr::null(),
            exact: false,
            epilogue: nest.epilogue,
        }
    }

    #[inline(always)]
    fn line(&self, line: LineKernel, args: &LineArgs) {
        // SAFETY: the operator's ISA was checked when it was made; the ranges cut all inputs to the map, whose elements are
        // inside the checked input slice, and `outputs` ends with the output map or the band; panels were packed for this kernel.
        interleave::each(args, line, |args| unsafe { (line.kernel.run)(args) });
    }

    fn walk_down(&self, kernel: &Kernel<ColumnHwc>, rows: Range<usize>) {
        let (nest, image) = (self.nest, self.image);
        let (y, x) = (image.rows.start(rows.start), image.columns.start(0));
        let first_panel = self.channels.start / nest.lanes;
        let args = ColumnArgs {
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
            weights: nest.packed.as_slice()[first_panel * nest.packed.panel_len()..].as_ptr(),
            epilogue: nest.epilogue,
        };
        // SAFETY: as in `line`; all rows are inside the band.
        unsafe { (kernel.run)(&args) }
    }
}
