//! Depthwise CHW of two channels at a time, for maps no wider than half a vector: a line as in [`line`](super::line).

use super::border::{Edge, Ends, Tested, with_border};
use super::lanes_two_channels::{TwoChannels, TwoChannelsStride2};
use super::line::{LineArgs, tuned_tile};
use super::taps::Broadcast;
use crate::epilogue::Epilogue;
use crate::simd::Halves;

/// Lines of `P` outputs with `K` inner taps at stride `ST`, dilation 1, of two channels or more.
///
/// # Safety
/// As [`line::run`](super::line::run), but that `lane_ranges` must be there, lanes columns, at most half a vector of them, and the stride
/// the same both ways.
#[inline(always)]
pub(crate) unsafe fn run<S: Halves, E: Epilogue, const K: usize, const ST: usize, const P: usize>(
    s: S,
    args: &LineArgs,
) {
    args.check();
    debug_assert!(args.taps[1] == K && args.stride == ST && args.dilation == 1 && !args.exact && args.channels >= 2);
    debug_assert!(args.lane_step <= ST);
    for c in (0..args.channels).step_by(2) {
        // The last two go together, too: one channel may be made a second time, which is cheaper than on its own.
        let args = &args.channel(c.min(args.channels - 2));
        for at in (0..args.outputs).step_by(P) {
            let tile = args.tile(at, P, ST);
            let border = tile.border(P, (P - 1) * ST + K, K);
            macro_rules! tile {
                ($lanes:expr) => {{
                    let lanes = $lanes;
                    with_border!(border, narrow, edge, {
                        let (input, panel) = (tile.input, args.weights);
                        // SAFETY: both channels are below `args.channels`, by the `min`; `lanes` touches no lane outside the map.
                        unsafe {
                            tuned_tile::<S, E, Broadcast, _, _, K, ST, P>(s, args, &tile, 0, input, panel, lanes, edge)
                        }
                    })
                }};
            }
            if const { ST == 2 } && args.lane_step == 2 {
                tile!(TwoChannelsStride2::new(s, args));
            } else {
                tile!(TwoChannels::new(s, args));
            }
        }
    }
}
