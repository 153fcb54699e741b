//! Depthwise HWC, a block of `R × P` output pixels at a time with all `K × K` taps in registers: for instruction sets with 32 of them.
//!
//! ```text
//! for each block of R rows × P pixels
//!   for each vector of channels                     accumulators  R·P    (start at the bias)
//!     for each input row and pixel of the block     taps          K·K
//!       for each tap that it meets: accumulate      input         1
//! ```
//! Sums run in the order (kernel row, kernel column), as in [`line`](super::line), and skip what is outside the map.

use super::lanes::{All, First, Lanes, Loader};
use crate::epilogue::{Epilogue, EpilogueArgs};
use crate::simd::{Simd, unroll};

/// What one call computes: `R` output rows, all their channels.
#[derive(Clone, Copy)]
pub(crate) struct BlockArgs {
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
    /// Output columns to store, of each of `R` rows.
    pub outputs: usize,
    /// Channels to compute.
    pub channels: usize,
    /// Panels of taps, one per vector of channels: bias, then taps.
    pub weights: *const f32,
    pub epilogue: EpilogueArgs,
}

/// A block of `R × P` outputs with `K × K` taps at stride `ST`, dilation 1, multiplier 1.
///
/// # Safety
/// Every input inside the ranges and every wanted output must be inside its slice for all channels; the panels must be as
/// [`BlockArgs`] says.
#[inline(always)]
pub(crate) unsafe fn run<S: Simd, E: Epilogue, const K: usize, const ST: usize, const R: usize, const P: usize>(
    s: S,
    args: &BlockArgs,
) {
    debug_assert!(args.outputs >= 1 && args.channels >= 1);
    let whole_rows = args.row_range[0] == 0 && args.row_range[1] >= (R - 1) * ST + K;
    for at in (0..args.outputs).step_by(P) {
        let position = args.start + (at * ST) as isize;
        let columns = [(-position).max(0) as usize, (args.extent as isize - position).max(0) as usize];
        let block = Block {
            input: args.input.wrapping_add(at * ST * args.in_steps[1]),
            output: args.output.wrapping_add(at * args.out_steps[1]),
            columns,
            outputs: P.min(args.outputs - at),
        };
        let interior = whole_rows && block.outputs == P && columns[0] == 0 && columns[1] >= (P - 1) * ST + K;
        // SAFETY: the caller's promise, for `P` of the columns.
        unsafe { channels::<S, E, K, ST, R, P>(s, args, &block, interior) };
    }
}

/// A block of a pair of rows.
#[derive(Clone, Copy)]
struct Block {
    input: *const f32,
    output: *mut f32,
    /// Input columns inside the map, counted from `input`: `[first, end)`.
    columns: [usize; 2],
    /// Output columns to store.
    outputs: usize,
}

/// All channels of a block.
///
/// # Safety
/// As [`run`]; if `interior`, all inputs of the block are inside the map and all outputs are wanted.
#[inline(always)]
unsafe fn channels<S: Simd, E: Epilogue, const K: usize, const ST: usize, const R: usize, const P: usize>(
    s: S,
    args: &BlockArgs,
    block: &Block,
    interior: bool,
) {
    let panel_len = (1 + K * K) * S::LANES;
    let (mut c, mut panel) = (0, args.weights);
    // SAFETY of the calls: the caller's promise; every tile stays below `channels`, and there is a panel for each.
    while c + S::LANES <= args.channels {
        if interior {
            // SAFETY: see above; all positions are inside.
            unsafe { tile::<S, E, _, false, K, ST, R, P>(s, args, block, c, panel, All) };
        } else {
            // SAFETY: see above; positions are tested.
            unsafe { tile::<S, E, _, true, K, ST, R, P>(s, args, block, c, panel, All) };
        }
        c += S::LANES;
        panel = panel.wrapping_add(panel_len);
    }
    if c < args.channels {
        let lanes = First::<S>(s.mask(args.channels - c));
        // SAFETY: see above; positions are tested, lanes are limited to the last channels.
        unsafe { tile::<S, E, _, true, K, ST, R, P>(s, args, block, c, panel, lanes) };
    }
}

/// # Safety
/// As [`run`], for the channels from `c` that `lanes` stands for.
#[inline(always)]
unsafe fn tile<
    S: Simd,
    E: Epilogue,
    L: Lanes<S>,
    const TESTED: bool,
    const K: usize,
    const ST: usize,
    const R: usize,
    const P: usize,
>(
    s: S,
    args: &BlockArgs,
    block: &Block,
    c: usize,
    panel: *const f32,
    lanes: L,
) {
    let mut taps = [[s.splat(0.0); K]; K];
    unroll!(ky < K, max 4, {
        unroll!(kx < K, max 4, {
            // SAFETY: the panel holds the bias and K·K taps.
            taps[ky][kx] = unsafe { s.load(panel.add((1 + ky * K + kx) * S::LANES)) };
        });
    });
    // SAFETY: a panel starts with the bias.
    let mut sums = [[unsafe { s.load(panel) }; P]; R];
    let input = block.input.wrapping_add(c);
    unroll!(i < (R - 1) * ST + K, max 8, {
        if !TESTED || (i >= args.row_range[0] && i < args.row_range[1]) {
            let row = input.wrapping_add(i * args.in_steps[0]);
            unroll!(j < (P - 1) * ST + K, max 16, {
                if !TESTED || (j >= block.columns[0] && j < block.columns[1]) {
                    // SAFETY: position (i, j) is inside the map, by the tests or because all are.
                    let v = unsafe { lanes.loader(s, 0).load(s, row.wrapping_add(j * args.in_steps[1])) };
                    unroll!(ky < K, max 4, {
                        if i >= ky && (i - ky) % ST == 0 && (i - ky) / ST < R {
                            unroll!(kx < K, max 4, {
                                if j >= kx && (j - kx) % ST == 0 && (j - kx) / ST < P {
                                    let sum = &mut sums[(i - ky) / ST][(j - kx) / ST];
                                    *sum = s.mul_add(v, taps[ky][kx], *sum);
                                }
                            });
                        }
                    });
                }
            });
        }
    });
    let output = block.output.wrapping_add(c);
    unroll!(r < R, max 4, {
        unroll!(p < P, max 16, {
            if !TESTED || p < block.outputs {
                let y = E::apply(s, &args.epilogue, sums[r][p]);
                // SAFETY: the wanted outputs are inside the slice.
                unsafe { lanes.store(s, output.wrapping_add(r * args.out_steps[0] + p * args.out_steps[1]), y) };
            }
        });
    });
}
