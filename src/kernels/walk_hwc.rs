//! Depthwise HWC, down a column of tiles: `P` output pixels wide, all `K × K` taps in registers, every input of the column loaded once.
//!
//! ```text
//! for each column of tiles
//!   for each vector of channels                      accumulators  D·P    D = ⌈K/ST⌉ rows of outputs (start at the bias)
//!     down the rows (see `descent`)                  taps          K·K
//!       for each input of a row                      input         1
//!         for each tap of it: accumulate             total         D·P+K·K+1 registers
//! ```
//! Sums run in the order (kernel row, kernel column), as in [`line`](super::line), and skip what is outside the map.

use super::border::{Border, Edge, Ends, Interior, Tested, Tile, output_of, with_border};
use super::descent::{Descent, descend};
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
struct Column<'a, S: Simd, E, L, B, const K: usize, const ST: usize> {
    args: &'a WalkArgs,
    tile: &'a Tile,
    panel: *const f32,
    taps: [[S::V; K]; K],
    /// Input and output of the column's first channel.
    input: *const f32,
    output: *mut f32,
    lanes: L,
    how: core::marker::PhantomData<(E, B)>,
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
    _border: B,
) {
    let mut taps = [[s.splat(0.0); K]; K];
    unroll!(ky < K, max 4, {
        unroll!(kx < K, max 4, {
            // SAFETY: the panel holds the bias and K·K taps.
            taps[ky][kx] = unsafe { s.load(panel.add((1 + ky * K + kx) * S::LANES)) };
        });
    });
    let (input, output) = (tile.input.wrapping_add(c), tile.output.wrapping_add(c));
    let how = core::marker::PhantomData;
    let column = Column::<S, E, L, B, K, ST> { args, tile, panel, taps, input, output, lanes, how };
    // SAFETY: the caller's promise.
    unsafe { descend::<S, _, K, ST, D, P>(s, &column, args.rows) }
}

impl<S, E, L, B, const K: usize, const ST: usize, const D: usize, const P: usize> Descent<S, D, P>
    for Column<'_, S, E, L, B, K, ST>
where
    S: Simd,
    E: Epilogue,
    L: Lanes<S>,
    B: Border,
{
    #[inline(always)]
    fn bias(&self, s: S) -> [S::V; P] {
        // SAFETY: a panel starts with the bias.
        unsafe { [s.load(self.panel); P] }
    }

    #[inline(always)]
    unsafe fn row(&self, s: S, sums: &mut [[S::V; P]; D], i: usize, phase: usize, live: usize) {
        let (args, tile) = (self.args, self.tile);
        if i < args.row_range[0] || i >= args.row_range[1] {
            return;
        }
        let row = self.input.wrapping_add(i * args.in_steps[0]);
        unroll!(j < (P - 1) * ST + K, max 16, {
            if const { !B::TESTED.tests(j, (P - 1) * ST + K, K) } || (j >= tile.first && j < tile.end) {
                // SAFETY: position (i, j) is inside the map, by the tests or because all are.
                let v = unsafe { self.lanes.loader(s, 0).load(s, row.wrapping_add(j * args.in_steps[1])) };
                unroll!(d < D, max 4, {
                    if d < live && phase >= d * ST && phase - d * ST < K {
                        unroll!(kx < K, max 4, {
                            if const { output_of(j, kx, ST) < P } {
                                let sum = &mut sums[d][output_of(j, kx, ST)];
                                *sum = s.pin(s.mul_add(v, self.taps[phase - d * ST][kx], *sum));
                            }
                        });
                    }
                });
            }
        });
    }

    #[inline(always)]
    unsafe fn store(&self, s: S, r: usize, sums: &[S::V; P]) {
        let output = self.output.wrapping_add(r * self.args.out_steps[0]);
        unroll!(p < P, max 16, {
            if !B::CUT || p < self.tile.outputs {
                let y = E::limit(s, &self.args.epilogue, E::bend_one(s, &self.args.epilogue, sums[p]));
                // SAFETY: output p is wanted.
                unsafe { self.lanes.store(s, output.wrapping_add(p * self.args.out_steps[1]), y) };
            }
        });
    }
}
