//! Depthwise rows whose lanes are channels: lines of outputs, with a multiplier, too, and columns of tiles.

use crate::activation::{Activation, CURVES};
use crate::check::{Expected, Outcome, Sum, UNTOUCHED};
use crate::numbers::{Axis, Border, Grid, Numbers};
use crate::rows::{Family, Row};
use sepconv_kernels::depthwise::{ColumnArgs, LineArgs, VERSATILE_TAPS};
use sepconv_kernels::pack::depthwise::{LaneAxis, PackedDepthwise};

/// One call for a line.
#[derive(Debug)]
struct Line {
    along: Axis,
    /// Rows of taps, their distance, and which of them are inside the map.
    outer: usize,
    outer_dilation: usize,
    outer_range: [usize; 2],
    /// Panels before the first channel to compute.
    first_panel: usize,
    lanes: usize,
    multiplier: usize,
    /// Elements between the channels of a pixel and the next one's.
    gap: usize,
}

pub fn test_lines(row: &Row, grid: Grid, tried: &mut usize) -> Outcome {
    let Family::LanesOfPixels { window, outputs: tile, run } = row.family else { return Ok(()) };
    let versatile = window.is_none_or(|(taps, _)| taps <= VERSATILE_TAPS);
    let (l, known) = (row.lanes, Activation::known(row.epilogue));
    let mut call = |[outputs, lanes]: [usize; 2], multiplier, border, curve: Option<Activation>| {
        *tried += 1;
        let mut numbers = Numbers::of_case(*tried);
        let along = match window {
            Some((taps, stride)) => [taps, stride, 1],
            None => numbers.pick(&[[3, 1, 1], [1, 1, 1], [4, 2, 1], [3, 1, 2], [2, 3, 1], [2, 1, 3], [13, 1, 1]]),
        };
        let outer = numbers.pick(&[3, 1, 2, along[0]]);
        let case = Line {
            along: Axis::new(outputs, along, border),
            outer,
            outer_dilation: numbers.pick(&[1, 2]),
            outer_range: numbers.pick(&[[0, outer], [outer / 2, outer], [0, outer.div_ceil(2)], [0, 0]]),
            first_panel: numbers.pick(&[0, 0, 1, 2]),
            lanes,
            multiplier,
            gap: numbers.pick(&[0, 3]),
        };
        let activation = curve.unwrap_or_else(|| numbers.pick(&known));
        case.check(row, run, &mut numbers, activation)
    };
    for outputs in grid.around(tile) {
        for lanes in grid.of(&[l - 1, l, l + 1, 1, 2 * l, 2 * l + 1, 3 * l + l / 2], 3) {
            for border in grid.borders() {
                for multiplier in grid.of(&[1, 2, 3, 5], 2) {
                    if versatile || multiplier == 1 {
                        call([outputs, lanes], multiplier, border, None)?;
                    }
                }
            }
        }
    }
    // So much that a curve behind the kernel is made piece by piece.
    for sizes in grid.of(&[[61, 150], [33, 9 * l + 1]], 1) {
        for curve in CURVES.into_iter().filter(|curve| curve.is_known(row.epilogue)) {
            call(sizes, 1, |_, _| [1, 1], Some(curve))?;
        }
    }
    Ok(())
}

impl Line {
    fn check(&self, row: &Row, run: unsafe fn(&LineArgs), numbers: &mut Numbers, activation: Activation) -> Outcome {
        let Self { along, outer, multiplier, lanes, .. } = *self;
        let first = self.first_panel * row.lanes;
        let in_channels = (first + lanes).div_ceil(multiplier);
        // The map: rows of pixels, not numbers between these and in rows that no tap is to read.
        let pixel = in_channels + self.gap;
        let in_row = pixel * along.extent + 7;
        let mut map = vec![f32::NAN; in_row * outer * self.outer_dilation];
        for ky in self.outer_range[0]..self.outer_range[1] {
            for x in 0..along.extent {
                let at = ky * self.outer_dilation * in_row + x * pixel;
                map[at..at + in_channels].copy_from_slice(&numbers.many(in_channels));
            }
        }
        let bias = numbers.many(in_channels * multiplier);
        let weights = numbers.many(in_channels * multiplier * outer * along.taps);
        let weight = |o: usize, ky: usize, kx: usize| weights[(o * outer + ky) * along.taps + kx];
        let sizes = [in_channels, multiplier, outer, along.taps];
        let of = |c: usize, q: usize, ky: usize, kx: usize| weight(c * multiplier + q, ky, kx);
        let packed = PackedDepthwise::new(sizes, LaneAxis::Channels, row.lanes, of, Some(&bias));

        let out_step = lanes + self.gap;
        let mut sums = vec![None; out_step * along.outputs];
        for (ox, lane) in (0..along.outputs).flat_map(|ox| (0..lanes).map(move |lane| (ox, lane))) {
            let o = first + lane;
            let mut sum = Sum::from(bias[o]);
            for ky in self.outer_range[0]..self.outer_range[1] {
                for kx in 0..along.taps {
                    if let Some(x) = along.position(ox, kx) {
                        sum.add(map[ky * self.outer_dilation * in_row + x * pixel + o / multiplier], weight(o, ky, kx));
                    }
                }
            }
            sums[ox * out_step + lane] = Some(sum);
        }

        let offsets = Vec::from_iter((0..outer).map(|ky| (ky * self.outer_dilation * in_row) as isize));
        Expected::sums(sums, numbers).check(row, activation, self, |epilogue, _| {
            let mut output = vec![UNTOUCHED; out_step * along.outputs];
            let args = LineArgs {
                input: map.as_ptr().wrapping_offset(along.start * pixel as isize).wrapping_add(first / multiplier),
                in_step: pixel,
                outer: offsets.as_ptr(),
                outer_range: self.outer_range,
                start: along.start,
                extent: along.extent,
                output: output.as_mut_ptr(),
                out_step,
                outputs: along.outputs,
                lanes,
                lane_step: 1,
                columns: 0,
                pairs_from: 0,
                channels: 1,
                channel_steps: [0; 3],
                weights: packed.as_slice().as_ptr(),
                first_panel: self.first_panel,
                panels: packed.panels(),
                multiplier,
                taps: [outer, along.taps],
                stride: along.stride,
                dilation: along.dilation,
                lane_ranges: core::ptr::null(),
                exact: false,
                epilogue,
            };
            // SAFETY: positions below the extent are pixels of each row of `map`, which `offsets` lead to, with all channels that
            // the lanes read; `output` has a pixel for each output, and `packed` was made for these taps. The level is
            // available: `main.rs` runs no row of another.
            unsafe { run(&args) }
            output
        })
    }
}

/// One call for columns of tiles.
#[derive(Debug)]
struct Columns {
    rows: Axis,
    columns: Axis,
    channels: usize,
    gap: usize,
}

pub fn test_columns(row: &Row, grid: Grid, tried: &mut usize) -> Outcome {
    let Family::ColumnsHwc { window: (taps, stride), pixels, vectors, run } = row.family else { return Ok(()) };
    let (tile, known, borders) = (vectors * row.lanes, Activation::known(row.epilogue), grid.borders());
    let mut call = |[rows, outputs, channels]: [usize; 3], borders: [Border; 2]| {
        *tried += 1;
        let mut numbers = Numbers::of_case(*tried);
        let axis = |outputs, border| Axis::new(outputs, [taps, stride, 1], border);
        let (rows, columns) = (axis(rows, borders[0]), axis(outputs, borders[1]));
        let case = Columns { rows, columns, channels, gap: numbers.pick(&[0, 3]) };
        let activation = numbers.pick(&known);
        case.check(row, run, &mut numbers, activation)
    };
    for outputs in grid.around(pixels) {
        for channels in grid.around(tile).into_iter().chain(grid.of(&[1, row.lanes + 1], 1)) {
            for (i, &border) in borders.iter().enumerate() {
                for rows in grid.of(&[3, 1, 2, 4, 7], 2) {
                    call([rows, outputs, channels], [border, borders[(i + rows) % borders.len()]])?;
                    call([rows, outputs, channels], [borders[(i + rows) % borders.len()], border])?;
                }
            }
        }
    }
    Ok(())
}

impl Columns {
    fn check(&self, row: &Row, run: unsafe fn(&ColumnArgs), numbers: &mut Numbers, activation: Activation) -> Outcome {
        let Self { rows, columns, channels, gap } = *self;
        let (pixel, taps) = (channels + gap, rows.taps);
        let in_row = pixel * columns.extent + 7;
        let mut map = vec![f32::NAN; in_row * rows.extent];
        for at in (0..rows.extent * columns.extent).map(|i| i / columns.extent * in_row + i % columns.extent * pixel) {
            map[at..at + channels].copy_from_slice(&numbers.many(channels));
        }
        let (bias, weights) = (numbers.many(channels), numbers.many(channels * taps * taps));
        let weight = |c: usize, ky: usize, kx: usize| weights[(c * taps + ky) * taps + kx];
        let of = |c: usize, _: usize, ky: usize, kx: usize| weight(c, ky, kx);
        let packed = PackedDepthwise::new([channels, 1, taps, taps], LaneAxis::Channels, row.lanes, of, Some(&bias));

        let out_row = pixel * columns.outputs + gap;
        let mut sums = vec![None; out_row * rows.outputs];
        for (oy, i) in (0..rows.outputs).flat_map(|oy| (0..columns.outputs * channels).map(move |i| (oy, i))) {
            let (ox, c) = (i / channels, i % channels);
            let mut sum = Sum::from(bias[c]);
            for (ky, kx) in (0..taps * taps).map(|tap| (tap / taps, tap % taps)) {
                if let (Some(y), Some(x)) = (rows.position(oy, ky), columns.position(ox, kx)) {
                    sum.add(map[y * in_row + x * pixel + c], weight(c, ky, kx));
                }
            }
            sums[oy * out_row + ox * pixel + c] = Some(sum);
        }

        let inside = |position: isize| position.max(0) as usize;
        let row_range = [inside(-rows.start), inside(rows.extent as isize - rows.start)];
        let origin = rows.start * in_row as isize + columns.start * pixel as isize;
        Expected::sums(sums, numbers).check(row, activation, self, |epilogue, _| {
            let mut output = vec![UNTOUCHED; out_row * rows.outputs];
            let args = ColumnArgs {
                input: map.as_ptr().wrapping_offset(origin),
                in_steps: [in_row, pixel],
                row_range,
                start: columns.start,
                extent: columns.extent,
                output: output.as_mut_ptr(),
                out_steps: [out_row, pixel],
                rows: rows.outputs,
                outputs: columns.outputs,
                channels,
                weights: packed.as_slice().as_ptr(),
                epilogue,
            };
            // SAFETY: rows in `row_range` and columns below `extent` are pixels of `map` with all channels; `output` has a pixel for
            // each output, and `packed` was made for these taps. The level is available: `main.rs` runs no row of another.
            unsafe { run(&args) }
            output
        })
    }
}
