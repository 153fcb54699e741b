//! Dense convolution, HWC: pixels are the rows of the matrix product and are read where they stand.
//!
//! A tap row of a pixel is one contiguous run (tap columns and channels together), or a run a tap where the window is dilated.
//! Rows with padding beside them are copied into a strip with zeros there, a few at a time, so that all pixels of an output row
//! are one line of whole tiles (`dense_strip.rs`). Where that cannot be done, pixels whose whole window is inside the map are
//! read in place, and those at the border are gathered into scratch, a few at a time.

use super::dense::{DenseImage, DenseStage, Sum};
use super::dense_strip::Strip;
use super::gemm::{Pixels, Runs};
use super::split::Scratch;
use super::window::Axis;
use core::ops::Range;
use sepconv_kernels::buffer::LINE;
use sepconv_kernels::copy_rows::RowArgs;
use sepconv_kernels::registry::KernelFn;

/// Whether the rows of a tile, that many channels apart, fall into fewer sets of the first-level cache than they need.
fn spreads(stage: &DenseStage) -> bool {
    let ways = (stage.caches.l1d / 4096).max(1);
    (stage.gemm.packed.k() * size_of::<f32>()).is_multiple_of(4096) && stage.gemm.rows() > ways
}

/// Elements between pixels that are copied apart.
fn spread_pitch(stage: &DenseStage) -> usize {
    stage.gemm.packed.k() + LINE
}

/// Border pixels gathered at a time.
fn gathered(stage: &DenseStage, columns: Axis) -> usize {
    stage.block.min(columns.output)
}

/// Elements of scratch: a row of k for each gathered pixel, or for each pixel that is copied apart.
pub(super) fn scratch_len(stage: &DenseStage, rows: Axis, columns: Axis) -> Option<usize> {
    if stage.spec.window.kernel == [1, 1] {
        // An output has its one tap or none: nothing is gathered.
        if !spreads(stage) {
            return Some(0);
        }
        let pixels = rows.output.saturating_mul(columns.output).min(stage.block);
        return pixels.checked_mul(spread_pitch(stage));
    }
    let gathered = gathered(stage, columns).checked_mul(stage.gemm.packed.k())?;
    let strip = Strip::of(stage, rows, columns).map_or(0, |strip| strip.len);
    Some(gathered.max(strip))
}

/// Output rows `rows` of the output channels of `panels`.
pub(super) fn band(stage: &DenseStage, image: &DenseImage, rows: Range<usize>, panels: Range<usize>, scratch: Scratch) {
    let (source, target) = (&image.source, &image.target);
    let flat = stage.reads_every_pixel()
        && (rows.len() == 1 || source.strides.h == image.columns.input * source.strides.w)
        && (rows.len() == 1 || target.strides.h == image.columns.output * target.strides.w)
        && image.columns.output == image.columns.input
        && image.rows.output == image.rows.input;
    if flat {
        return flat_band(stage, image, rows, panels, scratch);
    }
    let strip = Strip::of(stage, image.rows, image.columns).filter(|_| source.strides.w == stage.spec.in_channels);
    let block = stage.panel_block();
    let (mut first, end) = (panels.start, panels.end);
    while first < end {
        let panels = first..(first + block).min(end);
        first = panels.end;
        if let Some(strip) = &strip {
            strip.band(stage, image, rows.clone(), panels, scratch);
            continue;
        }
        for oy in rows.clone() {
            row(stage, image, oy, panels.clone(), scratch);
        }
    }
}

/// Pointwise at stride 1 on maps without gaps: all rows are one line of pixels.
fn flat_band(stage: &DenseStage, image: &DenseImage, rows: Range<usize>, panels: Range<usize>, scratch: Scratch) {
    let width = image.columns.output;
    let k = stage.gemm.packed.k();
    let block = stage.block;
    let spread = spreads(stage) && image.source.strides.w == k;
    let mut line = Pixels {
        input: image.source.at(0, rows.start as isize, 0),
        in_step: image.source.strides.w,
        output: image.target.at(0, rows.start, 0),
        out_step: image.target.strides.w,
        count: 0,
        then: 0,
    };
    let mut left = rows.len() * width;
    while left > 0 {
        line.count = block.min(left);
        line.then = block.min(left - line.count);
        let read = if spread { spread_line(stage, &line, scratch) } else { line };
        // SAFETY: the line's pixels are inside both maps, which have as many pixels, without gaps between rows.
        unsafe { stage.gemm.pixel_line(&read, &Runs::whole(k), panels.clone()) };
        line.input = line.input.wrapping_add(line.count * line.in_step);
        line.output = line.output.wrapping_add(line.count * line.out_step);
        left -= line.count;
    }
}

/// A part of the sums of a pointwise convolution at stride 1: all rows as one line of pixels where they have no gaps.
pub(super) fn sum(stage: &DenseStage, image: &DenseImage, rows: Range<usize>, panels: Range<usize>, sum: &Sum) {
    let (source, target, width) = (&image.source, &image.target, image.columns.output);
    let flat = source.strides.h == width * source.strides.w
        && target.strides.h == width * target.strides.w
        && sum.residual.is_none_or(|map| sum.is_flat(width * map.strides.w));
    let (step, width) = if flat { (rows.len(), rows.len() * width) } else { (1, width) };
    let runs = Runs { weight_start: sum.channels.start, ..Runs::whole(sum.channels.len()) };
    let block = stage.block;
    for oy in rows.step_by(step) {
        for first in (0..width).step_by(block) {
            let at = first * target.strides.w;
            let line = Pixels {
                input: source.at(sum.channels.start, oy as isize, 0).wrapping_add(first * source.strides.w),
                in_step: source.strides.w,
                output: target.at(0, oy, 0).wrapping_add(at),
                out_step: target.strides.w,
                count: block.min(width - first),
                then: 0,
            };
            // SAFETY: the line's pixels are inside all maps, `channels` of them were filled, and the output holds the sums so far
            // unless they begin.
            unsafe { stage.gemm.pixel_part(&line, &runs, panels.clone(), &sum.part(oy, first, true)) };
        }
    }
}

/// Copies the pixels of a line apart, so that the rows of a tile no longer push each other out of the first-level cache.
fn spread_line(stage: &DenseStage, line: &Pixels, scratch: Scratch) -> Pixels {
    let (k, pitch) = (stage.gemm.packed.k(), spread_pitch(stage));
    debug_assert!(line.count * pitch <= scratch.len);
    let args = RowArgs {
        from: line.input,
        row_step: line.in_step,
        rows: line.count,
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
    if let KernelFn::Rows(copy) = stage.copy.run {
        // SAFETY: the operator's ISA was checked when it was made; the line's pixels are inside the map, and the scratch has
        // room for a block of them (`scratch_len`).
        unsafe { copy(&args) }
    }
    Pixels { input: scratch.ptr, in_step: pitch, then: 0, ..*line }
}

/// One output row.
fn row(stage: &DenseStage, image: &DenseImage, oy: usize, panels: Range<usize>, scratch: Scratch) {
    let (columns, y) = (&image.columns, image.rows.start(oy));
    let whole_rows = image.rows.taps_inside(y) == [0, image.rows.kernel];
    // Columns whose first and last tap, and so all taps, are inside the map.
    let first = columns.outputs_inside(0)[0];
    let end = columns.outputs_inside(columns.kernel - 1)[1];
    let interior = if whole_rows && first < end { first..end } else { 0..0 };
    inner_pixels(stage, image, oy, interior.clone(), panels.clone());
    border_pixels(stage, image, oy, 0..interior.start, panels.clone(), scratch);
    border_pixels(stage, image, oy, interior.end..columns.output, panels, scratch);
}

/// Output columns whose whole window is inside the map, read in place.
fn inner_pixels(stage: &DenseStage, image: &DenseImage, oy: usize, columns: Range<usize>, panels: Range<usize>) {
    if columns.is_empty() {
        return;
    }
    let source = &image.source;
    let ([kh, kw], cin) = (stage.spec.window.kernel, stage.spec.in_channels);
    // Neighbouring taps of a row are one run if their pixels stand side by side in memory.
    let joined = kw == 1 || (stage.spec.window.dilation[1] == 1 && source.strides.w == cin);
    let (segments, run) = if joined { ([kh, 1], kw * cin) } else { ([kh, kw], cin) };
    let runs = Runs {
        segments,
        run,
        pixel_steps: [
            stage.spec.window.dilation[0].wrapping_mul(source.strides.h),
            stage.spec.window.dilation[1].wrapping_mul(source.strides.w),
        ],
        weight_steps: [kw * cin, cin],
        weight_start: 0,
    };
    let line = Pixels {
        input: source.at(0, image.rows.start(oy), image.columns.start(columns.start)),
        in_step: image.columns.stride.wrapping_mul(source.strides.w),
        output: image.target.at(0, oy, columns.start),
        out_step: image.target.strides.w,
        count: columns.len(),
        then: 0,
    };
    // SAFETY: every tap of these pixels is inside the input map, and the pixels are inside the output map.
    unsafe { stage.gemm.pixel_line(&line, &runs, panels) };
}

/// Output columns with taps outside the map.
fn border_pixels(
    stage: &DenseStage,
    image: &DenseImage,
    oy: usize,
    columns: Range<usize>,
    panels: Range<usize>,
    scratch: Scratch,
) {
    if stage.exact_padding || stage.spec.window.kernel == [1, 1] {
        for ox in columns {
            clipped_pixel(stage, image, oy, ox, panels.clone());
        }
        return;
    }
    let k = stage.gemm.packed.k();
    let capacity = gathered(stage, image.columns);
    let mut ox = columns.start;
    while ox < columns.end {
        let count = capacity.min(columns.end - ox);
        for i in 0..count {
            gather(stage, image, oy, ox + i, scratch.ptr.wrapping_add(i * k));
        }
        let output = image.target.at(0, oy, ox);
        let line = Pixels { input: scratch.ptr, in_step: k, output, out_step: image.target.strides.w, count, then: 0 };
        // SAFETY: `gather` filled k elements for each of these pixels, which are inside the output map.
        unsafe { stage.gemm.pixel_line(&line, &Runs::whole(k), panels.clone()) };
        ox += count;
    }
}

/// Copies the window of output `(oy, ox)` to `to`, zeros where it leaves the map.
fn gather(stage: &DenseStage, image: &DenseImage, oy: usize, ox: usize, to: *mut f32) {
    let (source, window, cin) = (&image.source, &stage.spec.window, stage.spec.in_channels);
    let KernelFn::Rows(copy) = stage.copy.run else { return };
    let row_len = window.kernel[1] * cin;
    for ky in 0..window.kernel[0] {
        let y = image.rows.start(oy) + (ky * window.dilation[0]) as isize;
        let inside = y >= 0 && y < image.rows.input as isize;
        let mut args = RowArgs {
            from: source.at(0, y, 0),
            row_step: 0,
            rows: 1,
            available: if inside { image.columns.input } else { 0 },
            start: image.columns.start(ox),
            stride: window.dilation[1],
            step: source.strides.w,
            group: cin,
            to: to.wrapping_add(ky * row_len),
            to_step: 0,
            len: window.kernel[1],
            pad: true,
            odd: core::ptr::null_mut(),
        };
        let contiguous = args.stride == 1 && args.step == cin;
        if contiguous || cin == 1 {
            // SAFETY: the operator's ISA was checked when it was made; the input row is inside the map or not touched, and
            // the scratch has room for a row of taps.
            unsafe { copy(&args) }
            continue;
        }
        // Pixels with gaps: their channels, tap by tap, as the single group of a row.
        let first = args.start;
        for kx in 0..window.kernel[1] {
            let x = first + (kx * window.dilation[1]) as isize;
            let pixel = inside && x >= 0 && x < image.columns.input as isize;
            args.from = source.at(0, y, x);
            (args.available, args.start, args.stride, args.step, args.group) = (cin, 0, 1, 1, 1);
            args.available = if pixel { cin } else { 0 };
            args.to = to.wrapping_add(ky * row_len + kx * cin);
            args.len = cin;
            // SAFETY: as above, for the channels of one pixel.
            unsafe { copy(&args) }
        }
    }
}

/// One output pixel from those of its taps that are inside the map.
fn clipped_pixel(stage: &DenseStage, image: &DenseImage, oy: usize, ox: usize, panels: Range<usize>) {
    let (y, x) = (image.rows.start(oy), image.columns.start(ox));
    let output = image.target.at(0, oy, ox);
    let (strides, window) = (&image.source.strides, &stage.spec.window);
    let (input, runs) = match stage.taps_inside(image, y, x) {
        Some(([ky, kx], runs)) => {
            let tap = |start: isize, k: usize, dilation: usize| start + (k * dilation) as isize;
            let input = image.source.at(0, tap(y, ky, window.dilation[0]), tap(x, kx, window.dilation[1]));
            let steps = [window.dilation[0].wrapping_mul(strides.h), window.dilation[1].wrapping_mul(strides.w)];
            (input, Runs { pixel_steps: steps, ..runs })
        }
        // No tap at all: the bias alone.
        None => (image.source.ptr, Runs { segments: [0, 0], ..Runs::whole(0) }),
    };
    let line = Pixels { input, in_step: 0, output, out_step: 0, count: 1, then: 0 };
    // SAFETY: the runs cover only taps inside the map, and the pixel is inside the output map.
    unsafe { stage.gemm.pixel_line(&line, &runs, panels) };
}
