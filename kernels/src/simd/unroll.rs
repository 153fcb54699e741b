//! Loops over constants.

/// Repeats a block with a constant `$i = 0, 1, …` while it is below `$n`, so that arrays indexed by it stay in registers.
///
/// A plain loop leaves the unrolling to the optimiser, which gives up on larger tiles and then keeps accumulators in memory.
/// The list of numbers ends at 27, or at what `max` says: a longer loop does not compile. Each number is a constant that the compiler
/// evaluates for every instance, needed or not: so lists are short where loops are.
macro_rules! unroll {
    ($i:ident < $n:expr, $body:block) => {
        $crate::simd::unroll!(@ 28, $i, $n, $body, (0 1 2 3) (4 5 6 7) (8 9 10 11) (12 13 14 15) (16 17 18 19) (20 21 22 23) (24 25 26 27))
    };
    ($i:ident < $n:expr, max 16, $body:block) => {
        $crate::simd::unroll!(@ 16, $i, $n, $body, (0 1 2 3) (4 5 6 7) (8 9 10 11) (12 13 14 15))
    };
    ($i:ident < $n:expr, max 12, $body:block) => {
        $crate::simd::unroll!(@ 12, $i, $n, $body, (0 1 2 3) (4 5 6 7) (8 9 10 11))
    };
    ($i:ident < $n:expr, max 4, $body:block) => {
        $crate::simd::unroll!(@ 4, $i, $n, $body, (0 1 2 3))
    };
    (@ $longest:literal, $i:ident, $n:expr, $body:block, $($group:tt)*) => {{
        const { assert!($n <= $longest, "longer than the list of unrolled numbers") }
        $crate::simd::unroll!(# $i, $n, $body, $($group)*);
    }};
    (# $i:ident, $n:expr, $body:block, ($first:literal $($k:literal)*) $($group:tt)*) => {
        if const { $first < $n } {
            {
                #[allow(non_upper_case_globals)]
                const $i: usize = $first;
                $body
            }
            $(if const { $k < $n } {
                #[allow(non_upper_case_globals)]
                const $i: usize = $k;
                $body
            })*
            $crate::simd::unroll!(# $i, $n, $body, $($group)*);
        }
    };
    (# $i:ident, $n:expr, $body:block,) => {};
}
pub(crate) use unroll;
