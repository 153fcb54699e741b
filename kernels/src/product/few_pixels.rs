//! Tiles as in [`tile`](super::tile), in CHW for few pixels, which would leave a tile's vectors of pixels mostly empty: here lanes are output
//! channels, a panel's, and a pixel is a factor of them all.
//!
//! ```text
//! for each P pixels                            accumulators  G·V·P   (start at the bias)
//!   for each k
//!     load the weights of G panels             A             G·V
//!     for each pixel: broadcast it,            B             1       (a memory operand on AVX-512)
//!       accumulate G·V products                total         G·V·(P+1)+1 registers
//!   store every lane in its plane
//! ```
//! Every element sums its products in the order of k, as in `tile`. Where a panel is narrower than its vectors, the lanes behind it
//! compute something from what follows in memory, which nobody stores.

use super::tile::{GemmArgs, for_each_run};
use crate::epilogue::Epilogue;
use crate::simd::{Simd, unroll};

/// Most lanes of a vector.
const LANES: usize = 16;

/// All pixels for one or two panels of at most `V` vectors, up to `P` pixels at a time.
///
/// # Safety
/// For each k of the runs `columns` elements of B must be readable, and from each panel's weights of that k, and from its bias, `V`
/// vectors; `columns` elements of each of `rows` rows of C must be writable (readable, too, unless the sums begin), and of the
/// residual, if any, readable.
#[inline(always)]
pub(crate) unsafe fn run<S: Simd, E: Epilogue, const V: usize, const P: usize>(s: S, args: &GemmArgs) {
    const { assert!(S::LANES <= LANES) }
    debug_assert!(args.rows >= 1 && args.rows <= args.tiles * args.a_width && args.a_width <= V * S::LANES);
    debug_assert!(args.columns >= 1 && (args.tiles == 1 || args.tiles == 2));
    // SAFETY: `panels` has the same Safety; `G` is `args.tiles`, which is 1 or 2.
    unsafe {
        match args.tiles {
            2 => panels::<S, E, 2, V, P>(s, args),
            _ => panels::<S, E, 1, V, P>(s, args),
        }
    }
}

/// As [`run`], for `G` panels.
///
/// # Safety
/// As there.
#[inline(always)]
unsafe fn panels<S: Simd, E: Epilogue, const G: usize, const V: usize, const P: usize>(s: S, args: &GemmArgs) {
    let mut at = 0;
    // SAFETY: pixels `at..` up to `columns`.
    unsafe {
        while at + P <= args.columns {
            tile::<S, E, G, V, P>(s, args, at);
            at += P;
        }
        if const { P > 2 } && at + 2 <= args.columns {
            tile::<S, E, G, V, 2>(s, args, at);
            at += 2;
        }
        while at < args.columns {
            tile::<S, E, G, V, 1>(s, args, at);
            at += 1;
        }
    }
}

/// `P` pixels from pixel `at`.
///
/// # Safety
/// As [`run`], where there are so many.
#[inline(always)]
unsafe fn tile<S: Simd, E: Epilogue, const G: usize, const V: usize, const P: usize>(s: S, args: &GemmArgs, at: usize) {
    let mut sums = [[[s.splat(0.0); V]; G]; P];
    if args.begins {
        // SAFETY: the caller promises the bias of every panel.
        let bias = unsafe { panel_vectors::<S, G, V>(s, args, args.bias) };
        unroll!(p < P, max 4, {
            sums[p] = bias;
        });
    } else {
        for_each_vector::<S, G, V, P>(args, &mut sums, |sum, first, lanes, pixel| {
            let mut values = [0.0; LANES];
            for (lane, value) in values[..lanes].iter_mut().enumerate() {
                // SAFETY: the caller promises C.
                *value = unsafe { *args.c.add((first + lane) * args.c_row + at + pixel) };
            }
            // SAFETY: a vector has no more lanes than there are values.
            *sum = unsafe { s.load(values.as_ptr()) };
        });
    }
    for_each_run(args, |a, b| {
        let (mut a, mut b) = (a, b.wrapping_add(at));
        for _ in 0..args.run {
            // SAFETY: the weights of G panels and `columns` elements of B are readable for each k.
            let weights = unsafe { panel_vectors::<S, G, V>(s, args, a) };
            unroll!(p < P, max 4, {
                // SAFETY: as above; pixel `at + p` is one of the columns.
                let pixel = s.splat(unsafe { *b.add(p) });
                unroll!(g < G, max 4, {
                    unroll!(v < V, max 4, {
                        sums[p][g][v] = s.mul_add(weights[g][v], pixel, sums[p][g][v]);
                    });
                });
            });
            (a, b) = (a.wrapping_add(args.a_width), b.wrapping_add(args.columns));
        }
    });
    if args.ends && !E::changes_nothing(&args.epilogue) {
        unroll!(p < P, max 4, {
            unroll!(g < G, max 4, {
                unroll!(v < V, max 4, {
                    sums[p][g][v] = E::apply(s, &args.epilogue, sums[p][g][v]);
                });
            });
        });
    }
    let added = if args.ends { args.residual } else { core::ptr::null() };
    for_each_vector::<S, G, V, P>(args, &mut sums, |sum, first, lanes, pixel| {
        let mut values = [0.0; LANES];
        // SAFETY: a vector has no more lanes than there are values.
        unsafe { s.store(values.as_mut_ptr(), *sum) };
        for (lane, &value) in values[..lanes].iter().enumerate() {
            let row = first + lane;
            // SAFETY: the caller promises the residual, if there is one.
            let more = (!added.is_null()).then(|| unsafe { *added.add(row * args.residual_row + at + pixel) });
            // SAFETY: the caller promises C.
            unsafe { *args.c.add(row * args.c_row + at + pixel) = more.map_or(value, |more| value + more) };
        }
    });
}

/// Calls `body` with each vector of sums, the row of its first lane, how many of its lanes are rows, and its pixel.
#[inline(always)]
fn for_each_vector<S: Simd, const G: usize, const V: usize, const P: usize>(
    args: &GemmArgs,
    sums: &mut [[[S::V; V]; G]; P],
    mut body: impl FnMut(&mut S::V, usize, usize, usize),
) {
    unroll!(g < G, max 4, {
        unroll!(v < V, max 4, {
            let first = g * args.a_width + v * S::LANES;
            let end = args.rows.min((g + 1) * args.a_width);
            let lanes = end.saturating_sub(first).min(S::LANES);
            unroll!(p < P, max 4, {
                body(&mut sums[p][g][v], first, lanes, p);
            });
        });
    });
}

/// A vector from each `V` lanes of `G` panels, of which the first one's stand at `p`.
///
/// # Safety
/// They must be readable.
#[inline(always)]
unsafe fn panel_vectors<S: Simd, const G: usize, const V: usize>(
    s: S,
    args: &GemmArgs,
    p: *const f32,
) -> [[S::V; V]; G] {
    let mut vectors = [[s.splat(0.0); V]; G];
    unroll!(g < G, max 4, {
        unroll!(v < V, max 4, {
            // SAFETY: `g < G` and `v < V`: these vectors are in this function's Safety.
            vectors[g][v] = unsafe { s.load(p.add(g * args.a_row + v * S::LANES)) };
        });
    });
    vectors
}
