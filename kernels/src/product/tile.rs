//! Tiles of a matrix product, `C[MR × NR] = act(bias + A·B)`: pointwise and dense convolution in both layouts.
//!
//! HWC: rows are pixels (A is read in place), columns are output channels (B are packed weights).
//! CHW: rows are output channels (A are packed weights), columns are pixels (B is a packed strip of pixels).
//!
//! ```text
//! for each k                       accumulators  MR·NV   (start at the bias)
//!   load NV vectors of B           B             NV
//!   for each row: broadcast A,     A             1       (a memory operand on AVX-512)
//!     accumulate NV products       total         (MR+1)·NV+1 registers
//! ```
//! Every element sums its products in the order of k, whatever the tile.

use crate::epilogue::{Epilogue, EpilogueArgs};
use crate::simd::{Simd, unroll};

/// What one call computes: tiles below each other, over all of k.
#[derive(Clone, Copy)]
pub struct GemmArgs {
    /// A's element (0, 0).
    pub a: *const f32,
    /// Elements between rows of A (not used where A is packed), or between its panels for few pixels.
    pub a_row: usize,
    /// Elements of a panel of A for each k, for few pixels: see `few_pixels`.
    pub a_width: usize,
    /// The k of a sum stand in runs: `segments[0]` times `segments[1]` runs of `run` each.
    pub segments: [usize; 2],
    /// Elements of A between runs, outer and inner.
    pub a_steps: [usize; 2],
    /// Elements of B between runs, outer and inner.
    pub b_steps: [usize; 2],
    /// Values of k in a run.
    pub run: usize,
    /// B, packed: `NR` elements for each k of a run (`columns` of them for few pixels).
    pub b: *const f32,
    /// Memory that the next tiles will read, hinted at `ahead_step` elements a k; any address, a hint never faults.
    pub ahead: *const f32,
    /// See `ahead`; 0 for no hints.
    pub ahead_step: usize,
    /// Elements by which `ahead` moves from tile to tile.
    pub ahead_tile: usize,
    /// Bias: `NR` elements, or one per row where rows are output channels.
    pub bias: *const f32,
    /// Whether sums start at the bias, or go on from what C holds.
    pub begins: bool,
    /// Whether sums are complete: then activation and residual follow. Else they are stored as they are.
    pub ends: bool,
    /// Element (0, 0) of what is added behind the activation; null for nothing.
    pub residual: *const f32,
    /// Elements between its rows.
    pub residual_row: usize,
    /// C's element (0, 0).
    pub c: *mut f32,
    /// Elements between rows of C.
    pub c_row: usize,
    /// Rows to store, at most `MR`. Where A is not packed all of them are stored.
    pub rows: usize,
    /// Tiles to compute, `MR` rows further each; 1 where A is packed; for few pixels the panels.
    pub tiles: usize,
    /// Columns to store, at most `NR`.
    pub columns: usize,
    /// Activation of finished sums.
    pub epilogue: EpilogueArgs,
}

impl GemmArgs {
    /// The arguments of tile `index` alone, where tiles have so many rows.
    #[inline(always)]
    pub(super) fn tile(&self, index: usize, rows: usize) -> Self {
        let first = index * rows;
        let residual = if self.residual.is_null() { 0 } else { first * self.residual_row };
        Self {
            a: self.a.wrapping_add(first * self.a_row),
            ahead: self.ahead.wrapping_add(index * self.ahead_tile),
            c: self.c.wrapping_add(first * self.c_row),
            residual: self.residual.wrapping_add(residual),
            ..*self
        }
    }
}

/// Tiles with pixels as rows: A in place, bias per column. The end of a tile overlaps with the beginning of the next one, which
/// matters where k is small.
///
/// # Safety
/// `MR` rows of A for each tile in the runs described, `K·NR` elements of B, `NR` of bias must be readable, `columns` elements
/// of as many rows of C writable (readable, too, unless the sums begin), and of the residual, if any, readable.
#[inline(always)]
pub(crate) unsafe fn run_pixels<S: Simd, E: Epilogue, const MR: usize, const NV: usize>(s: S, args: &GemmArgs) {
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
unsafe fn pixel_tile<S: Simd, E: Epilogue, const MR: usize, const NV: usize>(s: S, args: &GemmArgs) {
    // SAFETY: `run_pixels`' Safety has NR of bias, and a readable C where the sums do not begin.
    let mut sums = unsafe { first_sums_of_pixels::<S, MR, NV>(s, args) };
    let mut ahead = args.ahead;
    for_each_run(args, |a, b| {
        let mut b = b;
        for k in 0..args.run {
            s.prefetch(ahead);
            ahead = ahead.wrapping_add(args.ahead_step);
            // SAFETY: element k of each row's run, and NR elements of B, are readable.
            unsafe {
                accumulate::<S, MR, NV>(s, &mut sums, b, |i| *a.add(i * args.a_row + k));
                b = b.add(NV * S::LANES);
            }
        }
    });
    // SAFETY: `columns` elements of each of MR rows are writable.
    unsafe { store::<S, E, MR, NV>(s, args, &mut sums) }
}

/// A tile with output channels as rows: A packed as `MR` elements for each k, bias per row.
///
/// # Safety
/// `K·MR` elements of A, `K·NR` of B, `MR` of bias must be readable, `columns` elements of each of `rows` rows of C writable
/// (readable, too, unless the sums begin), and of the residual, if any, readable.
#[inline(always)]
pub(crate) unsafe fn run_channels<S: Simd, E: Epilogue, const MR: usize, const NV: usize>(s: S, args: &GemmArgs) {
    debug_assert!(args.rows >= 1 && args.rows <= MR && args.tiles == 1);
    debug_assert!(args.columns >= 1 && args.columns <= NV * S::LANES);
    // SAFETY: `run_channels`' Safety has MR of bias, and a readable C where the sums do not begin.
    let mut sums = unsafe { first_sums_of_channels::<S, MR, NV>(s, args) };
    for_each_run(args, |a, b| {
        let (mut a, mut b) = (a, b);
        for _ in 0..args.run {
            // SAFETY: MR elements of A and NR of B are readable for each k.
            unsafe {
                accumulate::<S, MR, NV>(s, &mut sums, b, |i| *a.add(i));
                a = a.add(MR);
                b = b.add(NV * S::LANES);
            }
        }
    });
    // SAFETY: `columns` elements of each of `rows` rows are writable.
    unsafe { store::<S, E, MR, NV>(s, args, &mut sums) }
}

/// What the sums of [`run_pixels`] start from: the bias, or what C holds.
///
/// # Safety
/// As the kernel itself.
#[inline(always)]
pub(super) unsafe fn first_sums_of_pixels<S: Simd, const MR: usize, const NV: usize>(
    s: S,
    args: &GemmArgs,
) -> [[S::V; NV]; MR] {
    let mut sums = [[s.splat(0.0); NV]; MR];
    if args.begins {
        unroll!(v < NV, max 4, {
            // SAFETY: the caller promises NR elements of bias.
            let bias = unsafe { s.load(args.bias.add(v * S::LANES)) };
            unroll!(i < MR, max 16, {
                sums[i][v] = bias;
            });
        });
    } else {
        // SAFETY: the caller promises C.
        unsafe { for_each_vector(s, args, args.c, args.c_row, &mut sums, |_, p, lanes| s.load_masked(p, lanes)) }
    }
    sums
}

/// What the sums of [`run_channels`] start from: the bias, or what C holds.
///
/// # Safety
/// As the kernel itself.
#[inline(always)]
pub(super) unsafe fn first_sums_of_channels<S: Simd, const MR: usize, const NV: usize>(
    s: S,
    args: &GemmArgs,
) -> [[S::V; NV]; MR] {
    let mut sums = [[s.splat(0.0); NV]; MR];
    if args.begins {
        unroll!(i < MR, max 16, {
            // SAFETY: the caller promises MR elements of bias.
            sums[i] = [s.splat(unsafe { *args.bias.add(i) }); NV];
        });
    } else {
        // SAFETY: the caller promises C.
        unsafe { for_each_vector(s, args, args.c, args.c_row, &mut sums, |_, p, lanes| s.load_masked(p, lanes)) }
    }
    sums
}

/// Calls `body` with the first elements of A and B of every run, in order.
#[inline(always)]
pub(super) fn for_each_run(args: &GemmArgs, mut body: impl FnMut(*const f32, *const f32)) {
    for outer in 0..args.segments[0] {
        for inner in 0..args.segments[1] {
            let a = args.a.wrapping_add(outer * args.a_steps[0] + inner * args.a_steps[1]);
            let b = args.b.wrapping_add(outer * args.b_steps[0] + inner * args.b_steps[1]);
            body(a, b);
        }
    }
}

/// One step of k.
///
/// # Safety
/// `NR` elements must be readable at `b`.
#[inline(always)]
pub(super) unsafe fn accumulate<S: Simd, const MR: usize, const NV: usize>(
    s: S,
    sums: &mut [[S::V; NV]; MR],
    b: *const f32,
    a: impl Fn(usize) -> f32,
) {
    let mut columns = [s.splat(0.0); NV];
    unroll!(v < NV, max 4, {
        // SAFETY: the caller promises NR elements.
        columns[v] = unsafe { s.load(b.add(v * S::LANES)) };
    });
    unroll!(i < MR, max 16, {
        let row = s.splat(a(i));
        unroll!(v < NV, max 4, {
            sums[i][v] = s.mul_add(row, columns[v], sums[i][v]);
        });
    });
}

/// Replaces every vector of sums by what `body` makes of it, the place that belongs to it in a matrix, and its lanes.
///
/// # Safety
/// `columns` elements of each of `rows` rows of the matrix at `p`, `row` elements apart, must allow what `body` does there.
#[inline(always)]
unsafe fn for_each_vector<S: Simd, const MR: usize, const NV: usize>(
    s: S,
    args: &GemmArgs,
    p: *const f32,
    row: usize,
    sums: &mut [[S::V; NV]; MR],
    body: impl Fn(S::V, *const f32, S::Mask) -> S::V,
) {
    unroll!(v < NV, max 4, {
        let lanes = s.mask(args.columns.saturating_sub(v * S::LANES).min(S::LANES));
        unroll!(i < MR, max 16, {
            if i < args.rows {
                sums[i][v] = body(sums[i][v], p.wrapping_add(i * row + v * S::LANES), lanes);
            }
        });
    });
}

/// # Safety
/// `columns` elements of each of `rows` rows of C must be writable, and of the residual, if any, readable.
#[inline(always)]
pub(super) unsafe fn store<S: Simd, E: Epilogue, const MR: usize, const NV: usize>(
    s: S,
    args: &GemmArgs,
    sums: &mut [[S::V; NV]; MR],
) {
    let full = args.columns == NV * S::LANES;
    let alone = args.ends && args.residual.is_null();
    if const { E::BRIEF } && full && args.rows == MR && alone && !E::changes_nothing(&args.epilogue) {
        // Sum by sum to the end: this way the stores begin early, and all of it runs beside the next tile's products.
        unroll!(i < MR, max 16, {
            let row = args.c.wrapping_add(i * args.c_row);
            unroll!(v < NV, max 4, {
                let sum = E::apply(s, &args.epilogue, sums[i][v]);
                // SAFETY: NR elements of each of MR rows are writable.
                unsafe { s.store(row.wrapping_add(v * S::LANES), sum) };
            });
        });
        return;
    }
    if args.ends {
        if !E::changes_nothing(&args.epilogue) {
            unroll!(i < MR, max 16, {
                unroll!(v < NV, max 4, {
                    sums[i][v] = E::apply(s, &args.epilogue, sums[i][v]);
                });
            });
        }
        if !args.residual.is_null() {
            // SAFETY: the caller promises the residual.
            let add = |sum, p, lanes| s.add(sum, unsafe { s.load_masked(p, lanes) });
            // SAFETY: as above.
            unsafe { for_each_vector(s, args, args.residual, args.residual_row, sums, add) }
        }
    }
    unroll!(i < MR, max 16, {
        if i < args.rows {
            let row = args.c.wrapping_add(i * args.c_row);
            unroll!(v < NV, max 4, {
                let to = row.wrapping_add(v * S::LANES);
                if full {
                    // SAFETY: NR elements of the row are writable.
                    unsafe { s.store(to, sums[i][v]) };
                } else {
                    let lanes = args.columns.saturating_sub(v * S::LANES).min(S::LANES);
                    // SAFETY: no lane beyond `columns` is written.
                    unsafe { s.store_masked(to, sums[i][v], s.mask(lanes)) };
                }
            });
        }
    });
}
