//! Depthwise lines as in [`line`](super::line), for any taps, stride and dilation: one tap live.

use super::border::{Border, Edge, Ends, Interior, Tested, Tile, with_border};
use super::lanes::{All, Clipped, First, Lanes, Loader, Repeated};
use super::lanes_stride2::{Stride2, Stride2Three};
use super::line::{LineArgs, next_input, store};
use super::taps::Taps;
use super::vectors::{for_each_vector, with_columns};
use crate::epilogue::Epilogue;
use crate::simd::{Simd, unroll};

/// A line of `P` outputs with any number of taps, stride and dilation.
///
/// # Safety
/// As [`line::run`](super::line::run), for the taps, stride and dilation in `args`.
#[inline(always)]
pub(crate) unsafe fn run<S: Simd, E: Epilogue, T: Taps, const P: usize>(s: S, args: &LineArgs) {
    args.check();
    for c in 0..args.channels {
        // SAFETY: `c < args.channels`; `run`'s Safety covers the lanes of all channels.
        unsafe { generic_channel::<S, E, T, P>(s, &args.channel(c)) }
    }
}

/// # Safety
/// As [`run`], for the first channel.
#[inline(always)]
unsafe fn generic_channel<S: Simd, E: Epilogue, T: Taps, const P: usize>(s: S, args: &LineArgs) {
    for at in (0..args.outputs).step_by(P) {
        let tile = args.tile(at, P, args.stride);
        let span = (args.taps[1] - 1) * args.dilation + 1;
        // A stride that overflows here leaves the map within the tile: then all positions are tested.
        let border = match tile.border(P, (P - 1).saturating_mul(args.stride).saturating_add(span), span) {
            Tested::None => Tested::None,
            // The distance of a tap from the ends is not a constant here.
            Tested::Ends | Tested::All => Tested::All,
        };
        if args.exact {
            for_each_vector!(s, args, T, plain: false, steps: 0, threes: false, borders: rare, tile.input, border, |x, input, panel, lanes, edge| {
                let keep = |outer: usize, new: S::V, old: S::V| {
                    // SAFETY: `exact` comes with a range for every outer tap.
                    let [from, to] = unsafe { *args.lane_ranges.add(outer) };
                    let lane = |at: usize| at.saturating_sub(x).min(S::LANES);
                    s.select_range(lane(from), lane(to), new, old)
                };
                // SAFETY: as below.
                unsafe { generic_tile::<S, E, T, _, _, P>(s, args, &tile, x, input, panel, lanes, edge, keep) }
            });
        } else {
            for_each_vector!(s, args, T, plain: false, steps: 0, threes: false, borders: generic, tile.input, border, |x, input, panel, lanes, edge| {
                // SAFETY: the macro gives `x < args.lanes`, and `lanes` end with the line's, all of which `run`'s Safety covers.
                unsafe {
                    generic_tile::<S, E, T, _, _, P>(s, args, &tile, x, input, panel, lanes, edge, |_, new, _| new)
                }
            });
        }
    }
}

/// # Safety
/// As [`run`], for the lanes from `x` that `lanes` stands for.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn generic_tile<S: Simd, E: Epilogue, T: Taps, L: Lanes<S>, B: Border, const P: usize>(
    s: S,
    args: &LineArgs,
    tile: &Tile,
    x: usize,
    input: *const f32,
    panel: *const f32,
    lanes: L,
    _border: B,
    keep: impl Fn(usize, S::V, S::V) -> S::V,
) {
    // SAFETY: a panel starts with the bias.
    let mut sums = [unsafe { T::get(s, panel) }; P];
    let (first, end) = (tile.first, tile.end);
    let step = args.stride.wrapping_mul(args.in_step);
    for outer in args.outer_range[0]..args.outer_range[1] {
        // SAFETY: there is an offset for each outer tap.
        let line = input.wrapping_offset(unsafe { *args.outer.add(outer) });
        macro_rules! inputs {
            ($loader:expr) => {{
                let loader = $loader;
                for k in 0..args.taps[1] {
                    let at = k * args.dilation;
                    // SAFETY: the panel has taps[1] taps for each outer tap.
                    let tap = unsafe { T::get(s, panel.add((1 + outer * args.taps[1] + k) * T::unit::<S>())) };
                    // The step of an axis with one position may be any number.
                    let mut from = line.wrapping_add(at.wrapping_mul(args.in_step));
                    unroll!(p < P, max 16, {
                        let position = at.wrapping_add(args.stride.wrapping_mul(p));
                        if !B::TESTED.tests(0, 0, 1) || (position >= first && position < end) {
                            // SAFETY: the position is inside the map, by the test or because all are.
                            let v = unsafe { loader.load(s, from) };
                            sums[p] = keep(outer, s.mul_add(v, tap, sums[p]), sums[p]);
                        }
                        from = next_input(from, step);
                    });
                }
            }};
        }
        if const { !L::WHOLE } {
            inputs!(lanes.loader(s, outer));
        } else {
            match lanes.whole(outer) {
                Some(loader) => inputs!(loader),
                None => inputs!(lanes.loader(s, outer)),
            }
        }
    }
    // SAFETY: the wanted outputs are inside the slice.
    unsafe { store::<S, E, L, B, P>(s, args, tile, x, &sums, lanes) }
}
