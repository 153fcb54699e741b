//! Depthwise, HWC and CHW, one line of outputs at a time, in tiles of `P` neighbours along one axis of the map, a vector of lanes each.
//!
//! HWC: lanes are channels, the line runs along a row (inner axis = width, outer taps = kernel rows), each lane has its own taps.
//! CHW: lanes are columns, read in place or from a padded strip, the line runs down the rows (inner axis = height, outer taps = kernel columns),
//! one tap serves all lanes. HWC with few channels: lanes are the elements of a row, otherwise as CHW, taps per lane.
//!
//! ```text
//! for each tile of P outputs
//!   for each vector of lanes                     accumulators  P       (start at the bias)
//!     for each outer tap inside the map          taps          K       (one row or column of them)
//!       for each of the (P−1)·stride+K inputs    input         1
//!         for each inner tap: accumulate         total         P+K+1 registers
//! ```
//! Every output sums its taps in the order (outer, inner) in every instance, so tiles may be cut anywhere. At lane step 2 two
//! or three outer taps that read neighbouring columns go together, in the order (inner, outer), because they share their loads.
//! A position of the line outside the map is skipped;
//! lanes outside it read as zero, which only a finite tap may meet: `exact` keeps them out of the sum altogether.

use super::border::{Border, Edge, Ends, Interior, Tested, Tile, output_of, with_border};
use super::lanes::{All, Clipped, First, Lanes, Loader, Repeated};
use super::lanes_stride2::{Stride2, Stride2Inside, Stride2Three};
use super::taps::Taps;
use super::vectors::{for_each_vector, with_columns};
use crate::epilogue::{Epilogue, EpilogueArgs};
use crate::simd::{Simd, unroll};

/// What one call computes: a line of outputs, all its lanes; for columns as lanes, of several channels.
#[derive(Clone, Copy)]
pub struct LineArgs {
    /// Lane 0 of the input that tap (0, 0) of output 0 reads. May lie outside the map; only positions inside are touched.
    pub input: *const f32,
    /// Elements between neighbouring inputs along the line.
    pub in_step: usize,
    /// Offset of each outer tap, in elements.
    pub outer: *const isize,
    /// Outer taps that lie inside the map.
    pub outer_range: [usize; 2],
    /// Position along the line that `input` stands for; negative in the padding.
    pub start: isize,
    /// Positions along the line that are inside the map: `0..extent`.
    pub extent: usize,
    /// Lane 0 of output 0.
    pub output: *mut f32,
    /// Elements between neighbouring outputs.
    pub out_step: usize,
    /// Outputs of the line.
    pub outputs: usize,
    /// Lanes to compute.
    pub lanes: usize,
    /// Elements of the input between neighbouring lanes: 1, or 2 where lanes are columns.
    pub lane_step: usize,
    /// Columns of the map, and the first outer tap from which on two at a time read neighbouring columns: for `lane_step` 2.
    pub columns: usize,
    /// See `columns`.
    pub pairs_from: usize,
    /// Channels to compute one after the other; 1 where lanes are channels.
    pub channels: usize,
    /// Elements from one of these channels to the next: of the input, the output and the weights.
    pub channel_steps: [usize; 3],
    /// Panels of taps, one per vector of lanes: bias, then (outer, inner) taps; with a multiplier, lane indices before the bias.
    pub weights: *const f32,
    /// Panel of the first vector, and the number of panels after which they repeat.
    pub first_panel: usize,
    /// See `first_panel`.
    pub panels: usize,
    /// Output channels per input channel; more than 1 only where lanes are channels.
    pub multiplier: usize,
    /// Number of (outer, inner) taps.
    pub taps: [usize; 2],
    /// Stride and dilation along the line, in inputs.
    pub stride: usize,
    /// See `stride`.
    pub dilation: usize,
    /// For each outer tap the lanes whose input is inside the map; null where lanes are channels, which always are.
    pub lane_ranges: *const [usize; 2],
    /// Whether lanes outside the map must not even meet a tap as zeros (a tap may be infinite); generic kernels only.
    pub exact: bool,
    /// Activation of finished sums.
    pub epilogue: EpilogueArgs,
}

impl LineArgs {
    /// The pointer contract, as far as it can be checked here.
    #[inline(always)]
    pub(super) fn check(&self) {
        debug_assert!(self.outer_range[1] <= self.taps[0]);
        debug_assert!(self.panels >= 1 && self.multiplier >= 1 && self.lanes >= 1 && self.outputs >= 1);
        debug_assert!(!self.exact || !self.lane_ranges.is_null());
        debug_assert!(self.channels >= 1 && (self.lane_step == 1 || self.lane_step == 2));
    }

    /// The same work for channel `c`.
    #[inline(always)]
    pub(super) fn channel(&self, c: usize) -> Self {
        let [input, output, weights] = self.channel_steps;
        Self {
            input: self.input.wrapping_add(c * input),
            output: self.output.wrapping_add(c * output),
            weights: self.weights.wrapping_add(c * weights),
            ..*self
        }
    }

    /// The tile of up to `width` outputs from output `at`.
    #[inline(always)]
    pub(super) fn tile(&self, at: usize, width: usize, stride: usize) -> Tile {
        let position = self.start + (at * stride) as isize;
        Tile {
            input: self.input.wrapping_add((at * stride).wrapping_mul(self.in_step)),
            output: self.output.wrapping_add(at * self.out_step),
            first: (-position).max(0) as usize,
            end: (self.extent as isize - position).max(0) as usize,
            outputs: width.min(self.outputs - at),
        }
    }
}

/// Taps of a line up to which kernels know every way of touching lanes. Beyond, only the plain ones are worth the compiler's time: no lane
/// step of 2, no multiplier, no elements as lanes (`plan::select` of sepconv sees to that).
pub const VERSATILE_TAPS: usize = 7;

/// A line of `P` outputs with `K` inner taps at stride `ST`, dilation 1.
///
/// # Safety
/// Every input position inside the ranges and every wanted output must be inside its slice for all lanes; the panels and
/// the outer offsets must be as [`LineArgs`] says; `taps[1] == K`, `stride == ST`, `dilation == 1`; lanes are touched in a
/// plain way if `K` is more than [`VERSATILE_TAPS`].
#[inline(always)]
pub(crate) unsafe fn run<S: Simd, E: Epilogue, T: Taps, const K: usize, const ST: usize, const P: usize>(
    s: S,
    args: &LineArgs,
) {
    args.check();
    debug_assert!(args.taps[1] == K && args.stride == ST && args.dilation == 1 && !args.exact);
    let plain = args.lane_step == 1 && args.multiplier == 1 && (T::COLUMNS || args.lane_ranges.is_null());
    debug_assert!(plain || K <= VERSATILE_TAPS);
    for c in 0..args.channels {
        let args = &args.channel(c);
        for at in (0..args.outputs).step_by(P) {
            let tile = args.tile(at, P, ST);
            let border = tile.border(P, (P - 1) * ST + K, K);
            for_each_vector!(s, args, T, plain: K > VERSATILE_TAPS, steps: ST, threes: K <= S::THREE_COLUMNS, borders: tuned, tile.input, border, |x, input, panel, lanes, edge| {
                // SAFETY: the macro gives `x < args.lanes`, and `lanes` end with the line's, all of which `run`'s Safety covers.
                unsafe { tuned_tile::<S, E, T, _, _, K, ST, P>(s, args, &tile, x, input, panel, lanes, edge) }
            });
        }
    }
}

/// # Safety
/// As [`run`], for the lanes from `x` that `lanes` stands for.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(super) unsafe fn tuned_tile<
    S: Simd,
    E: Epilogue,
    T: Taps,
    L: Lanes<S>,
    B: Border,
    const K: usize,
    const ST: usize,
    const P: usize,
>(
    s: S,
    args: &LineArgs,
    tile: &Tile,
    x: usize,
    input: *const f32,
    panel: *const f32,
    lanes: L,
    _border: B,
) {
    // SAFETY: a panel starts with the bias.
    let mut sums = [unsafe { lanes.tap::<T>(s, panel) }; P];
    let (first, end) = (tile.first, tile.end);
    let taps_of = |outer: usize| {
        let mut taps = [s.splat(0.0); K];
        unroll!(k < K, max 12, {
            // SAFETY: the panel has K taps for each outer tap.
            taps[k] = unsafe { lanes.tap::<T>(s, panel.add((1 + outer * K + k) * T::unit::<S>())) };
        });
        taps
    };
    let mut outer = args.outer_range[0];
    if const { L::THREES } {
        let columns = [taps_of(0), taps_of(1), taps_of(2)];
        // SAFETY: there is an offset for each outer tap.
        let line = input.wrapping_offset(unsafe { *args.outer });
        macro_rules! inputs {
            ($loader:expr) => {{
                let (loader, mut at) = ($loader, line);
                unroll!(j < (P - 1) * ST + K, {
                    if !B::TESTED.tests(j, (P - 1) * ST + K, K) || (j >= first && j < end) {
                        // SAFETY: position j is inside the map, by the test or because all are.
                        let [u, v, w] = unsafe { loader.load_three(s, input_at::<T>(line, at, j, args.in_step)) };
                        meet::<S, K, ST, P, j>(s, &mut sums, u, &columns[0]);
                        meet::<S, K, ST, P, j>(s, &mut sums, v, &columns[1]);
                        meet::<S, K, ST, P, j>(s, &mut sums, w, &columns[2]);
                    }
                    at = next_input(at, args.in_step);
                });
            }};
        }
        match lanes.whole(0) {
            Some(loader) => inputs!(loader),
            None => inputs!(lanes.loader(s, 0)),
        }
        outer = args.outer_range[1];
    }
    while outer < args.outer_range[1] {
        // SAFETY: there is an offset for each outer tap.
        let line = input.wrapping_offset(unsafe { *args.outer.add(outer) });
        let taps = taps_of(outer);
        let pairs = const { L::PAIRS && K <= S::PAIRED_TAPS };
        let paired = pairs && outer >= args.pairs_from && outer + 1 < args.outer_range[1];
        // The tile's inputs, by one way of loading them.
        macro_rules! inputs {
            ($loader:expr) => {{
                let (loader, mut at) = ($loader, line);
                if const { L::PAIRS && K <= S::PAIRED_TAPS } && paired {
                    let next = taps_of(outer + 1);
                    unroll!(j < (P - 1) * ST + K, {
                        if !B::TESTED.tests(j, (P - 1) * ST + K, K) || (j >= first && j < end) {
                            // SAFETY: position j is inside the map, by the test or because all are.
                            let [v, w] = unsafe { loader.load_pair(s, input_at::<T>(line, at, j, args.in_step)) };
                            meet::<S, K, ST, P, j>(s, &mut sums, v, &taps);
                            meet::<S, K, ST, P, j>(s, &mut sums, w, &next);
                        }
                        at = next_input(at, args.in_step);
                    });
                } else {
                    unroll!(j < (P - 1) * ST + K, {
                        if !B::TESTED.tests(j, (P - 1) * ST + K, K) || (j >= first && j < end) {
                            // SAFETY: position j is inside the map, by the test or because all are.
                            let v = unsafe { loader.load(s, input_at::<T>(line, at, j, args.in_step)) };
                            meet::<S, K, ST, P, j>(s, &mut sums, v, &taps);
                        }
                        at = next_input(at, args.in_step);
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
        outer += if paired { 2 } else { 1 };
    }
    // SAFETY: the wanted outputs are inside the slice.
    unsafe { store::<S, E, L, B, P>(s, args, tile, x, &sums, lanes) }
}

/// Where input `j` of a line that begins at `line` stands; `at` is the same, come to by [`next_input`]. Where registers are many, HWC lines are
/// better off with the multiples of the step: one instruction fewer an input.
#[inline(always)]
fn input_at<T: Taps>(line: *const f32, at: *const f32, j: usize, step: usize) -> *const f32 {
    if const { cfg!(target_arch = "x86_64") || T::COLUMNS } { at } else { line.wrapping_add(j * step) }
}

/// Where the next input of a line stands. One addition: left alone, LLVM keeps every multiple of the step on the stack, and loads it
/// before the input.
#[inline(always)]
pub(super) fn next_input(at: *const f32, step: usize) -> *const f32 {
    #[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
    let mut next = at.wrapping_add(step);
    #[cfg(target_arch = "x86_64")]
    #[allow(clippy::pointers_in_nomem_asm_block, reason = "nothing looks at what the pointer points to")]
    // SAFETY: no instruction; the register keeps its value.
    unsafe {
        core::arch::asm!("/* {0} */", inout(reg) next, options(pure, nomem, nostack, preserves_flags));
    }
    next
}

/// Input `J` of a tile meets the taps. A function, and conditions in `const`, so that the compiler has little to copy for each
/// instance of [`tuned_tile`].
#[inline(always)]
fn meet<S: Simd, const K: usize, const ST: usize, const P: usize, const J: usize>(
    s: S,
    sums: &mut [S::V; P],
    v: S::V,
    taps: &[S::V; K],
) {
    unroll!(k < K, max 12, {
        if const { output_of(J, k, ST) < P } {
            let sum = &mut sums[output_of(J, k, ST)];
            *sum = s.pin(s.mul_add(v, taps[k], *sum));
        }
    });
}

/// # Safety
/// The wanted outputs must be writable for the lanes.
#[inline(always)]
pub(super) unsafe fn store<S: Simd, E: Epilogue, L: Lanes<S>, B: Border, const P: usize>(
    s: S,
    args: &LineArgs,
    tile: &Tile,
    x: usize,
    sums: &[S::V; P],
    lanes: L,
) {
    let output = tile.output.wrapping_add(x);
    unroll!(p < P, max 16, {
        if !B::CUT || p < tile.outputs {
            let y = E::apply(s, &args.epilogue, sums[p]);
            // SAFETY: output p is wanted.
            unsafe { lanes.store(s, output.wrapping_add(p * args.out_step), y) };
        }
    });
}
