//! Dense convolution, CHW: pixels are the columns of the matrix product. A strip of them is copied into scratch, one vector
//! row for each k, with padding and stride resolved, and then meets all weights.

use super::dense::{DenseImage, DenseStage, Sum};
use super::gemm::{Part, Runs};
use super::gemm_chw::Columns;
use super::split::Scratch;
use super::window::Axis;
use core::ops::Range;
use sepconv_kernels::copy_rows::RowArgs;
use sepconv_kernels::registry::KernelFn;

/// Strips that meet a panel of weights one after the other.
fn strips(stage: &DenseStage, rows: Axis, columns: Axis) -> usize {
    let width = stage.gemm.columns();
    let pixels = rows.output.saturating_mul(columns.output);
    (stage.block / width).min(pixels.div_ceil(width)).max(1)
}

/// Elements of scratch: the strips of a block.
pub(super) fn scratch_len(stage: &DenseStage, rows: Axis, columns: Axis) -> Option<usize> {
    let strip = stage.gemm.packed.k().checked_mul(stage.gemm.columns())?;
    strip.checked_mul(strips(stage, rows, columns))
}

/// Pixels of a strip: `count` from `first`, counted through the rows of the output.
#[derive(Clone, Copy)]
struct Piece {
    first: usize,
    count: usize,
}

/// Where pixels of a strip go.
#[derive(Clone, Copy)]
struct Place {
    /// The first one's value for k = 0.
    to: *mut f32,
    /// Elements from one k to the next.
    step: usize,
}

/// Output rows `rows` of the output channels of `panels`.
pub(super) fn band(stage: &DenseStage, image: &DenseImage, rows: Range<usize>, panels: Range<usize>, scratch: Scratch) {
    let width = image.columns.output;
    if stage.exact_padding && (image.rows.reads_padding() || image.columns.reads_padding()) {
        for oy in rows {
            exact_row(stage, image, oy, panels.clone(), scratch);
        }
        return;
    }
    // Strips may run on into the next row where the output has no gaps between rows.
    if image.target.strides.h == width || rows.len() == 1 {
        return pixels(stage, image, rows.start * width..rows.end * width, panels, &whole(stage), scratch);
    }
    for oy in rows {
        pixels(stage, image, oy * width..(oy + 1) * width, panels.clone(), &whole(stage), scratch);
    }
}

/// All input channels, nothing added.
const fn whole(stage: &DenseStage) -> Sum {
    Sum { channels: 0..stage.spec.in_channels, begins: true, ends: true, residual: None }
}

/// A part of the sums of a pointwise convolution at stride 1.
pub(super) fn sum(
    stage: &DenseStage,
    image: &DenseImage,
    rows: Range<usize>,
    panels: Range<usize>,
    sum: &Sum,
    scratch: Scratch,
) {
    let width = image.columns.output;
    let flat = image.target.strides.h == width && sum.is_flat(width);
    let step = if flat { rows.len() } else { 1 };
    for oy in rows.clone().step_by(step) {
        pixels(stage, image, oy * width..(oy + step) * width, panels.clone(), sum, scratch);
    }
}

/// A range of output pixels that stand side by side in memory.
fn pixels(
    stage: &DenseStage,
    image: &DenseImage,
    range: Range<usize>,
    panels: Range<usize>,
    sum: &Sum,
    scratch: Scratch,
) {
    let taps = stage.spec.window.kernel[0] * stage.spec.window.kernel[1];
    let (k, width) = (taps * sum.channels.len(), stage.gemm.columns());
    let runs = Runs { weight_start: sum.channels.start, ..Runs::whole(k) };
    let block = strips(stage, image.rows, image.columns) * width;
    let strip_at = |strip: usize| scratch.ptr.wrapping_add(strip * k * width);
    for start in range.clone().step_by(block) {
        let end = (start + block).min(range.end);
        let few = start + stage.gemm.in_strips(end - start, k);
        let strips = (start..few).step_by(width).map(|first| Piece { first, count: width.min(few - first) });
        for (strip, piece) in strips.clone().enumerate() {
            let place = Place { to: strip_at(strip), step: stage.gemm.strip_width(piece.count) };
            pack(stage, image, piece, &sum.channels, place);
        }
        let rest = Piece { first: few, count: end - few };
        let packed_rest = pack_rest(stage, image, rest, &sum.channels, scratch.ptr.wrapping_add((few - start) * k));
        let columns = |piece: Piece, packed: *const f32| {
            let (oy, ox) = (piece.first / image.columns.output, piece.first % image.columns.output);
            let (output, plane) = (image.target.at(0, oy, ox), image.target.strides.c);
            (Columns { packed, output, plane, count: piece.count }, sum.part(oy, ox, false))
        };
        // The rest of the pixels with two panels at a time, while these are in the cache.
        for first in panels.clone().step_by(2) {
            let pair = first..(first + 2).min(panels.end);
            for panel in pair.clone() {
                for (strip, piece) in strips.clone().enumerate() {
                    let (columns, part) = columns(piece, strip_at(strip));
                    // SAFETY: the strip holds its width of pixels for each k; its `count` pixels stand side by side in every output
                    // plane and in the residual's, and the output holds the sums so far unless they begin.
                    unsafe { stage.gemm.pixel_strip(&columns, &runs, panel, &part) }
                }
            }
            if rest.count > 0 {
                let (columns, part) = columns(rest, packed_rest);
                // SAFETY: as above; there are as many pixels for each k as `rest` has.
                unsafe { stage.gemm.few_pixels(&columns, &runs, pair, &part) }
            }
        }
    }
}

/// Whether pixels stand in a plane as they do in the output: one row of them all.
fn is_flat(stage: &DenseStage, image: &DenseImage) -> bool {
    let width = image.columns.output;
    // A window of one tap may have padding: that of a `Conv2d`.
    let whole_map = image.rows.output == image.rows.input && width == image.columns.input;
    stage.reads_every_pixel() && whole_map && (image.rows.input == 1 || image.source.strides.h == width)
}

/// Packs the last few pixels of a block, `rest.count` for each k, and returns where they are: left where they stand if they are a whole
/// map without gaps.
fn pack_rest(
    stage: &DenseStage,
    image: &DenseImage,
    rest: Piece,
    channels: &Range<usize>,
    scratch: *mut f32,
) -> *const f32 {
    let all = image.rows.input * image.columns.input;
    if is_flat(stage, image) && rest.count == all && image.source.strides.c == all {
        return image.source.at(channels.start, 0, 0);
    }
    if rest.count > 0 {
        pack(stage, image, rest, channels, Place { to: scratch, step: rest.count });
    }
    scratch
}

/// Copies a piece's inputs to their place, row by row of the output.
fn pack(stage: &DenseStage, image: &DenseImage, piece: Piece, channels: &Range<usize>, place: Place) {
    let width = image.columns.output;
    if is_flat(stage, image) {
        let available = image.rows.input * width;
        return copy(stage, image, channels, [0, 0], available, piece.first as isize, piece.count, place);
    }
    let (mut at, end) = (piece.first, piece.first + piece.count);
    while at < end {
        let (oy, ox) = (at / width, at % width);
        let count = (width - ox).min(end - at);
        let place = Place { to: place.to.wrapping_add(at - piece.first), ..place };
        pack_row(stage, image, [oy, ox], count, channels, place);
        at += count;
    }
}

/// Copies the inputs of `count` output columns from `ox` of row `oy`, for all taps and channels.
fn pack_row(
    stage: &DenseStage,
    image: &DenseImage,
    [oy, ox]: [usize; 2],
    count: usize,
    channels: &Range<usize>,
    place: Place,
) {
    let (window, tap_len) = (&stage.spec.window, channels.len() * place.step);
    for ky in 0..window.kernel[0] {
        let y = image.rows.start(oy) + (ky * window.dilation[0]) as isize;
        let inside = y >= 0 && y < image.rows.input as isize;
        let available = if inside { image.columns.input } else { 0 };
        for kx in 0..window.kernel[1] {
            let start = image.columns.start(ox) + (kx * window.dilation[1]) as isize;
            let to = place.to.wrapping_add((ky * window.kernel[1] + kx) * tap_len);
            copy(stage, image, channels, [y, 0], available, start, count, Place { to, ..place });
        }
    }
}

/// Copies one tap's positions, `count` from `start` in the row at `(y, x)`, for the channels.
#[allow(clippy::too_many_arguments)]
fn copy(
    stage: &DenseStage,
    image: &DenseImage,
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
    let KernelFn::Rows(run) = stage.copy.run else { return };
    // SAFETY: the operator's ISA was checked when it was made; `available` positions of the row are inside the map for every
    // channel (none are touched where the row is not), and the strip has room for a vector row of every channel.
    unsafe { run(&args) }
}

/// One output row whose weights must not meet the padding's zeros: columns with the same taps inside the map together.
fn exact_row(stage: &DenseStage, image: &DenseImage, oy: usize, panels: Range<usize>, scratch: Scratch) {
    let columns = &image.columns;
    let taps_of = |ox: usize| columns.taps_inside(columns.start(ox));
    let mut ox = 0;
    while ox < columns.output {
        let mut end = ox + 1;
        while end < columns.output && end - ox < stage.gemm.columns() && taps_of(end) == taps_of(ox) {
            end += 1;
        }
        exact_columns(stage, image, oy, ox..end, panels.clone(), scratch);
        ox = end;
    }
}

/// Output columns that have the same taps inside the map.
fn exact_columns(
    stage: &DenseStage,
    image: &DenseImage,
    oy: usize,
    columns: Range<usize>,
    panels: Range<usize>,
    scratch: Scratch,
) {
    let (y, x) = (image.rows.start(oy), image.columns.start(columns.start));
    let (window, channels) = (&stage.spec.window, 0..stage.spec.in_channels);
    let step = stage.gemm.strip_width(columns.len());
    let runs = match stage.taps_inside(image, y, x) {
        Some(([first_ky, first_kx], runs)) => {
            let tap_len = stage.spec.in_channels * step;
            for ky in 0..runs.segments[0] {
                for kx in 0..runs.segments[1] {
                    let at = |start: isize, k: usize, dilation: usize| start + (k * dilation) as isize;
                    let y = at(y, first_ky + ky, window.dilation[0]);
                    let x = at(x, first_kx + kx, window.dilation[1]);
                    let to = scratch.ptr.wrapping_add((ky * runs.segments[1] + kx) * tap_len);
                    let available = image.columns.input;
                    copy(stage, image, &channels, [y, 0], available, x, columns.len(), Place { to, step });
                }
            }
            Runs { pixel_steps: [runs.segments[1] * tap_len, tap_len], ..runs }
        }
        // No tap at all: the bias alone.
        None => Runs { segments: [0, 0], ..Runs::whole(0) },
    };
    let (output, plane) = (image.target.at(0, oy, columns.start), image.target.strides.c);
    let columns = Columns { packed: scratch.ptr, output, plane, count: columns.len() };
    for panel in panels {
        // SAFETY: the scratch holds a strip's width of pixels for each k of the runs; the columns are inside the output row.
        unsafe { stage.gemm.pixel_strip(&columns, &runs, panel, &Part::WHOLE) }
    }
}
