//! Dense convolution, HWC: pixels are the rows of the matrix product and are read where they stand.
//!
//! A tap row of a pixel is one contiguous run (tap columns and channels together), or a run a tap where the window is dilated.
//! Rows with padding beside them are copied into a strip with zeros there, a few at a time, so that all pixels of an output row
//! are whole tiles (`hwc_padded.rs`). Where that cannot be done, pixels whose whole window is inside the map are
//! read in place, and those at the border are gathered into scratch, a few at a time.

use super::hwc_padded::Padded;
use super::product::{Pixels, Product};
use super::runs::Runs;
use super::sum::Sum;
use crate::exec::run::image::Image;
use crate::exec::run::scratch::Scratch;
use crate::exec::run::window::Axis;
use crate::isa::CacheSizes;
use crate::kernel_info::KernelInfo;
use crate::plan::describe::Asked;
use crate::spec::Conv2dSpec;
use core::ops::Range;
use sepconv_kernels::buffer::LINE;
use sepconv_kernels::copy_rows::RowArgs;
use sepconv_kernels::registry::{CopyRows, Kernel};

/// What these loops need: the packed weights and their kernels.
pub(crate) struct Hwc {
    pub product: Product,
    in_channels: usize,
    /// Whether the window has one tap: an output then has it or none.
    one_tap: bool,
    /// Copies rows into scratch.
    copy: &'static Kernel<CopyRows>,
    /// Whether the padding's zeros must be kept away from the sums (a weight is infinite or NaN).
    exact_padding: bool,
    /// Pixels that meet all weights before the next ones do.
    block: usize,
    /// Panels whose weights stay in the second-level cache while the pixels pass.
    panel_block: usize,
    /// Whether the rows of a tile, that many channels apart, fall into fewer sets of the first-level cache than they need.
    spreads: bool,
    /// Makes strips of rows with padding beside them; `None` where zeros must not stand for it, or the window has one tap.
    padded: Option<Padded>,
}

impl Hwc {
    pub(crate) fn new(
        spec: &Conv2dSpec,
        product: Product,
        block: usize,
        copy: &'static Kernel<CopyRows>,
        exact_padding: bool,
        caches: CacheSizes,
    ) -> Self {
        let k = product.packed.k();
        let panel_bytes = product.packed.panels()[0].width * (k + 1) * size_of::<f32>();
        let ways = (caches.l1d / 4096).max(1);
        let one_tap = spec.window.kernel == [1, 1];
        let padded = (!exact_padding && !one_tap).then(|| Padded::new(spec.in_channels, copy, caches));
        Self {
            in_channels: spec.in_channels,
            one_tap,
            copy,
            exact_padding,
            block,
            panel_block: (caches.l2 / 2 / panel_bytes).max(1),
            spreads: (k * size_of::<f32>()).is_multiple_of(4096) && product.rows() > ways,
            padded,
            product,
        }
    }

    /// Elements between pixels that are copied apart.
    const fn spread_pitch(&self) -> usize {
        self.product.packed.k() + LINE
    }

    /// Border pixels gathered at a time.
    fn gathered(&self, columns: Axis) -> usize {
        self.block.min(columns.output)
    }

    /// Elements of scratch: a row of k for each gathered pixel, or for each pixel that is copied apart.
    pub(crate) fn scratch_len(&self, rows: Axis, columns: Axis) -> Option<usize> {
        if self.one_tap {
            // Nothing is gathered.
            if !self.spreads {
                return Some(0);
            }
            let pixels = rows.output.saturating_mul(columns.output).min(self.block);
            return pixels.checked_mul(self.spread_pitch());
        }
        let gathered = self.gathered(columns).checked_mul(self.product.packed.k())?;
        let strip = self.padded.as_ref().and_then(|padded| padded.strip(rows, columns));
        Some(gathered.max(strip.map_or(0, |strip| strip.len)))
    }

    /// The kernel that makes most of so many output rows of a map without gaps.
    pub(crate) fn kernel(&self, [rows, columns]: [Axis; 2], count: usize, asked: Asked<'_>) -> KernelInfo {
        let every_pixel = |axis: Axis| axis.kernel == 1 && axis.stride == 1 && axis.input == axis.output;
        let flat = every_pixel(rows) && every_pixel(columns);
        let pixels = if flat { (count * columns.output).min(self.block) } else { columns.output };
        self.product.pixel_kernel(pixels, asked)
    }

    /// Output rows `rows` of the output channels of `panels`.
    pub(crate) fn band(&self, image: &Image, rows: Range<usize>, panels: Range<usize>, scratch: Scratch) {
        let (source, target) = (&image.source, &image.target);
        let flat = image.reads_every_pixel()
            && (rows.len() == 1 || source.strides.h == image.columns.input * source.strides.w)
            && (rows.len() == 1 || target.strides.h == image.columns.output * target.strides.w)
            && image.keeps_size();
        if flat {
            return self.flat_band(image, rows, panels, scratch);
        }
        let padded = self.padded.as_ref().filter(|_| source.strides.w == self.in_channels);
        let strip = padded.and_then(|padded| Some((padded, padded.strip(image.rows, image.columns)?)));
        let block = self.panel_block;
        let (mut first, end) = (panels.start, panels.end);
        while first < end {
            let panels = first..(first + block).min(end);
            first = panels.end;
            if let Some((padded, strip)) = &strip {
                padded.band(&self.product, strip, image, rows.clone(), panels, scratch);
                continue;
            }
            for oy in rows.clone() {
                self.row(image, oy, panels.clone(), scratch);
            }
        }
    }

    /// Pointwise at stride 1 on maps without gaps: all rows are one row of pixels.
    fn flat_band(&self, image: &Image, rows: Range<usize>, panels: Range<usize>, scratch: Scratch) {
        let width = image.columns.output;
        let k = self.product.packed.k();
        let block = self.block;
        let spread = self.spreads && image.source.strides.w == k;
        let mut pixels = Pixels {
            input: image.source.at(0, rows.start as isize, 0),
            in_step: image.source.strides.w,
            output: image.target.at(0, rows.start, 0),
            out_step: image.target.strides.w,
            count: 0,
            then: 0,
        };
        let mut left = rows.len() * width;
        while left > 0 {
            pixels.count = block.min(left);
            pixels.then = block.min(left - pixels.count);
            let read = if spread { self.spread_pixels(&pixels, scratch) } else { pixels };
            // SAFETY: the pixels are inside both maps, which have as many pixels, without gaps between rows.
            unsafe { self.product.pixels(&read, &Runs::whole(k), panels.clone()) };
            pixels.input = pixels.input.wrapping_add(pixels.count * pixels.in_step);
            pixels.output = pixels.output.wrapping_add(pixels.count * pixels.out_step);
            left -= pixels.count;
        }
    }

    /// Adds to the sums of a pointwise convolution at stride 1: all rows as a single one where they have no gaps.
    pub(crate) fn sum(&self, image: &Image, rows: Range<usize>, panels: Range<usize>, sum: &Sum) {
        let (source, target, width) = (&image.source, &image.target, image.columns.output);
        let flat = source.strides.h == width * source.strides.w
            && target.strides.h == width * target.strides.w
            && sum.residual.is_none_or(|map| sum.is_flat(width * map.strides.w));
        let (step, width) = if flat { (rows.len(), rows.len() * width) } else { (1, width) };
        let runs = Runs { weight_start: sum.channels.start, ..Runs::whole(sum.channels.len()) };
        let block = self.block;
        for oy in rows.step_by(step) {
            for first in (0..width).step_by(block) {
                let at = first * target.strides.w;
                let pixels = Pixels {
                    input: source.at(sum.channels.start, oy as isize, 0).wrapping_add(first * source.strides.w),
                    in_step: source.strides.w,
                    output: target.at(0, oy, 0).wrapping_add(at),
                    out_step: target.strides.w,
                    count: block.min(width - first),
                    then: 0,
                };
                // SAFETY: the pixels are inside all maps, `channels` of them were filled, and the output holds the sums so far
                // unless they begin.
                unsafe { self.product.add_pixels(&pixels, &runs, panels.clone(), &sum.at(oy, first, true)) };
            }
        }
    }

    /// Copies pixels apart, so that the rows of a tile no longer push each other out of the first-level cache.
    fn spread_pixels(&self, pixels: &Pixels, scratch: Scratch) -> Pixels {
        let (k, pitch) = (self.product.packed.k(), self.spread_pitch());
        debug_assert!(pixels.count * pitch <= scratch.len);
        let args = RowArgs {
            from: pixels.input,
            row_step: pixels.in_step,
            rows: pixels.count,
            available: k,
            start: 0,
            stride: 1,
            step: 1,
            group: 1,
            to: scratch.ptr,
            to_step: pitch,
            len: k,
            pad: false,
            odd: core::ptr::null_mut(),
        };
        // SAFETY: the operator's ISA was checked when it was made; the pixels are inside the map, and the scratch has
        // room for a block of them (`scratch_len`).
        unsafe { (self.copy.run)(&args) }
        Pixels { input: scratch.ptr, in_step: pitch, then: 0, ..*pixels }
    }

    /// One output row.
    fn row(&self, image: &Image, oy: usize, panels: Range<usize>, scratch: Scratch) {
        let (columns, y) = (&image.columns, image.rows.start(oy));
        let whole_rows = image.rows.taps_inside(y) == [0, image.rows.kernel];
        // Columns whose first and last tap, and so all taps, are inside the map.
        let first = columns.outputs_inside(0)[0];
        let end = columns.outputs_inside(columns.kernel - 1)[1];
        let interior = if whole_rows && first < end { first..end } else { 0..0 };
        self.inner_pixels(image, oy, interior.clone(), panels.clone());
        self.border_pixels(image, oy, 0..interior.start, panels.clone(), scratch);
        self.border_pixels(image, oy, interior.end..columns.output, panels, scratch);
    }

    /// Output columns whose whole window is inside the map, read in place.
    fn inner_pixels(&self, image: &Image, oy: usize, columns: Range<usize>, panels: Range<usize>) {
        if columns.is_empty() {
            return;
        }
        let source = &image.source;
        let ([kh, kw], cin) = ([image.rows.kernel, image.columns.kernel], self.in_channels);
        // Neighbouring taps of a row are one run if their pixels stand side by side in memory.
        let joined = kw == 1 || (image.columns.dilation == 1 && source.strides.w == cin);
        let (segments, run) = if joined { ([kh, 1], kw * cin) } else { ([kh, kw], cin) };
        let runs = Runs {
            segments,
            run,
            pixel_steps: [
                image.rows.dilation.wrapping_mul(source.strides.h),
                image.columns.dilation.wrapping_mul(source.strides.w),
            ],
            weight_steps: [kw * cin, cin],
            weight_start: 0,
        };
        let pixels = Pixels {
            input: source.at(0, image.rows.start(oy), image.columns.start(columns.start)),
            in_step: image.columns.stride.wrapping_mul(source.strides.w),
            output: image.target.at(0, oy, columns.start),
            out_step: image.target.strides.w,
            count: columns.len(),
            then: 0,
        };
        // SAFETY: every tap of these pixels is inside the input map, and the pixels are inside the output map.
        unsafe { self.product.pixels(&pixels, &runs, panels) };
    }

    /// Output columns with taps outside the map.
    fn border_pixels(&self, image: &Image, oy: usize, columns: Range<usize>, panels: Range<usize>, scratch: Scratch) {
        if self.exact_padding || self.one_tap {
            for ox in columns {
                self.clipped_pixel(image, oy, ox, panels.clone());
            }
            return;
        }
        let k = self.product.packed.k();
        let capacity = self.gathered(image.columns);
        let mut ox = columns.start;
        while ox < columns.end {
            let count = capacity.min(columns.end - ox);
            for i in 0..count {
                self.gather(image, oy, ox + i, scratch.ptr.wrapping_add(i * k));
            }
            let output = image.target.at(0, oy, ox);
            let pixels =
                Pixels { input: scratch.ptr, in_step: k, output, out_step: image.target.strides.w, count, then: 0 };
            // SAFETY: `gather` filled k elements for each of these pixels, which are inside the output map.
            unsafe { self.product.pixels(&pixels, &Runs::whole(k), panels.clone()) };
            ox += count;
        }
    }

    /// Copies the window of output `(oy, ox)` to `to`, zeros where it leaves the map.
    fn gather(&self, image: &Image, oy: usize, ox: usize, to: *mut f32) {
        let (source, [kh, kw], cin) = (&image.source, [image.rows.kernel, image.columns.kernel], self.in_channels);
        let row_len = kw * cin;
        for ky in 0..kh {
            let y = image.rows.start(oy) + (ky * image.rows.dilation) as isize;
            let inside = y >= 0 && y < image.rows.input as isize;
            let mut args = RowArgs {
                from: source.at(0, y, 0),
                row_step: 0,
                rows: 1,
                available: if inside { image.columns.input } else { 0 },
                start: image.columns.start(ox),
                stride: image.columns.dilation,
                step: source.strides.w,
                group: cin,
                to: to.wrapping_add(ky * row_len),
                to_step: 0,
                len: kw,
                pad: true,
                odd: core::ptr::null_mut(),
            };
            let contiguous = args.stride == 1 && args.step == cin;
            if contiguous || cin == 1 {
                // SAFETY: the operator's ISA was checked when it was made; the input row is inside the map or not touched, and
                // the scratch has room for a row of taps.
                unsafe { (self.copy.run)(&args) }
                continue;
            }
            // Pixels with gaps: their channels, tap by tap, as the single group of a row.
            let first = args.start;
            for kx in 0..kw {
                let x = first + (kx * image.columns.dilation) as isize;
                let pixel = inside && x >= 0 && x < image.columns.input as isize;
                args.from = source.at(0, y, x);
                (args.available, args.start, args.stride, args.step, args.group) = (cin, 0, 1, 1, 1);
                args.available = if pixel { cin } else { 0 };
                args.to = to.wrapping_add(ky * row_len + kx * cin);
                args.len = cin;
                // SAFETY: as above, for the channels of one pixel.
                unsafe { (self.copy.run)(&args) }
            }
        }
    }

    /// One output pixel from those of its taps that are inside the map.
    fn clipped_pixel(&self, image: &Image, oy: usize, ox: usize, panels: Range<usize>) {
        let (y, x) = (image.rows.start(oy), image.columns.start(ox));
        let output = image.target.at(0, oy, ox);
        let strides = &image.source.strides;
        let (input, runs) = match Runs::of_taps_inside(image, y, x, self.in_channels) {
            Some(([ky, kx], runs)) => {
                let tap = |start: isize, k: usize, dilation: usize| start + (k * dilation) as isize;
                let input = image.source.at(0, tap(y, ky, image.rows.dilation), tap(x, kx, image.columns.dilation));
                let steps =
                    [image.rows.dilation.wrapping_mul(strides.h), image.columns.dilation.wrapping_mul(strides.w)];
                (input, Runs { pixel_steps: steps, ..runs })
            }
            None => (image.source.ptr, Runs::NONE),
        };
        let pixels = Pixels { input, in_step: 0, output, out_step: 0, count: 1, then: 0 };
        // SAFETY: the runs cover only taps inside the map, and the pixel is inside the output map.
        unsafe { self.product.pixels(&pixels, &runs, panels) };
    }
}
