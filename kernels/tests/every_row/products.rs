//! Rows of matrix products: tiles with pixels or output channels as rows, and few pixels.

use crate::activation::Activation;
use crate::check::{Expected, Outcome, Sum, UNTOUCHED};
use crate::numbers::{Grid, Numbers};
use crate::rows::{Family, Row};
use sepconv_kernels::product::GemmArgs;

/// One call: `C[rows × columns] = act(bias + A·B) + residual`.
#[derive(Debug)]
struct Case {
    rows: usize,
    columns: usize,
    /// Runs of k, outer and inner, and their length.
    segments: [usize; 2],
    run: usize,
    /// Tiles below each other (pixels as rows), or panels (few pixels).
    tiles: usize,
    /// Output channels of a panel (few pixels).
    width: usize,
    begins: bool,
    ends: bool,
    residual: bool,
    /// Elements behind what is used of a row or a run.
    gap: usize,
    /// Distance of prefetches.
    ahead_step: usize,
}

/// Arguments that ask for nothing.
pub fn nothing() -> GemmArgs {
    GemmArgs {
        a: core::ptr::null(),
        a_row: 0,
        a_width: 0,
        segments: [0, 0],
        a_steps: [0, 0],
        b_steps: [0, 0],
        run: 0,
        b: core::ptr::null(),
        ahead: core::ptr::null(),
        ahead_step: 0,
        ahead_tile: 0,
        bias: core::ptr::null(),
        begins: true,
        ends: true,
        residual: core::ptr::null(),
        residual_row: 0,
        c: core::ptr::null_mut(),
        c_row: 0,
        rows: 0,
        tiles: 1,
        columns: 0,
        epilogue: sepconv_kernels::epilogue::EpilogueArgs::clamp(f32::NEG_INFINITY, f32::INFINITY).1,
    }
}

pub fn test(row: &Row, grid: Grid, tried: &mut usize) -> Outcome {
    let (l, known) = (row.lanes, Activation::known(row.epilogue));
    let sizes = match row.family {
        Family::PixelTile { rows, vectors, .. } => {
            let tiles = grid.of(&[1, 2, 3], 2);
            product(&tiles, &up_to(vectors * l, l, grid))
                .into_iter()
                .map(|[tiles, columns]| [rows * tiles, columns, tiles, 0])
                .collect()
        }
        Family::ChannelTile { rows, vectors, .. } => {
            let rows = [rows, rows.saturating_sub(1).max(1), 1];
            product(&rows, &up_to(vectors * l, l, grid))
                .into_iter()
                .map(|[rows, columns]| [rows, columns, 1, 0])
                .collect()
        }
        Family::FewPixels { vectors, .. } => {
            let columns = grid.of(&[3, 4, 5, 1, 2, 6, 7, 9], 3);
            let widths = product(&[1, 2], &[vectors * l, l / 2]);
            let panels = Vec::from_iter(widths.into_iter().flat_map(|[tiles, width]| {
                let rows = [tiles * width, tiles * width - 1, (tiles - 1) * width + 1];
                rows.map(|rows| [rows, tiles, width])
            }));
            let with = |columns: usize| panels.iter().map(move |&[rows, tiles, width]| [rows, columns, tiles, width]);
            columns.into_iter().flat_map(with).collect::<Vec<_>>()
        }
        _ => return Err("not a row of a matrix product".to_owned()),
    };
    let segments = [[1, 1], [2, 3], [1, 2], [3, 1]];
    let parts = [(true, true), (true, false), (false, true), (false, false)];
    for &[rows, columns, tiles, width] in &sizes {
        for (begins, ends) in parts {
            for run in grid.of(&[l + 1, 1, l - 1, 2 * l, 3], 1) {
                *tried += 1;
                let mut numbers = Numbers::of_case(*tried);
                let case = Case {
                    rows,
                    columns,
                    segments: numbers.pick(&segments),
                    run,
                    tiles,
                    width,
                    begins,
                    ends,
                    residual: numbers.pick(&[true, false]),
                    gap: numbers.pick(&[0, 5]),
                    ahead_step: numbers.pick(&[0, 16]),
                };
                let activation = numbers.pick(&known);
                case.check(row, &mut numbers, activation)?;
            }
        }
    }
    Ok(())
}

fn product(a: &[usize], b: &[usize]) -> Vec<[usize; 2]> {
    a.iter().flat_map(|&a| b.iter().map(move |&b| [a, b])).collect()
}

/// Columns of a tile that is full, or not.
fn up_to(full: usize, lanes: usize, grid: Grid) -> Vec<usize> {
    let mut columns = grid.of(&[full, full - 1, 1, full - lanes + 1, (full / 2).max(1), lanes + 1], 2);
    columns.retain(|&columns| columns <= full);
    columns
}

/// Where elements stand: A's row and k, B's k and column.
struct Places {
    /// Elements of A between rows, and of a run between values of k.
    a: [usize; 2],
    a_runs: [usize; 2],
    /// Elements of B between values of k.
    b: usize,
    b_runs: [usize; 2],
}

impl Case {
    fn check(&self, row: &Row, numbers: &mut Numbers, activation: Activation) -> Outcome {
        let Self { rows, columns, segments: [outer, inner], run: k, gap, width, .. } = *self;
        // Elements from one run to the next, and from one run of runs to the next.
        let runs = |run: usize| [inner * (run + gap) + gap, run + gap];
        let (entry, places) = match row.family {
            Family::PixelTile { vectors, run, .. } => {
                let (a_runs, nr) = (runs(k), vectors * row.lanes);
                (run, Places { a: [outer * a_runs[0] + gap, 1], a_runs, b: nr, b_runs: runs(k * nr) })
            }
            Family::ChannelTile { rows: mr, vectors, run } => {
                let nr = vectors * row.lanes;
                (run, Places { a: [1, mr], a_runs: runs(k * mr), b: nr, b_runs: runs(k * nr) })
            }
            Family::FewPixels { run, .. } => {
                (run, Places { a: [1, width], a_runs: runs(k * width), b: columns, b_runs: runs(k * columns) })
            }
            _ => return Err("not a row of a matrix product".to_owned()),
        };
        let few = matches!(row.family, Family::FewPixels { .. });
        // Panels of few pixels: the bias, the weights, and what whole vectors read beyond them.
        let panel = width + outer * places.a_runs[0] + gap;
        let a_at = |i: usize, [s, t, n]: [usize; 3]| {
            let of_k = s * places.a_runs[0] + t * places.a_runs[1] + n * places.a[1];
            if few { i / width * panel + width + i % width + of_k } else { i * places.a[0] + of_k }
        };
        let b_at = |j: usize, [s, t, n]: [usize; 3]| s * places.b_runs[0] + t * places.b_runs[1] + n * places.b + j;
        let terms = Vec::from_iter((0..outer * inner * k).map(|i| [i / (inner * k), i / k % inner, i % k]));
        // Not numbers wherever no term is; of both matrices a little is read beyond their rows and columns.
        let slack = 16 * row.lanes;
        let a_len = if few { self.tiles * panel } else { rows * places.a[0] + outer * places.a_runs[0] };
        let (mut a, mut b) = (vec![f32::NAN; a_len + slack], vec![f32::NAN; outer * places.b_runs[0] + slack]);
        for &term in &terms {
            (0..rows).for_each(|i| a[a_at(i, term)] = numbers.next());
            (0..columns).for_each(|j| b[b_at(j, term)] = numbers.next());
        }
        // Bias is one for each output channel: rows, or columns where rows are pixels.
        let by_column = matches!(row.family, Family::PixelTile { .. });
        let channels = if by_column { columns } else { rows };
        let mut bias = vec![f32::NAN; channels + slack];
        let given = numbers.many(channels);
        bias[..channels].copy_from_slice(&given);
        if few {
            (0..channels).for_each(|o| a[o / width * panel + o % width] = given[o]);
        }

        let c_row = columns + gap;
        let mut sums = vec![None; rows * c_row];
        let mut before = vec![UNTOUCHED; rows * c_row];
        let mut residual = vec![f32::NAN; rows * c_row];
        for (i, j) in (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))) {
            before[i * c_row + j] = if self.begins { UNTOUCHED } else { numbers.next() };
            residual[i * c_row + j] = numbers.next();
            let first = given[if by_column { j } else { i }];
            let mut sum = Sum::from(if self.begins { first } else { before[i * c_row + j] });
            terms.iter().for_each(|&term| sum.add(a[a_at(i, term)], b[b_at(j, term)]));
            sums[i * c_row + j] = Some(sum);
        }

        let added = (self.residual && self.ends).then(|| residual.clone());
        let expected = Expected { complete: self.ends, residual: added, ..Expected::sums(sums, numbers) };
        expected.check(row, activation, self, |epilogue, with_residual| {
            let mut output = before.clone();
            let args = GemmArgs {
                a: a.as_ptr().wrapping_add(if few { width } else { 0 }),
                a_row: if few { panel } else { places.a[0] },
                a_width: width,
                segments: self.segments,
                a_steps: places.a_runs,
                b_steps: places.b_runs,
                run: k,
                b: b.as_ptr(),
                ahead: b.as_ptr(),
                ahead_step: self.ahead_step,
                ahead_tile: 64,
                bias: if few { a.as_ptr() } else { bias.as_ptr() },
                begins: self.begins,
                ends: self.ends,
                residual: if self.residual && with_residual { residual.as_ptr() } else { core::ptr::null() },
                residual_row: c_row,
                c: output.as_mut_ptr(),
                c_row,
                rows: if by_column { rows / self.tiles } else { rows },
                tiles: self.tiles,
                columns,
                epilogue,
            };
            // SAFETY: `a` and `b` have all terms where `places` says and `slack` behind them, which no tile or vector exceeds; so has
            // `bias`; `output` and `residual` have `rows` rows of `columns`. The level is available: `main.rs` runs no row of another.
            unsafe { entry(&args) }
            output
        })
    }
}
