//! AVX-512 (F, BW, VL, DQ) with AVX2 and FMA: 16 lanes, 32 registers, masked loads and stores.

use super::vector::{Halves, Simd, Task};
use core::arch::x86_64::*;

/// Proof that the CPU has AVX-512 F, BW, VL and DQ.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Simd for Avx512 {
    const LANES: usize = 16;
    const FREE_MASKS: bool = true;
    const PAIRED_TAPS: usize = 5;
    type V = __m512;
    type Mask = __mmask16;
    type Range = __mmask16;

    #[inline(always)]
    unsafe fn assume() -> Self {
        Self(())
    }

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        // SAFETY: `self` proves avx512f.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> __m512 {
        // SAFETY: `self` proves avx512f; the caller promises `p..p + 16` readable.
        unsafe { _mm512_loadu_ps(p) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: __m512) {
        // SAFETY: `self` proves avx512f; the caller promises `p..p + 16` writable.
        unsafe { _mm512_storeu_ps(p, v) }
    }

    #[inline(always)]
    fn mask(self, count: usize) -> __mmask16 {
        ((1u32 << count) - 1) as __mmask16
    }

    #[inline(always)]
    unsafe fn load_masked(self, p: *const f32, mask: __mmask16) -> __m512 {
        // SAFETY: `self` proves avx512f; masked-out lanes are not accessed, the others are readable by contract.
        unsafe { _mm512_maskz_loadu_ps(mask, p) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, p: *mut f32, v: __m512, mask: __mmask16) {
        // SAFETY: `self` proves avx512f; masked-out lanes are not accessed, the others are writable by contract.
        unsafe { _mm512_mask_storeu_ps(p, mask, v) }
    }

    #[inline(always)]
    unsafe fn load_strided(self, p: *const f32, stride: usize, mask: __mmask16) -> __m512 {
        // The gather takes 32-bit offsets: a stride beyond them is loaded lane by lane.
        if stride > (i32::MAX as usize) / 64 {
            let mut lanes = [0.0f32; 16];
            for (lane, value) in lanes.iter_mut().enumerate().take(mask.count_ones() as usize) {
                // SAFETY: lanes inside the mask are readable by contract.
                *value = unsafe { *p.add(lane * stride) };
            }
            // SAFETY: `self` proves avx512f; `lanes` holds 16 floats.
            return unsafe { _mm512_loadu_ps(lanes.as_ptr()) };
        }
        // SAFETY: `self` proves avx512f; only lanes inside the mask are accessed; offsets fit 32 bits by the test above.
        unsafe {
            let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            let offsets = _mm512_mullo_epi32(lanes, _mm512_set1_epi32(stride as i32));
            _mm512_mask_i32gather_ps::<4>(_mm512_setzero_ps(), mask, offsets, p)
        }
    }

    #[inline(always)]
    fn range(self, from: usize, to: usize) -> __mmask16 {
        self.mask(to) & !self.mask(from)
    }

    #[inline(always)]
    unsafe fn load_range(self, p: *const f32, range: &__mmask16) -> __m512 {
        // SAFETY: `self` proves avx512f; masked-out lanes are not accessed, the others are readable by contract.
        unsafe { _mm512_maskz_loadu_ps(*range, p) }
    }

    #[inline(always)]
    fn prefetch(self, p: *const f32) {
        // SAFETY: a hint; it never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(p.cast()) }
    }

    #[inline(always)]
    fn even_lanes(self, low: __m512, high: __m512) -> __m512 {
        // SAFETY: `self` proves avx512f.
        unsafe {
            let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            _mm512_permutex2var_ps(low, even, high)
        }
    }

    #[inline(always)]
    fn odd_lanes(self, low: __m512, high: __m512) -> __m512 {
        // SAFETY: `self` proves avx512f.
        unsafe {
            let odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
            _mm512_permutex2var_ps(low, odd, high)
        }
    }

    #[inline(always)]
    fn even_lanes_unsorted(self, low: __m512, high: __m512) -> __m512 {
        // SAFETY: `self` proves avx512f.
        unsafe { _mm512_shuffle_ps::<0b10_00_10_00>(low, high) }
    }

    #[inline(always)]
    fn odd_lanes_unsorted(self, low: __m512, high: __m512) -> __m512 {
        // SAFETY: `self` proves avx512f.
        unsafe { _mm512_shuffle_ps::<0b11_01_11_01>(low, high) }
    }

    #[inline(always)]
    fn in_order(self, v: __m512) -> __m512 {
        // The shuffles work on 128-bit quarters: two lanes of `low` and two of `high` alternate.
        // SAFETY: `self` proves avx512f.
        unsafe {
            let order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
            _mm512_castpd_ps(_mm512_permutexvar_pd(order, _mm512_castps_pd(v)))
        }
    }

    #[inline(always)]
    fn after_unsorted(self, v: __m512, end: __m512) -> __m512 {
        // Outputs 0 1 8 9, 2 3 10 11, 4 5 12 13 and 6 7 14 15 stand in the quarters; 16 is lane 0 of `end`.
        // SAFETY: `self` proves avx512f.
        unsafe {
            let index = _mm512_setr_epi32(16, 0, 13, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14);
            _mm512_permutex2var_ps(v, index, end)
        }
    }

    #[inline(always)]
    fn before_unsorted(self, v: __m512, end: __m512) -> __m512 {
        // SAFETY: `self` proves avx512f.
        unsafe {
            let index = _mm512_setr_epi32(1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 2, 15, 16);
            _mm512_permutex2var_ps(v, index, end)
        }
    }

    #[inline(always)]
    fn permute(self, v: __m512, index: __m512) -> __m512 {
        // SAFETY: `self` proves avx512f.
        unsafe { _mm512_permutexvar_ps(_mm512_castps_si512(index), v) }
    }

    #[inline(always)]
    fn select_range(self, from: usize, to: usize, new: __m512, old: __m512) -> __m512 {
        let mask = self.mask(to) & !self.mask(from);
        // SAFETY: `self` proves avx512f.
        unsafe { _mm512_mask_blend_ps(mask, old, new) }
    }

    #[inline(always)]
    fn pin(self, v: __m512) -> __m512 {
        // SAFETY: `self` proves avx512f.
        unsafe { pin(v) }
    }

    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: `self` proves avx512f.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves avx512f.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves avx512f.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves avx512f.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves avx512f.
        unsafe { _mm512_div_ps(a, b) }
    }

    #[inline(always)]
    fn at_least(self, x: __m512, lo: __m512) -> __m512 {
        // SAFETY: `self` proves avx512f. The instruction returns its second operand if either is NaN: `x` stands there.
        unsafe { _mm512_max_ps(lo, x) }
    }

    #[inline(always)]
    fn at_most(self, x: __m512, hi: __m512) -> __m512 {
        // SAFETY: `self` proves avx512f. The instruction returns its second operand if either is NaN: `x` stands there.
        unsafe { _mm512_min_ps(hi, x) }
    }

    #[inline(always)]
    fn round(self, x: __m512) -> __m512 {
        // SAFETY: `self` proves avx512f.
        unsafe { _mm512_roundscale_ps::<0>(x) }
    }

    #[inline(always)]
    fn scale_by_power_of_two(self, x: __m512, n: __m512) -> __m512 {
        // SAFETY: `self` proves avx512f.
        unsafe { _mm512_scalef_ps(x, n) }
    }

    // The compiler does not heed `inline(never)` at a function with `target_feature`.
    #[inline(never)]
    fn call(self, task: impl Task<Self>) {
        // SAFETY: `self` proves what the function asks for.
        unsafe { call(self, task) }
    }
}

impl Halves for Avx512 {
    type Half = __mmask8;

    #[inline(always)]
    fn splat_halves(self, low: f32, high: f32) -> __m512 {
        // SAFETY: `self` proves avx512f.
        unsafe { _mm512_mask_broadcastss_ps(_mm512_set1_ps(low), 0b1111_1111_0000_0000, _mm_set_ss(high)) }
    }

    #[inline(always)]
    fn splat_unsorted(self, low: f32, high: f32) -> __m512 {
        // SAFETY: `self` proves avx512f.
        unsafe { _mm512_mask_broadcastss_ps(_mm512_set1_ps(low), 0b1100_1100_1100_1100, _mm_set_ss(high)) }
    }

    #[inline(always)]
    fn half_range(self, from: usize, to: usize) -> __mmask8 {
        self.range(from, to) as __mmask8
    }

    #[inline(always)]
    unsafe fn load_halves(self, low: *const f32, high: *const f32, range: __mmask8) -> __m512 {
        // A masked store or load of 16 lanes takes the time of all of them, whatever the mask is.
        // SAFETY: `self` proves avx512f, avx512vl and avx512dq; masked-out lanes are not accessed, the others are readable by contract.
        unsafe {
            let (low, high) = (_mm256_maskz_loadu_ps(range, low), _mm256_maskz_loadu_ps(range, high));
            _mm512_insertf32x8::<1>(_mm512_castps256_ps512(low), high)
        }
    }

    #[inline(always)]
    unsafe fn store_halves(self, low: *mut f32, high: *mut f32, v: __m512, range: __mmask8) {
        // SAFETY: as above, for writing.
        unsafe {
            _mm256_mask_storeu_ps(low, range, _mm512_castps512_ps256(v));
            _mm256_mask_storeu_ps(high, range, _mm512_extractf32x8_ps::<1>(v));
        }
    }
}

/// A function of its own, because register classes are checked against the features of the enclosing function.
#[inline]
#[target_feature(enable = "avx512f")]
fn pin(mut v: __m512) -> __m512 {
    // SAFETY: no instruction; the register keeps its value.
    unsafe { core::arch::asm!("/* {0} */", inout(zmm_reg) v, options(nomem, nostack, preserves_flags)) };
    v
}

/// The function that tasks run in.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")]
fn call(s: Avx512, task: impl Task<Avx512>) {
    task.run(s);
}
