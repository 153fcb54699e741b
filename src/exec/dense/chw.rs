//! Dense convolution, CHW: pixels are the columns of the matrix product. A sliver of them is packed into scratch, one vector
//! row for each k, with padding and stride resolved, and then meets all weights.

use super::product::Product;
use super::product_chw::Columns;
use super::runs::Runs;
use super::sum::{Sum, SumAt};
use crate::exec::run::image::Image;
use crate::exec::run::scratch::Scratch;
use crate::exec::run::window::Axis;
use crate::kernel_info::KernelInfo;
use crate::plan::describe::Asked;
use core::ops::Range;
use sepconv_kernels::copy_rows::RowArgs;
use sepconv_kernels::registry::{CopyRows, Kernel};

/// What these loops need: the packed weights and their kernels.
pub(crate) struct Chw {
    pub product: Product,
    in_channels: usize,
    /// Copies rows into slivers.
    copy: &'static Kernel<CopyRows>,
    /// Whether the padding's zeros must be kept away from the sums (a weight is infinite or NaN).
    exact_padding: bool,
    /// Pixels that meet all weights before the next ones do.
    block: usize,
}

/// Where packed pixels go.
#[derive(Clone, Copy)]
struct Place {
    /// The first one's value for k = 0.
    to: *mut f32,
    /// Elements from one k to the next.
    step: usize,
}

impl Chw {
    pub(crate) const fn new(
        in_channels: usize,
        product: Product,
        block: usize,
        copy: &'static Kernel<CopyRows>,
        exact_padding: bool,
    ) -> Self {
        Self { product, in_channels, copy, exact_padding, block }
    }

    /// Slivers that meet a panel of weights one after the other.
    fn slivers(&self, rows: Axis, columns: Axis) -> usize {
        let width = self.product.columns();
        let pixels = rows.output.saturating_mul(columns.output);
        (self.block / width).min(pixels.div_ceil(width)).max(1)
    }

    /// Elements of scratch: the slivers of a block.
    pub(crate) fn scratch_len(&self, rows: Axis, columns: Axis) -> Option<usize> {
        let sliver = self.product.packed.k().checked_mul(self.product.columns())?;
        sliver.checked_mul(self.slivers(rows, columns))
    }

    /// The kernels for so many output rows of a map without gaps, the one that makes most outputs first.
    pub(crate) fn kernels(&self, [rows, columns]: [Axis; 2], count: usize, asked: Asked<'_>) -> Vec<KernelInfo> {
        let exact = self.exact_padding && (rows.reads_padding() || columns.reads_padding());
        if exact {
            return vec![self.product.sliver_kernel(columns.output, asked)];
        }
        let block = self.slivers(rows, columns) * self.product.columns();
        self.product.column_kernels(count * columns.output, block, asked)
    }

    /// Output rows `rows` of the output channels of `panels`.
    pub(crate) fn band(&self, image: &Image, rows: Range<usize>, panels: Range<usize>, scratch: Scratch) {
        let width = image.columns.output;
        if self.exact_padding && (image.rows.reads_padding() || image.columns.reads_padding()) {
            for oy in rows {
                self.exact_row(image, oy, panels.clone(), scratch);
            }
            return;
        }
        let sum = Sum::all(self.in_channels, None);
        // Slivers may run on into the next row where the output has no gaps between rows.
        if image.target.strides.h == width || rows.len() == 1 {
            return self.pixels(image, rows.start * width..rows.end * width, panels, &sum, scratch);
        }
        for oy in rows {
            self.pixels(image, oy * width..(oy + 1) * width, panels.clone(), &sum, scratch);
        }
    }

    /// Adds to the sums of a pointwise convolution at stride 1.
    pub(crate) fn sum(&self, image: &Image, rows: Range<usize>, panels: Range<usize>, sum: &Sum, scratch: Scratch) {
        let width = image.columns.output;
        let flat = image.target.strides.h == width && sum.is_flat(width);
        let step = if flat { rows.len() } else { 1 };
        for oy in rows.clone().step_by(step) {
            self.pixels(image, oy * width..(oy + step) * width, panels.clone(), sum, scratch);
        }
    }

    /// A range of output pixels that stand side by side in memory.
    fn pixels(&self, image: &Image, range: Range<usize>, panels: Range<usize>, sum: &Sum, scratch: Scratch) {
        let taps = image.rows.kernel * image.columns.kernel;
        let (k, width) = (taps * sum.channels.len(), self.product.columns());
        let runs = Runs { weight_start: sum.channels.start, ..Runs::whole(k) };
        let block = self.slivers(image.rows, image.columns) * width;
        let sliver_at = |sliver: usize| scratch.ptr.wrapping_add(sliver * k * width);
        for start in range.clone().step_by(block) {
            let end = (start + block).min(range.end);
            let few = start + self.product.in_slivers(end - start, k);
            let slivers = (start..few).step_by(width).map(|first| first..(first + width).min(few));
            for (sliver, pixels) in slivers.clone().enumerate() {
                let place = Place { to: sliver_at(sliver), step: self.product.sliver_width(pixels.len()) };
                self.pack(image, pixels, &sum.channels, place);
            }
            let rest = few..end;
            let packed_rest =
                self.pack_rest(image, rest.clone(), &sum.channels, scratch.ptr.wrapping_add((few - start) * k));
            let columns = |pixels: Range<usize>, packed: *const f32| {
                let (oy, ox) = (pixels.start / image.columns.output, pixels.start % image.columns.output);
                let (output, plane) = (image.target.at(0, oy, ox), image.target.strides.c);
                (Columns { packed, output, plane, count: pixels.len() }, sum.at(oy, ox, false))
            };
            // The rest of the pixels with two panels at a time, while these are in the cache.
            for first in panels.clone().step_by(2) {
                let two = first..(first + 2).min(panels.end);
                for panel in two.clone() {
                    for (sliver, pixels) in slivers.clone().enumerate() {
                        let (columns, at) = columns(pixels, sliver_at(sliver));
                        // SAFETY: the sliver holds its width of pixels for each k; its `count` pixels stand side by side in every output
                        // plane and in the residual's, and the output holds the sums so far unless they begin.
                        unsafe { self.product.sliver(&columns, &runs, panel, &at) }
                    }
                }
                if !rest.is_empty() {
                    let (columns, at) = columns(rest.clone(), packed_rest);
                    // SAFETY: as above; there are as many pixels for each k as `rest` has.
                    unsafe { self.product.few_pixels(&columns, &runs, two, &at) }
                }
            }
        }
    }

    /// Packs the last few pixels of a block, all of them for each k, and returns where they are: left where they stand if they are a whole
    /// map without gaps.
    fn pack_rest(&self, image: &Image, rest: Range<usize>, channels: &Range<usize>, scratch: *mut f32) -> *const f32 {
        let all = image.rows.input * image.columns.input;
        if is_flat(image) && rest.len() == all && image.source.strides.c == all {
            return image.source.at(channels.start, 0, 0);
        }
        if !rest.is_empty() {
            let place = Place { to: scratch, step: rest.len() };
            self.pack(image, rest, channels, place);
        }
        scratch
    }

    /// Copies the inputs of some pixels to their place, row by row of the output.
    fn pack(&self, image: &Image, pixels: Range<usize>, channels: &Range<usize>, place: Place) {
        let width = image.columns.output;
        if is_flat(image) {
            let available = image.rows.input * width;
            return self.copy(image, channels, [0, 0], available, pixels.start as isize, pixels.len(), place);
        }
        let (mut at, end) = (pixels.start, pixels.end);
        while at < end {
            let (oy, ox) = (at / width, at % width);
            let count = (width - ox).min(end - at);
            let place = Place { to: place.to.wrapping_add(at - pixels.start), ..place };
            self.pack_row(image, [oy, ox], count, channels, place);
            at += count;
        }
    }

    /// Copies the inputs of `count` output columns from `ox` of row `oy`, for all taps and channels.
    fn pack_row(&self, image: &Image, [oy, ox]: [usize; 2], count: usize, channels: &Range<usize>, place: Place) {
        let tap_len = channels.len() * place.step;
        for ky in 0..image.rows.kernel {
            let y = image.rows.start(oy) + (ky * image.rows.dilation) as isize;
            let inside = y >= 0 && y < image.rows.input as isize;
            let available = if inside { image.columns.input } else { 0 };
            for kx in 0..image.columns.kernel {
                let start = image.columns.start(ox) + (kx * image.columns.dilation) as isize;
                let to = place.to.wrapping_add((ky * image.columns.kernel + kx) * tap_len);
                self.copy(image, channels, [y, 0], available, start, count, Place { to, ..place });
            }
        }
    }

    /// Copies one tap's positions, `count` from `start` in the row at `(y, x)`, for the channels.
    #[allow(clippy::too_many_arguments)]
    fn copy(
        &self,
        image: &Image,
        channels: &Range<usize>,
        [y, x]: [isize; 2],
        available: usize,
        start: isize,
        count: usize,
        place: Place,
    ) {
        let args = RowArgs {
            from: image.source.at(channels.start, y, x),
            row_step: image.source.strides.c,
            rows: channels.len(),
            available,
            start,
            stride: image.columns.stride,
            step: 1,
            group: 1,
            to: place.to,
            to_step: place.step,
            len: count,
            pad: true,
            odd: core::ptr::null_mut(),
        };
        // SAFETY: the operator's ISA was checked when it was made; `available` positions of the row are inside the map for every
        // channel (none are touched where the row is not), and the sliver has room for a vector row of every channel.
        unsafe { (self.copy.run)(&args) }
    }

    /// One output row whose weights must not meet the padding's zeros: columns with the same taps inside the map together.
    fn exact_row(&self, image: &Image, oy: usize, panels: Range<usize>, scratch: Scratch) {
        let columns = &image.columns;
        let taps_of = |ox: usize| columns.taps_inside(columns.start(ox));
        let mut ox = 0;
        while ox < columns.output {
            let mut end = ox + 1;
            while end < columns.output && end - ox < self.product.columns() && taps_of(end) == taps_of(ox) {
                end += 1;
            }
            self.exact_columns(image, oy, ox..end, panels.clone(), scratch);
            ox = end;
        }
    }

    /// Output columns that have the same taps inside the map.
    fn exact_columns(&self, image: &Image, oy: usize, columns: Range<usize>, panels: Range<usize>, scratch: Scratch) {
        let (y, x) = (image.rows.start(oy), image.columns.start(columns.start));
        let channels = 0..self.in_channels;
        let step = self.product.sliver_width(columns.len());
        let runs = match Runs::of_taps_inside(image, y, x, self.in_channels) {
            Some(([first_ky, first_kx], runs)) => {
                let tap_len = self.in_channels * step;
                for ky in 0..runs.segments[0] {
                    for kx in 0..runs.segments[1] {
                        let at = |start: isize, k: usize, dilation: usize| start + (k * dilation) as isize;
                        let y = at(y, first_ky + ky, image.rows.dilation);
                        let x = at(x, first_kx + kx, image.columns.dilation);
                        let to = scratch.ptr.wrapping_add((ky * runs.segments[1] + kx) * tap_len);
                        let available = image.columns.input;
                        self.copy(image, &channels, [y, 0], available, x, columns.len(), Place { to, step });
                    }
                }
                Runs { pixel_steps: [runs.segments[1] * tap_len, tap_len], ..runs }
            }
            None => Runs::NONE,
        };
        let (output, plane) = (image.target.at(0, oy, columns.start), image.target.strides.c);
        let columns = Columns { packed: scratch.ptr, output, plane, count: columns.len() };
        for panel in panels {
            // SAFETY: the scratch holds a sliver's width of pixels for each k of the runs; the columns are inside the output row.
            unsafe { self.product.sliver(&columns, &runs, panel, &SumAt::ALL) }
        }
    }
}

/// Whether pixels stand in a plane as they do in the output: one row of them all.
fn is_flat(image: &Image) -> bool {
    let in_rows = image.rows.input == 1 || image.source.strides.h == image.columns.output;
    image.reads_every_pixel() && image.keeps_size() && in_rows
}
