//! Depthwise HWC, down a column of tiles: `P` output pixels wide, all `K × K` taps in registers, every input of the column loaded once.
//!
//! ```text
//! for each column of tiles
//!   for each vector of channels                      accumulators  D·P    D = ⌈K/ST⌉ rows of outputs (start at the bias)
//!     for each output row                            taps          K·K
//!       for each of the ST input rows new to it      input         1
//!         for each input, each tap of it: accumulate total         D·P+K·K+1 registers
//!       store the finished row, move up the others
//! ```
//! Sums run in the order (kernel row, kernel column), as in [`line`](super::line), and skip what is outside the map.

use super::border::{Border, Edge, Ends, Interior, Tested, Tile, output_of, with_border};
use super::lanes::{All, First, Lanes, Loader};
use crate::epilogue::{Epilogue, EpilogueArgs};
use crate::simd::{Simd, unroll};

/// What one call computes: some output rows, all their pixels and channels.
#[derive(Clone, Copy)]
pub(crate) struct WalkArgs {
    /// Channel 0 of the input that tap (0, 0) of output (0, 0) reads. May lie outside the map; only positions inside are touched.
    pub input: *const f32,
    /// Elements between input rows and between pixels.
    pub in_steps: [usize; 2],
    /// Input rows inside the map, counted from `input`.
    pub row_range: [usize; 2],
    /// Column that `input` stands for; negative in the padding.
    pub start: isize,
    /// Columns of the map.
    pub extent: usize,
    /// Channel 0 of output (0, 0).
    pub output: *mut f32,
    /// Elements between output rows and between pixels.
    pub out_steps: [usize; 2],
    /// Output rows.
    pub rows: usize,
    /// Output columns.
    pub outputs: usize,
    /// Channels to compute.
    pub channels: usize,
    /// Panels of taps, one per vector of channels: bias, then taps.
    pub weights: *const f32,
    pub epilogue: EpilogueArgs,
}

/// `K × K` taps at stride `ST`, dilation 1, multiplier 1; `D = ⌈K/ST⌉`.
///
/// # Safety
/// Every input inside the ranges and every output must be inside its slice for all channels; the panels must be as
/// [`WalkArgs`] says.
#[inline(always)]
pub(crate) unsafe fn run<S: Simd, E: Epilogue, const K: usize, const ST: usize, const D: usize, const P: usize>(
    s: S,
    args: &WalkArgs,
) {
    const { assert!(D == K.div_ceil(ST) && D <= 3 && ST <= K) };
    debug_assert!(args.rows >= 1 && args.outputs >= 1 && args.channels >= 1);
    for at in (0..args.outputs).step_by(P) {
        // The last tile is a whole one, too: it makes some outputs a second time, which is cheaper than a part.
        let at = if args.outputs >= P { at.min(args.outputs - P) } else { at };
        let position = args.start + (at * ST) as isize;
        let tile = Tile {
            input: args.input.wrapping_add((at * ST).wrapping_mul(args.in_steps[1])),
            output: args.output.wrapping_add(at * args.out_steps[1]),
            first: (-position).max(0) as usize,
            end: (args.extent as isize - position).max(0) as usize,
            outputs: P.min(args.outputs - at),
        };
        // SAFETY: the caller's promise, for `P` of the columns.
        unsafe { channels::<S, E, K, ST, D, P>(s, args, &tile) };
    }
}

/// All channels of a column of tiles.
///
/// # Safety
/// As [`run`], for the columns of the tile.
#[inline(always)]
unsafe fn channels<S: Simd, E: Epilogue, const K: usize, const ST: usize, const D: usize, const P: usize>(
    s: S,
    args: &WalkArgs,
    tile: &Tile,
) {
    let border = tile.border(P, (P - 1) * ST + K, K);
    let (mut c, mut panel) = (0, args.weights);
    while c < args.channels {
        let count = (args.channels - c).min(S::LANES);
        if count == S::LANES {
            with_border!(border, whole, edge, {
                // SAFETY: the caller's promise; there is a panel for each vector of channels.
                unsafe { column::<S, E, _, _, K, ST, D, P>(s, args, tile, c, panel, All, edge) }
            });
        } else {
            // SAFETY: as above; lanes are limited to the last channels.
            unsafe { column::<S, E, _, _, K, ST, D, P>(s, args, tile, c, panel, First::<S>(s.mask(count)), Edge) }
        }
        c += S::LANES;
        panel = panel.wrapping_add((1 + K * K) * S::LANES);
    }
}

/// A column of tiles and where it stands.
struct Column<'a, S: Simd, const K: usize> {
    args: &'a WalkArgs,
    tile: &'a Tile,
    taps: [[S::V; K]; K],
    /// Input of the column's first channel.
    input: *const f32,
}

/// # Safety
/// As [`run`], for the channels from `c` that `lanes` stands for.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn column<
    S: Simd,
    E: Epilogue,
    L: Lanes<S>,
    B: Border,
    const K: usize,
    const ST: usize,
    const D: usize,
    const P: usize,
>(
    s: S,
    args: &WalkArgs,
    tile: &Tile,
    c: usize,
    panel: *const f32,
    lanes: L,
    border: B,
) {
    let mut taps = [[s.splat(0.0); K]; K];
    unroll!(ky < K, max 4, {
        unroll!(kx < K, max 4, {
            // SAFETY: the panel holds the bias and K·K taps.
            taps[ky][kx] = unsafe { s.load(panel.add((1 + ky * K + kx) * S::LANES)) };
        });
    });
    let column = Column::<S, K> { args, tile, taps, input: tile.input.wrapping_add(c) };
    // SAFETY: a panel starts with the bias.
    let bias = || unsafe { [s.load(panel); P] };
    let mut sums = [bias(); D];
    // Input rows that the first output row shares with the next ones.
    unroll!(i < K - ST, max 4, {
        // SAFETY: the caller's promise.
        unsafe { row::<S, L, B, K, ST, D, P>(s, &column, &mut sums, i, i, D, lanes, border) }
    });
    let output = |r: usize| tile.output.wrapping_add(c + r * args.out_steps[0]);
    macro_rules! output_row {
        ($r:expr, $live:literal) => {{
            unroll!(t < ST, max 4, {
                // SAFETY: the caller's promise.
                unsafe {
                    row::<S, L, B, K, ST, D, P>(s, &column, &mut sums, $r * ST + K - ST + t, K - ST + t, $live, lanes, border)
                }
            });
            // SAFETY: the outputs of row r are inside the slice.
            unsafe { store::<S, E, L, B, P>(s, args, tile, output($r), &sums[0], lanes) };
            unroll!(d < D - 1, max 4, {
                sums[d] = sums[d + 1];
            });
        }};
    }
    let mut r = 0;
    while r + D <= args.rows {
        output_row!(r, 3);
        sums[D - 1] = bias();
        r += 1;
    }
    // Rows that would begin below the last one are left out.
    if D >= 3 && r + 2 <= args.rows {
        output_row!(r, 2);
        r += 1;
    }
    if r < args.rows {
        output_row!(r, 1);
    }
}

/// What input row `i` adds to the rows of sums; `phase` is its distance from the row that output row 0 of them begins with, and
/// sums from `live` on are not wanted.
///
/// # Safety
/// As [`run`].
#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn row<S: Simd, L: Lanes<S>, B: Border, const K: usize, const ST: usize, const D: usize, const P: usize>(
    s: S,
    column: &Column<'_, S, K>,
    sums: &mut [[S::V; P]; D],
    i: usize,
    phase: usize,
    live: usize,
    lanes: L,
    _border: B,
) {
    let (args, tile) = (column.args, column.tile);
    if i < args.row_range[0] || i >= args.row_range[1] {
        return;
    }
    let row = column.input.wrapping_add(i * args.in_steps[0]);
    unroll!(j < (P - 1) * ST + K, max 16, {
        if const { !B::TESTED.tests(j, (P - 1) * ST + K, K) } || (j >= tile.first && j < tile.end) {
            // SAFETY: position (i, j) is inside the map, by the tests or because all are.
            let v = unsafe { lanes.loader(s, 0).load(s, row.wrapping_add(j * args.in_steps[1])) };
            unroll!(d < D, max 4, {
                if d < live && phase >= d * ST && phase - d * ST < K {
                    unroll!(kx < K, max 4, {
                        if const { output_of(j, kx, ST) < P } {
                            let sum = &mut sums[d][output_of(j, kx, ST)];
                            *sum = s.pin(s.mul_add(v, column.taps[phase - d * ST][kx], *sum));
                        }
                    });
                }
            });
        }
    });
}

/// # Safety
/// The wanted outputs must be writable at `output` for the lanes.
#[inline(always)]
unsafe fn store<S: Simd, E: Epilogue, L: Lanes<S>, B: Border, const P: usize>(
    s: S,
    args: &WalkArgs,
    tile: &Tile,
    output: *mut f32,
    sums: &[S::V; P],
    lanes: L,
) {
    unroll!(p < P, max 16, {
        if !B::CUT || p < tile.outputs {
            let y = E::limit(s, &args.epilogue, E::bend_one(s, &args.epilogue, sums[p]));
            // SAFETY: output p is wanted.
            unsafe { lanes.store(s, output.wrapping_add(p * args.out_steps[1]), y) };
        }
    });
}
