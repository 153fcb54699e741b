//! The few vector operations that kernels are written in, once for all instruction sets.
//!
//! A value of a type that implements [`Simd`] is a token: it exists only where its CPU features are known to be there,
//! so its methods may use them. Every method is `inline(always)` and is meant to be inlined into a function that carries
//! `#[target_feature]`; called anywhere else it is still correct, but slow.
//!
//! Values are in lanes `0..LANES`, lane 0 at the lowest address.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(sepconv_neon)]
pub(crate) mod neon;
pub(crate) mod portable;
mod unroll;
mod vector;

pub(crate) use unroll::unroll;
#[cfg(sepconv_neon)]
pub(crate) use vector::ByLane;
#[cfg(target_arch = "x86_64")]
pub(crate) use vector::Halves;
pub(crate) use vector::{Simd, Task};

#[cfg(test)]
mod tests {
    use super::*;

    /// The lanes of `v`, sorted.
    fn sorted<S: Simd>(s: S, v: S::V) -> Vec<f32> {
        let mut lanes = vec![0.0; S::LANES];
        // SAFETY: there are `LANES` floats.
        unsafe { s.store(lanes.as_mut_ptr(), s.in_order(v)) };
        lanes
    }

    fn every_second_lane<S: Simd>(s: S) {
        let numbers: Vec<f32> = (0..2 * S::LANES).map(|i| i as f32).collect();
        // SAFETY: there are twice `LANES` floats.
        let (low, high) = unsafe { (s.load(numbers.as_ptr()), s.load(numbers.as_ptr().add(S::LANES))) };
        let end = s.splat(-1.0);
        let (even, odd) = (s.even_lanes_unsorted(low, high), s.odd_lanes_unsorted(low, high));
        let evens: Vec<f32> = numbers.iter().copied().step_by(2).collect();
        let odds: Vec<f32> = numbers.iter().copied().skip(1).step_by(2).collect();
        assert_eq!(sorted(s, even), evens);
        assert_eq!(sorted(s, odd), odds);
        assert_eq!(sorted(s, s.after_unsorted(odd, end)), [&[-1.0], &odds[..S::LANES - 1]].concat());
        assert_eq!(sorted(s, s.before_unsorted(even, end)), [&evens[1..], &[-1.0]].concat());
    }

    #[test]
    fn unsorted_lanes_move_in_order() {
        for isa in crate::Isa::available() {
            // SAFETY: the instruction set is there.
            unsafe {
                match isa {
                    crate::Isa::Portable => every_second_lane(portable::Portable::assume()),
                    #[cfg(target_arch = "x86_64")]
                    crate::Isa::Avx2 => every_second_lane(avx2::Avx2::assume()),
                    #[cfg(target_arch = "x86_64")]
                    crate::Isa::Avx512 => every_second_lane(avx512::Avx512::assume()),
                    #[cfg(sepconv_neon)]
                    crate::Isa::Neon => every_second_lane(neon::Neon::assume()),
                    #[allow(unreachable_patterns)]
                    _ => {}
                }
            }
        }
    }
}
