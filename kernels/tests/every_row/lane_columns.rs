//! Depthwise rows whose lanes are columns, or elements of a row: lines and columns of outputs, of one channel or several.

use crate::activation::{Activation, CURVES};
use crate::check::{Expected, Outcome, Sum, UNTOUCHED};
use crate::numbers::{Axis, Border, Grid, Numbers};
use crate::rows::{Family, Row};
use sepconv_kernels::depthwise::{LineArgs, VERSATILE_TAPS};
use sepconv_kernels::pack::depthwise::{LaneAxis, PackedDepthwise};

/// One call.
#[derive(Debug)]
struct Case {
    /// Down the map.
    rows: Axis,
    /// Along its rows.
    columns: Axis,
    pairs_from: usize,
    /// Channels of a pixel where lanes are elements, else 1.
    group: usize,
    elements: bool,
    /// Channels to compute one after the other.
    channels: usize,
    /// Whether all of them read the same input.
    shared: bool,
    exact: bool,
    /// Elements between the lanes of an output line and the next one's.
    gap: usize,
}

/// What a row accepts.
struct Accepts {
    window: Option<(usize, usize)>,
    /// Outputs of a tile.
    tile: usize,
    run: unsafe fn(&LineArgs),
    elements: bool,
    two_channels: bool,
    /// Whether the window is square.
    square: bool,
}

impl Accepts {
    fn of(row: &Row) -> Option<Self> {
        let (window, tile, run) = match row.family {
            Family::LanesOfPixels { window, outputs, run } | Family::LanesOfColumns { window, outputs, run } => {
                (window, outputs, run)
            }
            Family::TwoChannels { window, outputs, run } => (Some(window), outputs, run),
            // A tile is the rows whose sums are live.
            Family::ColumnsChw { window, run } => (Some(window), window.0.div_ceil(window.1), run),
            _ => return None,
        };
        let elements = matches!(row.family, Family::LanesOfPixels { .. });
        let versatile = window.is_none_or(|(taps, _)| taps <= VERSATILE_TAPS);
        let two_channels = matches!(row.family, Family::TwoChannels { .. });
        let square = matches!(row.family, Family::ColumnsChw { .. });
        (versatile || !elements).then_some(Self { window, tile, run, elements, two_channels, square })
    }

    /// A call of so many outputs, columns and channels; what else there is to choose comes from the numbers.
    fn case(
        &self,
        row: &Row,
        [outputs, columns, channels]: [usize; 3],
        borders: [Border; 2],
        numbers: &mut Numbers,
    ) -> Case {
        let along = match self.window {
            Some((taps, stride)) => [taps, stride, 1],
            None => numbers.pick(&[[3, 1, 1], [1, 1, 1], [4, 2, 1], [3, 1, 2], [2, 3, 1], [2, 1, 3], [13, 1, 1]]),
        };
        let versatile = self.window.is_none_or(|(taps, _)| taps <= VERSATILE_TAPS);
        let exact = self.window.is_none() && numbers.pick(&[true, false, false]);
        let twice = match row.family {
            Family::LanesOfColumns { .. } => versatile && !exact && numbers.pick(&[true, false]),
            Family::TwoChannels { .. } | Family::ColumnsChw { .. } => along[1] == 2 && numbers.pick(&[true, false]),
            _ => false,
        };
        let taps = if self.square { along[0] } else { numbers.pick(&[3, 1, 2, along[0]]) };
        let dilation = if self.square && twice { 1 } else { numbers.pick(&[1, 1, 2]) };
        let pairs_from = if dilation == 1 { numbers.pick(&[0, 1]) } else { taps };
        let group = if self.elements { numbers.pick(&[1, 2, 3, row.lanes / 2]).min(row.lanes / 2) } else { 1 };
        let columns = if self.elements { columns.div_ceil(group) } else { columns };
        Case {
            rows: Axis::new(outputs, along, borders[0]),
            columns: Axis::new(columns, [taps, if twice { 2 } else { 1 }, dilation], borders[1]),
            pairs_from,
            group,
            elements: self.elements,
            channels: if self.elements { 1 } else { channels.max(if self.two_channels { 2 } else { 1 }) },
            shared: numbers.pick(&[false, false, true]),
            exact,
            gap: numbers.pick(&[0, 3]),
        }
    }

    /// Numbers of lanes around half a vector and whole ones.
    fn lanes(&self, row: &Row, grid: Grid) -> Vec<usize> {
        let l = row.lanes;
        if self.two_channels {
            return grid.of(&[l / 2 - 1, l / 2, l / 4, 1, l / 4 + 1], 2);
        }
        let beyond = [2 * l - 1, 2 * l, 2 * l + 1, 3 * l, 3 * l + 1, 5 * l + 2];
        grid.of(&[&[l - 1, l, l + 1, l / 2, l / 2 + 1, 1], &beyond[..]].concat(), 4)
    }
}

pub fn test(row: &Row, grid: Grid, tried: &mut usize) -> Outcome {
    let Some(accepts) = Accepts::of(row) else { return Ok(()) };
    let (borders, known) = (grid.borders(), Activation::known(row.epilogue));
    let mut call = |sizes, ends: Option<[Border; 2]>, activation: Option<Activation>| {
        *tried += 1;
        let mut numbers = Numbers::of_case(*tried);
        let ends = ends.unwrap_or_else(|| [numbers.pick(&borders), numbers.pick(&borders)]);
        let activation = activation.unwrap_or_else(|| numbers.pick(&known));
        accepts.case(row, sizes, ends, &mut numbers).check(row, &accepts, &mut numbers, activation)
    };
    for outputs in grid.around(accepts.tile) {
        for lanes in accepts.lanes(row, grid) {
            for &border in &borders {
                call([outputs, lanes, 1 + outputs % 5], Some([border, borders[lanes % borders.len()]]), None)?;
                call([outputs, lanes, 1 + lanes % 5], Some([borders[outputs % borders.len()], border]), None)?;
            }
            for channels in 1..=if grid == Grid::Full { 5 } else { 1 } {
                call([outputs, lanes, channels], None, None)?;
            }
        }
    }
    // So much that a curve behind the kernel is made piece by piece.
    let long = [[31, 150, 2], [61, 7, 11], [20, 9, 30], [61, 67, 3]];
    for [outputs, lanes, channels] in grid.of(&long, 1) {
        let lanes = if accepts.two_channels { lanes.min(row.lanes / 2) } else { lanes };
        for curve in CURVES.into_iter().filter(|curve| curve.is_known(row.epilogue)) {
            call([outputs, lanes, channels], None, Some(curve))?;
        }
    }
    Ok(())
}

impl Case {
    fn check(&self, row: &Row, accepts: &Accepts, numbers: &mut Numbers, activation: Activation) -> Outcome {
        let Self { rows, columns, group, channels, .. } = *self;
        // The map: planes of rows, not numbers between these.
        let row_len = columns.extent * group;
        let pitch = row_len + 5;
        let planes = if self.shared { 1 } else { channels };
        let in_plane = if self.shared { 0 } else { pitch * rows.extent };
        let mut map = vec![f32::NAN; pitch * rows.extent * planes];
        for line in map.chunks_mut(pitch) {
            line[..row_len].copy_from_slice(&numbers.many(row_len));
        }
        let (all, taps) = (channels * group, rows.taps * columns.taps);
        let bias = numbers.many(all);
        let mut weights = numbers.many(all * taps);
        if self.exact {
            weights[0] = f32::INFINITY;
        }
        let weight = |c: usize, ky: usize, kx: usize| weights[(c * rows.taps + ky) * columns.taps + kx];
        let axis = if self.elements { LaneAxis::Elements } else { LaneAxis::Columns };
        let sizes = [all, 1, rows.taps, columns.taps];
        let packed = PackedDepthwise::new(sizes, axis, row.lanes, |c, _, ky, kx| weight(c, ky, kx), Some(&bias));

        let lanes = columns.outputs * group;
        let out_step = lanes + self.gap;
        let out_plane = out_step * rows.outputs + self.gap;
        let mut sums = vec![None; out_plane * channels];
        for (c, oy, ox, g) in each([channels, rows.outputs, columns.outputs, group]) {
            let mut sum = Sum::from(bias[c * group + g]);
            for (ky, kx) in (0..taps).map(|tap| (tap / columns.taps, tap % columns.taps)) {
                if let (Some(y), Some(x)) = (rows.position(oy, ky), columns.position(ox, kx)) {
                    sum.add(map[c * in_plane + y * pitch + x * group + g], weight(c * group + g, ky, kx));
                }
            }
            sums[c * out_plane + oy * out_step + ox * group + g] = Some(sum);
        }

        let offset = |kx: usize| group as isize * (columns.start + (kx * columns.dilation) as isize);
        let offsets = Vec::from_iter((0..columns.taps).map(offset));
        let lane_ranges = Vec::from_iter((0..columns.taps).map(|kx| columns.inside(kx).map(|ox| ox * group)));
        Expected::sums(sums, numbers).check(row, activation, self, |epilogue, _| {
            let mut output = vec![UNTOUCHED; out_plane * channels];
            let args = LineArgs {
                input: map.as_ptr().wrapping_offset(rows.start * pitch as isize),
                in_step: pitch,
                outer: offsets.as_ptr(),
                outer_range: [0, columns.taps],
                start: rows.start,
                extent: rows.extent,
                output: output.as_mut_ptr(),
                out_step,
                outputs: rows.outputs,
                lanes,
                lane_step: columns.stride,
                columns: columns.extent,
                pairs_from: self.pairs_from,
                channels,
                channel_steps: [in_plane, out_plane, packed.panel_len()],
                weights: packed.as_slice().as_ptr(),
                first_panel: 0,
                panels: if self.elements { packed.panels() } else { 1 },
                multiplier: 1,
                taps: [columns.taps, rows.taps],
                stride: rows.stride,
                dilation: rows.dilation,
                lane_ranges: lane_ranges.as_ptr(),
                exact: self.exact,
                epilogue,
            };
            // SAFETY: positions below both extents are inside `map`, whose rows are `in_step` apart; `offsets` and `lane_ranges` have
            // an element for each tap column, `output` a line for each output of each channel, and `packed` was made for these
            // taps. The level is available: `main.rs` runs no row of another.
            unsafe { (accepts.run)(&args) }
            output
        })
    }
}

/// All combinations of indices below the sizes.
fn each([a, b, c, d]: [usize; 4]) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    (0..a * b * c * d).map(move |i| (i / (b * c * d), i / (c * d) % b, i / d % c, i % d))
}
