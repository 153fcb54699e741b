//! Down the rows of a map with all taps of a window in registers: every input row is visited once, and adds to each of the `D = ⌈K/ST⌉`
//! output rows that it belongs to.
//!
//! ```text
//! for each output row
//!   for each of the ST input rows new to it: add to D rows of sums
//!   store the finished row, move up the others, begin a new one at the bias
//! ```
//! Sums run in the order of the kernel's rows, and within a row as the implementation of [`Descent`] adds.

use crate::simd::{Simd, unroll};

/// What is done with the rows: `N` vectors of sums for each of `D` output rows.
pub(super) trait Descent<S: Simd, const D: usize, const N: usize> {
    /// What sums start from.
    fn bias(&self, s: S) -> [S::V; N];

    /// Adds input row `i`, the row number `T` of those that are new to output row 0 of the sums, or if `AHEAD` of those before them
    /// ([`phase`] is its distance from the row that output row 0 begins with); sums from `LIVE` on are not wanted.
    ///
    /// # Safety
    /// Rows `0..(rows − 1)·ST + K` must be readable, but for those that the implementation knows to lie outside the map.
    unsafe fn row<const AHEAD: bool, const T: usize, const LIVE: usize>(
        &self,
        s: S,
        sums: &mut [[S::V; N]; D],
        i: usize,
    );

    /// Stores output row `r`.
    ///
    /// # Safety
    /// Output row `r` must be writable.
    unsafe fn store(&self, s: S, r: usize, sums: &[S::V; N]);
}

/// See [`Descent::row`].
pub(super) const fn phase(ahead: bool, t: usize, taps: usize, stride: usize) -> usize {
    if ahead { t } else { taps - stride + t }
}

/// All `rows` of outputs, for `K` rows of taps at stride `ST`.
///
/// # Safety
/// What [`Descent::row`] and [`Descent::store`] ask for, for these rows.
#[inline(always)]
pub(super) unsafe fn descend<S, T, const K: usize, const ST: usize, const D: usize, const N: usize>(
    s: S,
    tile: &T,
    rows: usize,
) where
    S: Simd,
    T: Descent<S, D, N>,
{
    const { assert!(D == K.div_ceil(ST) && D <= 3 && ST <= K) };
    let mut sums = [tile.bias(s); D];
    // Input rows that the first output row shares with the next ones.
    unroll!(i < K - ST, max 4, {
        // SAFETY: input row `i < K − ST`, of the `(rows − 1)·ST + K` that `descend`'s Safety says are readable.
        unsafe { tile.row::<true, i, D>(s, &mut sums, i) }
    });
    macro_rules! output_row {
        ($r:expr, $live:literal) => {{
            unroll!(t < ST, max 4, {
                // SAFETY: `$r < rows`, by the loops below: the input row is below `(rows − 1)·ST + K`, as in `descend`'s Safety.
                unsafe { tile.row::<false, t, $live>(s, &mut sums, $r * ST + K - ST + t) }
            });
            // SAFETY: output row `$r < rows`, by the loops below, writable by `descend`'s Safety.
            unsafe { tile.store(s, $r, &sums[0]) };
            unroll!(d < D - 1, max 4, {
                sums[d] = sums[d + 1];
            });
        }};
    }
    let mut r = 0;
    while r + D <= rows {
        output_row!(r, 3);
        sums[D - 1] = tile.bias(s);
        r += 1;
    }
    // Rows that would begin below the last one are left out.
    if const { D >= 3 } && r + 2 <= rows {
        output_row!(r, 2);
        r += 1;
    }
    if r < rows {
        output_row!(r, 1);
    }
}
