//! Depthwise HWC, 3×3 (written for `K × K`), down a column of tiles: `P` output pixels and `V` vectors of channels wide, every input of the column
//! loaded once, all `K × K` taps in registers (or operands in memory, where registers are few).
//!
//! ```text
//! for each column of tiles
//!   for each V vectors of channels                   accumulators  D·P·V  D = ⌈K/ST⌉ rows of outputs (start at the bias)
//!     down the rows (see `column`)                   taps          K·K
//!       for each input of a row                      input         1
//!         for each tap of it: accumulate             total         D·P+K·K+1 registers
//! ```
//! Sums run in the order (kernel row, kernel column), as in [`line`](super::line), and skip what is outside the map.

use super::border::{Border, Edge, Ends, Interior, Tested, Tile, output_of};
use super::column::{Descent, descend, phase};
use super::lanes::{All, First, Lanes, Loader};
use crate::epilogue::{Epilogue, EpilogueArgs};
use crate::simd::{Simd, Task, unroll};
use core::marker::PhantomData;

/// What one call computes: some output rows, all their pixels and channels.
#[derive(Clone, Copy)]
pub struct ColumnArgs {
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
    /// Activation of finished sums.
    pub epilogue: EpilogueArgs,
}

/// `K × K` taps at stride `ST`, dilation 1, multiplier 1; `D = ⌈K/ST⌉`.
///
/// # Safety
/// Every input inside the ranges and every output must be inside its slice for all channels; the panels must be as
/// [`ColumnArgs`] says.
#[inline(always)]
pub(crate) unsafe fn run<
    S: Simd,
    E: Epilogue,
    const K: usize,
    const ST: usize,
    const D: usize,
    const P: usize,
    const V: usize,
    const N: usize,
>(
    s: S,
    args: &ColumnArgs,
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
        // SAFETY: pixels from `at` on, `tile.outputs` of them, are among `args.outputs`, all of which `run`'s Safety covers.
        unsafe { channels::<S, E, K, ST, D, P, V, N>(s, args, &tile) };
    }
}

/// All channels of a column of tiles.
///
/// # Safety
/// As [`run`], for the columns of the tile.
#[inline(always)]
unsafe fn channels<
    S: Simd,
    E: Epilogue,
    const K: usize,
    const ST: usize,
    const D: usize,
    const P: usize,
    const V: usize,
    const N: usize,
>(
    s: S,
    args: &ColumnArgs,
    tile: &Tile,
) {
    let border = tile.border(P, (P - 1) * ST + K, K);
    let panel = |c: usize| args.weights.wrapping_add(c * (1 + K * K));
    let mut c = 0;
    if border != Tested::All {
        while c + V * S::LANES <= args.channels {
            // SAFETY: `c + V·LANES ≤ args.channels`, all of which `run`'s Safety covers; `weights` has a panel for each vector of them.
            unsafe {
                match border {
                    Tested::None => column::<S, E, _, _, K, ST, D, P, V, N>(s, args, tile, c, panel(c), All, Interior),
                    _ => column::<S, E, _, _, K, ST, D, P, V, N>(s, args, tile, c, panel(c), All, Ends),
                }
            }
            c += V * S::LANES;
        }
    }
    if c < args.channels {
        s.call(Rest::<E, K, ST, D, P> { args, tile, c, epilogue: PhantomData });
    }
}

/// The channels from `c` on, those that are too few for whole vectors, and all of them where every input has to be held against the border.
/// Not worth instances of its own, and a function of its own so that it takes no registers from the others.
struct Rest<'a, E, const K: usize, const ST: usize, const D: usize, const P: usize> {
    args: &'a ColumnArgs,
    tile: &'a Tile,
    c: usize,
    epilogue: PhantomData<E>,
}

impl<S: Simd, E: Epilogue, const K: usize, const ST: usize, const D: usize, const P: usize> Task<S>
    for Rest<'_, E, K, ST, D, P>
{
    #[inline(always)]
    fn run(self, s: S) {
        let args = self.args;
        for c in (self.c..args.channels).step_by(S::LANES) {
            let lanes = First::<S>(s.mask((args.channels - c).min(S::LANES)));
            let panel = args.weights.wrapping_add(c * (1 + K * K));
            // SAFETY: `run`'s caller promises it for all channels; lanes are limited to the last ones.
            unsafe { column::<S, E, _, _, K, ST, D, P, 1, P>(s, args, self.tile, c, panel, lanes, Edge) }
        }
    }
}

/// A column of tiles and where it stands.
struct Column<'a, S: Simd, E, L, B, const K: usize, const ST: usize, const P: usize, const V: usize> {
    args: &'a ColumnArgs,
    tile: &'a Tile,
    panel: *const f32,
    taps: [[[S::V; V]; K]; K],
    /// Input and output of the column's first channel.
    input: *const f32,
    output: *mut f32,
    lanes: L,
    how: PhantomData<(E, B)>,
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
    const V: usize,
    const N: usize,
>(
    s: S,
    args: &ColumnArgs,
    tile: &Tile,
    c: usize,
    panel: *const f32,
    lanes: L,
    _border: B,
) {
    const { assert!(N == P * V) };
    let mut taps = [[[s.splat(0.0); V]; K]; K];
    unroll!(ky < K, max 4, {
        unroll!(kx < K, max 4, {
            unroll!(v < V, max 4, {
                // SAFETY: each panel holds the bias and K·K taps.
                taps[ky][kx][v] = unsafe { s.load(panel.add((v * (1 + K * K) + 1 + ky * K + kx) * S::LANES)) };
            });
        });
    });
    let (input, output) = (tile.input.wrapping_add(c), tile.output.wrapping_add(c));
    let how = PhantomData;
    let column = Column::<S, E, L, B, K, ST, P, V> { args, tile, panel, taps, input, output, lanes, how };
    // SAFETY: `row` skips input rows outside `row_range`; those inside and `args.rows` of outputs are in `run`'s Safety for these channels.
    unsafe { descend::<S, _, K, ST, D, N>(s, &column, args.rows) }
}

impl<S, E, L, B, const K: usize, const ST: usize, const D: usize, const P: usize, const V: usize, const N: usize>
    Descent<S, D, N> for Column<'_, S, E, L, B, K, ST, P, V>
where
    S: Simd,
    E: Epilogue,
    L: Lanes<S>,
    B: Border,
{
    #[inline(always)]
    fn bias(&self, s: S) -> [S::V; N] {
        // SAFETY: a panel starts with the bias.
        let mut bias = unsafe { [s.load(self.panel); N] };
        unroll!(n < N, max 16, {
            if const { n % V > 0 } {
                // SAFETY: as above.
                bias[n] = unsafe { s.load(self.panel.add(n % V * (1 + K * K) * S::LANES)) };
            }
        });
        bias
    }

    #[inline(always)]
    unsafe fn row<const AHEAD: bool, const T: usize, const LIVE: usize>(
        &self,
        s: S,
        sums: &mut [[S::V; N]; D],
        i: usize,
    ) {
        let (args, tile) = (self.args, self.tile);
        if i < args.row_range[0] || i >= args.row_range[1] {
            return;
        }
        let row = self.input.wrapping_add(i * args.in_steps[0]);
        unroll!(j < (P - 1) * ST + K, max 16, {
            if !B::TESTED.tests(j, (P - 1) * ST + K, K) || (j >= tile.first && j < tile.end) {
                let pixel = row.wrapping_add(j * args.in_steps[1]);
                let mut inputs = [s.splat(0.0); V];
                unroll!(v < V, max 4, {
                    // SAFETY: position (i, j) is inside the map, by the tests or because all are.
                    inputs[v] = unsafe { self.lanes.loader(s, 0).load(s, pixel.wrapping_add(v * S::LANES)) };
                });
                unroll!(d < D, max 4, {
                    if const { d < LIVE && phase(AHEAD, T, K, ST) >= d * ST && phase(AHEAD, T, K, ST) - d * ST < K } {
                        let ky = phase(AHEAD, T, K, ST) - d * ST;
                        unroll!(kx < K, max 4, {
                            if const { output_of(j, kx, ST) < P } {
                                unroll!(v < V, max 4, {
                                    let sum = &mut sums[d][output_of(j, kx, ST) * V + v];
                                    *sum = s.pin(s.mul_add(inputs[v], self.taps[ky][kx][v], *sum));
                                });
                            }
                        });
                    }
                });
            }
        });
    }

    #[inline(always)]
    unsafe fn store(&self, s: S, r: usize, sums: &[S::V; N]) {
        let output = self.output.wrapping_add(r * self.args.out_steps[0]);
        unroll!(n < N, max 16, {
            if !B::CUT || n / V < self.tile.outputs {
                let y = E::apply(s, &self.args.epilogue, sums[n]);
                let pixel = output.wrapping_add(n / V * self.args.out_steps[1]);
                // SAFETY: output n / V is wanted.
                unsafe { self.lanes.store(s, pixel.wrapping_add(n % V * S::LANES), y) };
            }
        });
    }
}
