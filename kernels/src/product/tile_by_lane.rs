//! Tiles as in [`tile`](super::tile), where a multiply-add takes one lane of a vector as a factor: a vector of A is one load instead of
//! a broadcast for each element. (LLVM keeps the broadcasts if left alone, and on several cores a broadcast load takes a turn of
//! the unit that multiplies.)
//!
//! ```text
//! pixels as rows: for each LANES values of k          channels as rows: for each k
//!   load LANES values of k of each row    A  MR         load MR values of A           A  MR/LANES
//!   for each k of them, for each vector of B            load NV vectors of B          B  NV
//!     load it                             B  1          for each row and vector: accumulate
//!     accumulate it in MR rows   sums  MR·NV                                       sums  MR·NV
//! ```
//! Every element sums its products in the order of k, as in `tile`.

use super::tile::{
    GemmArgs, accumulate, first_sums_of_channels, first_sums_of_pixels, for_each_run,
    run_channels as run_channels_by_broadcast, store,
};
use crate::epilogue::Epilogue;
use crate::simd::{ByLane, unroll};

/// Tiles with pixels as rows: A in place, bias per column.
///
/// # Safety
/// As [`tile::run_pixels`](super::tile::run_pixels).
#[inline(always)]
pub(crate) unsafe fn run_pixels<S: ByLane, E: Epilogue, const MR: usize, const NV: usize>(s: S, args: &GemmArgs) {
    debug_assert!(args.rows == MR && args.tiles >= 1 && args.columns >= 1 && args.columns <= NV * S::LANES);
    for index in 0..args.tiles {
        // SAFETY: `index < args.tiles`; `run_pixels`' Safety covers the rows of all tiles.
        unsafe { pixel_tile::<S, E, MR, NV>(s, &args.tile(index, MR)) }
    }
}

/// One tile of [`run_pixels`].
///
/// # Safety
/// As there.
#[inline(always)]
unsafe fn pixel_tile<S: ByLane, E: Epilogue, const MR: usize, const NV: usize>(s: S, args: &GemmArgs) {
    // SAFETY: `run_pixels`' Safety has NR of bias, and a readable C where the sums do not begin.
    let mut sums = unsafe { first_sums_of_pixels::<S, MR, NV>(s, args) };
    let mut ahead = args.ahead;
    for_each_run(args, |a, b| {
        let (mut b, mut k) = (b, 0);
        while k + S::LANES <= args.run {
            let mut rows = [s.splat(0.0); MR];
            unroll!(i < MR, max 16, {
                // SAFETY: elements k..k + LANES of each row's run are readable.
                rows[i] = unsafe { s.load(a.add(i * args.a_row + k)) };
            });
            unroll!(lane < 4, max 4, {
                s.prefetch(ahead);
                ahead = ahead.wrapping_add(args.ahead_step);
                unroll!(v < NV, max 4, {
                    // SAFETY: NR elements of B are readable for each k.
                    let column = unsafe { s.load(b.add(v * S::LANES)) };
                    unroll!(i < MR, max 16, {
                        sums[i][v] = s.pin(s.mul_add_lane::<{ lane as i32 }>(rows[i], column, sums[i][v]));
                    });
                });
                b = b.wrapping_add(NV * S::LANES);
            });
            k += S::LANES;
        }
        while k < args.run {
            // SAFETY: element k of each row's run, and NR elements of B, are readable.
            unsafe {
                accumulate::<S, MR, NV>(s, &mut sums, b, |i| *a.add(i * args.a_row + k));
                b = b.add(NV * S::LANES);
            }
            k += 1;
        }
    });
    // SAFETY: `columns` elements of each of MR rows are writable.
    unsafe { store::<S, E, MR, NV>(s, args, &mut sums) }
}

/// A tile with output channels as rows: A packed as `MR` elements for each k, bias per row.
///
/// # Safety
/// As [`tile::run_channels`](super::tile::run_channels).
#[inline(always)]
pub(crate) unsafe fn run_channels<S: ByLane, E: Epilogue, const MR: usize, const NV: usize>(s: S, args: &GemmArgs) {
    if MR % S::LANES != 0 {
        // SAFETY: `tile::run_channels` has the same Safety.
        return unsafe { run_channels_by_broadcast::<S, E, MR, NV>(s, args) };
    }
    debug_assert!(args.rows >= 1 && args.rows <= MR);
    debug_assert!(args.columns >= 1 && args.columns <= NV * S::LANES);
    // SAFETY: `run_channels`' Safety has MR of bias, and a readable C where the sums do not begin.
    let mut sums = unsafe { first_sums_of_channels::<S, MR, NV>(s, args) };
    for_each_run(args, |a, b| {
        let (a_at, b_at) = (|k: usize| a.wrapping_add(k * MR), |k: usize| b.wrapping_add(k * NV * S::LANES));
        let mut k = 0;
        // Two values of k a round: fewer instructions that only count.
        while k + 2 <= args.run {
            // SAFETY: MR elements of A and NR of B are readable for each k.
            unsafe {
                channels_step::<S, MR, NV>(s, &mut sums, a_at(k), b_at(k));
                channels_step::<S, MR, NV>(s, &mut sums, a_at(k + 1), b_at(k + 1));
            }
            k += 2;
        }
        if k < args.run {
            // SAFETY: as above.
            unsafe { channels_step::<S, MR, NV>(s, &mut sums, a_at(k), b_at(k)) }
        }
    });
    // SAFETY: `columns` elements of each of `rows` rows are writable.
    unsafe { store::<S, E, MR, NV>(s, args, &mut sums) }
}

/// One k of [`run_channels`].
///
/// # Safety
/// `MR` elements of A and `NR` of B must be readable.
#[inline(always)]
unsafe fn channels_step<S: ByLane, const MR: usize, const NV: usize>(
    s: S,
    sums: &mut [[S::V; NV]; MR],
    a: *const f32,
    b: *const f32,
) {
    let mut columns = [s.splat(0.0); NV];
    unroll!(v < NV, max 4, {
        // SAFETY: `v < NV`: NR elements of B are in this function's Safety.
        columns[v] = unsafe { s.load(b.add(v * S::LANES)) };
    });
    unroll!(part < MR / S::LANES, max 4, {
        // SAFETY: `part < MR / LANES`: MR elements of A are in this function's Safety.
        let rows = unsafe { s.load(a.add(part * S::LANES)) };
        unroll!(lane < 4, max 4, {
            unroll!(v < NV, max 4, {
                let sum = &mut sums[part * 4 + lane][v];
                *sum = s.mul_add_lane::<{ lane as i32 }>(rows, columns[v], *sum);
            });
        });
    });
}
