//! Depthwise CHW, 3×3 (`K × K`), down the rows of a channel: `V` vectors of columns side by side; the same vector of two channels where the map
//! is no wider than one; two vectors of two channels each where it is no wider than half of one.
//!
//! ```text
//! for each channel, or two or four of them
//!   for each group of V vectors of columns           accumulators  D·N      N vectors, D = ⌈K/ST⌉ rows of outputs
//!                                                    taps          K·K·C    of C channels, or C times two
//!     down the rows (see `column`)
//!       for each vector: load the K tap columns      inputs        K·N
//!       for each tap: accumulate
//! ```
//! Sums run in the order (kernel row, kernel column). Lanes outside the map read as zero; rows outside it are skipped.

use super::column::{Descent, descend, phase};
use super::lanes::{Clipped, Lanes, Loader};
use super::lanes_stride2::{Stride2, Stride2Three};
use super::lanes_three_columns::{ThreeClippedTaps, ThreeStride2Taps, ThreeTaps};
use super::lanes_two_channels::{TwoChannels, TwoChannelsStride2};
use super::line::LineArgs;
use super::taps::Broadcast;
use crate::epilogue::Epilogue;
use crate::simd::{Halves, Simd, unroll};

/// Three taps a row and column, at stride `ST` down the rows and of lanes along them; dilation 1; lanes are columns.
///
/// # Safety
/// As [`line::run`](super::line::run), for `taps == [K, K]` and `stride == ST`; `lane_ranges` must be there.
#[inline(always)]
pub(crate) unsafe fn run_halves<S: Halves, E: Epilogue, const K: usize, const ST: usize, const D: usize>(
    s: S,
    args: &LineArgs,
) {
    // SAFETY: `run`'s Safety is the same; in a group, `channels ≥ 4` and `c ≤ channels − 4`.
    unsafe {
        if 2 * args.lanes > S::LANES || args.channels < 4 {
            return run::<S, E, K, ST, D>(s, args);
        }
        // The last channels are a whole group, too: some are made a second time, which is cheaper than alone.
        for c in (0..args.channels).step_by(4) {
            four_channels::<S, E, K, ST, D>(s, args, c.min(args.channels - 4));
        }
    }
}

/// As [`run_halves`], without halves.
///
/// # Safety
/// As there.
#[inline(always)]
pub(crate) unsafe fn run<S: Simd, E: Epilogue, const K: usize, const ST: usize, const D: usize>(s: S, args: &LineArgs) {
    const { assert!(K == 3) };
    args.check();
    debug_assert!(args.taps == [K, K] && args.stride == ST && args.dilation == 1 && !args.exact);
    debug_assert!(args.outer_range == [0, K] && !args.lane_ranges.is_null() && args.lane_step <= ST);
    let vectors = args.lanes.div_ceil(S::LANES);
    // SAFETY: `c < args.channels`, and with the next one `c ≤ args.channels − 2`, by the loops; `run`'s Safety covers them.
    unsafe {
        if vectors == 1 && args.channels >= 2 {
            for c in (0..args.channels).step_by(2) {
                columns::<S, E, K, ST, D, 1, 2, 2>(s, args, c.min(args.channels - 2), 0);
            }
            return;
        }
        for c in 0..args.channels {
            // A lone vector is made twice.
            let mut vector = 0;
            while vector + 3 != vectors && vector < vectors {
                columns::<S, E, K, ST, D, 2, 1, 2>(s, args, c, vector);
                vector += 2;
            }
            if vector < vectors {
                columns::<S, E, K, ST, D, 3, 1, 3>(s, args, c, vector);
            }
        }
    }
}

/// `V` vectors of columns, from the one given, of `C` channels from channel `c`; `N = V·C`.
///
/// # Safety
/// As [`run`]; the channels must be there. A vector beyond the last is the last again.
#[inline(always)]
unsafe fn columns<
    S: Simd,
    E: Epilogue,
    const K: usize,
    const ST: usize,
    const D: usize,
    const V: usize,
    const C: usize,
    const N: usize,
>(
    s: S,
    args: &LineArgs,
    c: usize,
    vector: usize,
) {
    let count = args.lanes.min(S::LANES);
    let mask = s.mask(count);
    // The last vector is a whole one, too: it makes some outputs a second time, which is cheaper than a part.
    let lane = |v: usize| ((vector + v) * S::LANES).min(args.lanes - count);
    // SAFETY: there is an offset for each of the K tap columns.
    let offsets = unsafe { *args.outer.cast::<[isize; 3]>() };
    // Of one vector or the last three, some are at a border: where masks cost nothing, not worth instances without.
    macro_rules! descend_with {
        ($step:expr, $ways:expr, $loader:expr) => {{
            let ways = $ways;
            let mut loaders = [$loader(ways[0]); V];
            unroll!(v < V, max 4, {
                loaders[v] = $loader(ways[v]);
            });
            // SAFETY: `whole` found all elements inside the map, or the loader masks those that are not; `lane(v) + count ≤ args.lanes`.
            unsafe { column::<S, E, _, _, K, ST, D, V, C, N>(s, args, (c, 1), lane, $step, loaders, ways[0]) }
        }};
    }
    macro_rules! stride2 {
        ($first_moved:literal) => {{
            let way = |v: usize| {
                let column = 2 * lane(v);
                Stride2Three::<S, $first_moved>(Stride2 { column, columns: args.columns, offsets: args.outer, mask })
            };
            let mut ways = [way(0); V];
            let mut whole = count == S::LANES;
            unroll!(v < V, max 4, {
                ways[v] = way(v);
                whole &= ways[v].whole(0).is_some();
            });
            let step = (2, offsets[0]);
            if const { V == 2 || (V == 3 && !S::FREE_MASKS) } && whole {
                descend_with!(step, ways, |way: Stride2Three<S, $first_moved>| way.all())
            } else {
                descend_with!(step, ways, |way: Stride2Three<S, $first_moved>| way.loader(s, 0))
            }
        }};
    }
    if const { ST == 2 } && args.lane_step == 2 {
        if args.pairs_from == 1 {
            stride2!(true);
        } else {
            stride2!(false);
        }
    } else {
        let way = |v: usize| Clipped::<S, true> { first: lane(v), count, mask, ranges: args.lane_ranges };
        let mut ways = [way(0); V];
        let mut whole = count == S::LANES;
        unroll!(v < V, max 4, {
            ways[v] = way(v);
            whole &= (0..K).all(|kx| ways[v].whole(kx).is_some());
        });
        if const { V == 2 || (V == 3 && !S::FREE_MASKS) } && whole {
            descend_with!((1, 0), ways, |_| ThreeTaps { offsets })
        } else {
            descend_with!((1, 0), ways, |way: Clipped<S, true>| {
                let whole = [0, 1, 2].map(|kx| way.whole(kx).is_some());
                let ranges = [way.loader(s, 0), way.loader(s, 1), way.loader(s, 2)];
                ThreeClippedTaps { offsets, whole, ranges }
            })
        }
    }
}

/// All columns of four channels from channel `c`, two a vector.
///
/// # Safety
/// As [`run`]; four channels must be there.
#[inline(always)]
unsafe fn four_channels<S: Halves, E: Epilogue, const K: usize, const ST: usize, const D: usize>(
    s: S,
    args: &LineArgs,
    c: usize,
) {
    // SAFETY: there is an offset for each of the K tap columns.
    let offsets = unsafe { *args.outer.cast::<[isize; 3]>() };
    if const { ST == 2 } && args.lane_step == 2 {
        let lanes = TwoChannelsStride2::new(s, args);
        let loader = ThreeStride2Taps { two: lanes.loader(s, 0), last: lanes.loader(s, 2) };
        // SAFETY: channels to `c + 3` are in this function's Safety; the loader's ranges end where the map does, `lanes` at `args.lanes`.
        unsafe { column::<S, E, _, _, K, ST, D, 1, 2, 2>(s, args, (c, 2), |_| 0, (2, offsets[0]), [loader], lanes) }
    } else {
        let lanes = TwoChannels::new(s, args);
        let ranges = [lanes.loader(s, 0), lanes.loader(s, 1), lanes.loader(s, 2)];
        let loader = ThreeClippedTaps { offsets, whole: [false; 3], ranges };
        // SAFETY: channels to `c + 3` are in this function's Safety; the loader's ranges end where the map does, `lanes` at `args.lanes`.
        unsafe { column::<S, E, _, _, K, ST, D, 1, 2, 2>(s, args, (c, 2), |_| 0, (1, 0), [loader], lanes) }
    }
}

/// Vectors of columns and where they stand.
struct Column<'a, S: Simd, E, L, O, const K: usize, const ST: usize, const V: usize, const C: usize, const N: usize> {
    args: &'a LineArgs,
    /// Input rows inside the map, counted from `inputs`.
    rows: [usize; 2],
    inputs: [*const f32; N],
    outputs: [*mut f32; N],
    loaders: [L; V],
    stored: O,
    panels: [*const f32; C],
    taps: [[[S::V; K]; K]; C],
    epilogue: core::marker::PhantomData<E>,
}

/// # Safety
/// Channels `c, c + group, …`: as [`columns`]; the loaders must load what is inside the map of the vectors at `lane(0)..lane(V)` only, from `step` elements a
/// lane and an offset, and `stored` must stand for the lanes to store.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn column<
    S: Simd,
    E: Epilogue,
    L: Loader<S>,
    O: Lanes<S>,
    const K: usize,
    const ST: usize,
    const D: usize,
    const V: usize,
    const C: usize,
    const N: usize,
>(
    s: S,
    args: &LineArgs,
    (c, group): (usize, usize),
    lane: impl Fn(usize) -> usize,
    (step, offset): (usize, isize),
    loaders: [L; V],
    stored: O,
) {
    const { assert!(N == V * C) };
    let [in_channel, out_channel, panel] = args.channel_steps;
    let input = |n: usize| {
        let first = args.input.wrapping_add(((c + n / V * group) * in_channel).wrapping_add(step * lane(n % V)));
        first.wrapping_offset(offset)
    };
    let output = |n: usize| args.output.wrapping_add((c + n / V * group) * out_channel + lane(n % V));
    let mut tile = Column::<S, E, L, O, K, ST, V, C, N> {
        args,
        rows: [(-args.start).max(0) as usize, (args.extent as isize - args.start).max(0) as usize],
        inputs: [input(0); N],
        outputs: [output(0); N],
        loaders,
        stored,
        panels: [args.weights; C],
        taps: [[[s.splat(0.0); K]; K]; C],
        epilogue: core::marker::PhantomData,
    };
    unroll!(n < N, max 4, {
        tile.inputs[n] = input(n);
        tile.outputs[n] = output(n);
    });
    unroll!(q < C, max 4, {
        tile.panels[q] = args.weights.wrapping_add((c + q * group) * panel);
        unroll!(kx < K, max 4, {
            unroll!(ky < K, max 4, {
                // SAFETY: a panel holds the bias and K·K taps, a column after the other.
                tile.taps[q][ky][kx] = unsafe { stored.tap::<Broadcast>(s, tile.panels[q].add(1 + kx * K + ky)) };
            });
        });
    });
    // SAFETY: `row` skips what is outside `tile.rows`; rows inside and `args.outputs` of outputs are in this function's Safety.
    unsafe { descend::<S, _, K, ST, D, N>(s, &tile, args.outputs) }
}

impl<S, E, L, O, const K: usize, const ST: usize, const V: usize, const C: usize, const D: usize, const N: usize>
    Descent<S, D, N> for Column<'_, S, E, L, O, K, ST, V, C, N>
where
    S: Simd,
    E: Epilogue,
    L: Loader<S>,
    O: Lanes<S>,
{
    #[inline(always)]
    fn bias(&self, s: S) -> [S::V; N] {
        // SAFETY: a panel starts with the bias.
        let mut bias = [unsafe { self.stored.tap::<Broadcast>(s, self.panels[0]) }; N];
        unroll!(n < N, max 4, {
            if const { n >= V } {
                // SAFETY: as above.
                bias[n] = unsafe { self.stored.tap::<Broadcast>(s, self.panels[n / V]) };
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
        if i < self.rows[0] || i >= self.rows[1] {
            return;
        }
        let mut inputs = [[s.splat(0.0); K]; N];
        unroll!(n < N, max 4, {
            let row = self.inputs[n].wrapping_add(i * self.args.in_step);
            // SAFETY: the row is inside the map, and the loader touches no lane outside it.
            [inputs[n][0], inputs[n][1], inputs[n][2]] = unsafe { self.loaders[n % V].load_three(s, row) };
        });
        unroll!(kx < K, max 4, {
            unroll!(d < D, max 4, {
                if const { d < LIVE && phase(AHEAD, T, K, ST) >= d * ST && phase(AHEAD, T, K, ST) - d * ST < K } {
                    let ky = phase(AHEAD, T, K, ST) - d * ST;
                    unroll!(n < N, max 4, {
                        let sum = &mut sums[d][n];
                        *sum = s.pin(s.mul_add(inputs[n][kx], self.taps[n / V][ky][kx], *sum));
                    });
                }
            });
        });
    }

    #[inline(always)]
    unsafe fn store(&self, s: S, r: usize, sums: &[S::V; N]) {
        unroll!(n < N, max 4, {
            let y = E::apply(s, &self.args.epilogue, sums[n]);
            // SAFETY: row r and these lanes are inside the output.
            unsafe { self.stored.store(s, self.outputs[n].wrapping_add(r * self.args.out_step), y) };
        });
    }
}
