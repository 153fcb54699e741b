//! Curves of depthwise kernels that have none in their registers: a pass over what was just written.
//!
//! ```text
//! for each piece of the work whose outputs the first-level cache holds
//!   kernel over the piece
//!   curve over its rows of outputs
//! ```
//! The same operations on the same numbers as in registers: the same bits. Without a curve the whole work is one piece.

use super::line::LineArgs;
use crate::epilogue::curve_in_place;
use crate::simd::{Simd, Task};

/// Outputs of a piece: half of a common first-level cache.
const PIECE: usize = 4096;

/// Outputs of a line that a piece is not shorter than, and a multiple of: whole tiles of every kernel.
const WHOLE_TILES: usize = 28;

/// Runs `kernel`, which must compute what its arguments say but for a curve, and then the curve.
///
/// # Safety
/// All outputs of the line must be writable for all lanes and channels.
#[inline(always)]
pub(crate) unsafe fn after<S: Simd>(s: S, args: &LineArgs, kernel: impl Fn(&LineArgs)) {
    let curve = args.epilogue.is_curve();
    let group = if curve { channels_of_piece(args, S::LANES) } else { args.channels };
    let outputs = if curve { outputs_of_piece(args, group) } else { args.outputs };
    let (mut c, mut at) = (0, 0);
    loop {
        // The last group takes what is left of another: kernels for several channels are not given one.
        let channels = if args.channels - c < 2 * group { args.channels - c } else { group };
        let part;
        let piece = if curve {
            part = piece(args, c, channels, at, outputs.min(args.outputs - at));
            &part
        } else {
            args
        };
        kernel(piece);
        if !curve {
            return;
        }
        s.call(Curve(piece));
        at += outputs;
        if at >= args.outputs {
            (c, at) = (c + channels, 0);
            if c == args.channels {
                return;
            }
        }
    }
}

/// Channels of a piece, where a vector may hold several.
fn channels_of_piece(args: &LineArgs, lanes: usize) -> usize {
    let least = if args.lanes <= lanes { 4 } else { 1 };
    (PIECE / args.outputs.saturating_mul(args.lanes).max(1)).max(least).min(args.channels)
}

/// Outputs of a piece's lines.
fn outputs_of_piece(args: &LineArgs, group: usize) -> usize {
    let fitting = PIECE / args.lanes.saturating_mul(group).max(1);
    (fitting / WHOLE_TILES).max(1) * WHOLE_TILES
}

/// `outputs` of each line from output `at`, of `channels` from channel `c`.
fn piece(args: &LineArgs, c: usize, channels: usize, at: usize, outputs: usize) -> LineArgs {
    let of_c = args.channel(c);
    let first = at * args.stride;
    LineArgs {
        input: of_c.input.wrapping_add(first.wrapping_mul(args.in_step)),
        start: args.start + first as isize,
        output: of_c.output.wrapping_add(at * args.out_step),
        outputs,
        channels,
        ..of_c
    }
}

/// The curve over the outputs of a piece.
struct Curve<'a>(&'a LineArgs);

impl<S: Simd> Task<S> for Curve<'_> {
    #[inline(always)]
    fn run(self, s: S) {
        let args = self.0;
        // Lines, or channels, that stand side by side in memory are one row.
        let line = args.lanes * args.outputs;
        let (rows, planes, len) = match (args.out_step == args.lanes, args.channel_steps[1] == line) {
            (true, true) => (1, 1, line * args.channels),
            (true, false) => (1, args.channels, line),
            (false, _) => (args.outputs, args.channels, args.lanes),
        };
        for plane in 0..planes {
            for row in 0..rows {
                let at = args.output.wrapping_add(plane * args.channel_steps[1] + row * args.out_step);
                // SAFETY: `after`, which alone makes these, is promised that the outputs are writable; the kernel has just written them.
                unsafe { curve_in_place(s, &args.epilogue, at, len) }
            }
        }
    }
}
