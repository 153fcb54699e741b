//! AVX2 and FMA: 8 lanes, 16 registers. Masked stores are split into halves: AMD executes `vmaskmovps` stores in microcode.

use super::vector::{Simd, Task};
use core::arch::x86_64::*;

/// Proof that the CPU has AVX2 and FMA.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

/// The first `count` lanes; `lanes` has the sign bit set in them.
#[derive(Clone, Copy)]
pub(crate) struct FirstLanes {
    lanes: __m256i,
    count: usize,
}

/// Neighbouring lanes; the sign bit is set in them. It is read from memory at every use: kept in a register, it would push
/// one of a tile's sums out to memory instead, and sums are on the critical path.
#[derive(Clone, Copy)]
pub(crate) struct LaneRange(__m256i);

impl Simd for Avx2 {
    const LANES: usize = 8;
    const PAIRED_TAPS: usize = 5;
    type V = __m256;
    type Mask = FirstLanes;
    type Range = LaneRange;

    #[inline(always)]
    unsafe fn assume() -> Self {
        Self(())
    }

    #[inline(always)]
    fn splat(self, x: f32) -> __m256 {
        // SAFETY: `self` proves avx.
        unsafe { _mm256_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> __m256 {
        // SAFETY: `self` proves avx; the caller promises `p..p + 8` readable.
        unsafe { _mm256_loadu_ps(p) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: __m256) {
        // SAFETY: `self` proves avx; the caller promises `p..p + 8` writable.
        unsafe { _mm256_storeu_ps(p, v) }
    }

    #[inline(always)]
    fn mask(self, count: usize) -> FirstLanes {
        // SAFETY: `self` proves avx2.
        let lanes = unsafe {
            let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), lane)
        };
        FirstLanes { lanes, count }
    }

    #[inline(always)]
    unsafe fn load_masked(self, p: *const f32, mask: FirstLanes) -> __m256 {
        // SAFETY: `self` proves avx; masked-out lanes are not accessed, the others are readable by contract.
        unsafe { _mm256_maskload_ps(p, mask.lanes) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, p: *mut f32, v: __m256, mask: FirstLanes) {
        // SAFETY: `self` proves avx; exactly `p..p + count` is written: 8, or the binary digits of `count` in turn.
        unsafe {
            if mask.count == 8 {
                return _mm256_storeu_ps(p, v);
            }
            let (mut rest, mut p) = (_mm256_castps256_ps128(v), p);
            if mask.count & 4 != 0 {
                _mm_storeu_ps(p, rest);
                rest = _mm256_extractf128_ps::<1>(v);
                p = p.add(4);
            }
            if mask.count & 2 != 0 {
                _mm_store_sd(p.cast(), _mm_castps_pd(rest));
                rest = _mm_movehl_ps(rest, rest);
                p = p.add(2);
            }
            if mask.count & 1 != 0 {
                _mm_store_ss(p, rest);
            }
        }
    }

    #[inline(always)]
    unsafe fn load_strided(self, p: *const f32, stride: usize, mask: FirstLanes) -> __m256 {
        // The gather takes 32-bit offsets: a stride beyond them is loaded lane by lane.
        if stride > (i32::MAX as usize) / 32 {
            let mut lanes = [0.0f32; 8];
            for (lane, value) in lanes.iter_mut().enumerate().take(mask.count) {
                // SAFETY: lanes inside the mask are readable by contract.
                *value = unsafe { *p.add(lane * stride) };
            }
            // SAFETY: `self` proves avx; `lanes` holds 8 floats.
            return unsafe { _mm256_loadu_ps(lanes.as_ptr()) };
        }
        // SAFETY: `self` proves avx2; only lanes inside the mask are accessed; offsets fit 32 bits by the test above.
        unsafe {
            let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let offsets = _mm256_mullo_epi32(lanes, _mm256_set1_epi32(stride as i32));
            let inside = _mm256_castsi256_ps(mask.lanes);
            _mm256_mask_i32gather_ps::<4>(_mm256_setzero_ps(), p, offsets, inside)
        }
    }

    #[inline(always)]
    fn range(self, from: usize, to: usize) -> LaneRange {
        let (from, to) = (self.mask(from).lanes, self.mask(to).lanes);
        // SAFETY: `self` proves avx2.
        LaneRange(unsafe { _mm256_andnot_si256(from, to) })
    }

    #[inline(always)]
    unsafe fn load_range(self, p: *const f32, range: &LaneRange) -> __m256 {
        // SAFETY: `self` proves avx2; masked-out lanes are not accessed, the others are readable by contract.
        unsafe { _mm256_maskload_ps(p, core::ptr::read_volatile(&raw const range.0)) }
    }

    #[inline(always)]
    fn prefetch(self, p: *const f32) {
        // SAFETY: a hint; it never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(p.cast()) }
    }

    #[inline(always)]
    fn even_lanes(self, low: __m256, high: __m256) -> __m256 {
        self.in_order(self.even_lanes_unsorted(low, high))
    }

    #[inline(always)]
    fn odd_lanes(self, low: __m256, high: __m256) -> __m256 {
        self.in_order(self.odd_lanes_unsorted(low, high))
    }

    #[inline(always)]
    fn even_lanes_unsorted(self, low: __m256, high: __m256) -> __m256 {
        // SAFETY: `self` proves avx.
        unsafe { _mm256_shuffle_ps::<0b10_00_10_00>(low, high) }
    }

    #[inline(always)]
    fn odd_lanes_unsorted(self, low: __m256, high: __m256) -> __m256 {
        // SAFETY: `self` proves avx.
        unsafe { _mm256_shuffle_ps::<0b11_01_11_01>(low, high) }
    }

    #[inline(always)]
    fn in_order(self, v: __m256) -> __m256 {
        // The shuffles work on 128-bit halves: lanes, two by two, stand in the order 0 2 1 3.
        // SAFETY: `self` proves avx2.
        unsafe { _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(_mm256_castps_pd(v))) }
    }

    #[inline(always)]
    fn after_unsorted(self, v: __m256, end: __m256) -> __m256 {
        // Outputs 0 1 4 5 and 2 3 6 7 stand in the halves.
        // SAFETY: `self` proves avx2.
        unsafe {
            let moved = _mm256_permutevar8x32_ps(v, _mm256_setr_epi32(0, 0, 5, 2, 1, 4, 3, 6));
            _mm256_blend_ps::<0b0000_0001>(moved, end)
        }
    }

    #[inline(always)]
    fn before_unsorted(self, v: __m256, end: __m256) -> __m256 {
        // SAFETY: `self` proves avx2.
        unsafe {
            let moved = _mm256_permutevar8x32_ps(v, _mm256_setr_epi32(1, 4, 3, 6, 5, 2, 7, 0));
            let end = _mm256_broadcastss_ps(_mm256_castps256_ps128(end));
            _mm256_blend_ps::<0b1000_0000>(moved, end)
        }
    }

    #[inline(always)]
    fn permute(self, v: __m256, index: __m256) -> __m256 {
        // SAFETY: `self` proves avx2.
        unsafe { _mm256_permutevar8x32_ps(v, _mm256_castps_si256(index)) }
    }

    #[inline(always)]
    fn select_range(self, from: usize, to: usize, new: __m256, old: __m256) -> __m256 {
        let (from, to) = (self.mask(from).lanes, self.mask(to).lanes);
        // SAFETY: `self` proves avx2.
        unsafe { _mm256_blendv_ps(old, new, _mm256_castsi256_ps(_mm256_andnot_si256(from, to))) }
    }

    #[inline(always)]
    fn pin(self, v: __m256) -> __m256 {
        // SAFETY: `self` proves avx.
        unsafe { pin(v) }
    }

    #[inline(always)]
    fn mul_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: `self` proves fma.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: `self` proves avx.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: `self` proves avx.
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: `self` proves avx.
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    fn div(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: `self` proves avx.
        unsafe { _mm256_div_ps(a, b) }
    }

    #[inline(always)]
    fn at_least(self, x: __m256, lo: __m256) -> __m256 {
        // SAFETY: `self` proves avx. The instruction returns its second operand if either is NaN: `x` stands there.
        unsafe { _mm256_max_ps(lo, x) }
    }

    #[inline(always)]
    fn at_most(self, x: __m256, hi: __m256) -> __m256 {
        // SAFETY: `self` proves avx. The instruction returns its second operand if either is NaN: `x` stands there.
        unsafe { _mm256_min_ps(hi, x) }
    }

    #[inline(always)]
    fn round(self, x: __m256) -> __m256 {
        // SAFETY: `self` proves avx.
        unsafe { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x) }
    }

    #[inline(always)]
    fn scale_by_power_of_two(self, x: __m256, n: __m256) -> __m256 {
        // SAFETY: `self` proves avx2.
        unsafe {
            let n = _mm256_cvtps_epi32(n);
            // Two steps, so that neither factor leaves the normal range.
            let half = _mm256_srai_epi32::<1>(n);
            let power = |n| _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_add_epi32(n, _mm256_set1_epi32(127))));
            _mm256_mul_ps(_mm256_mul_ps(x, power(half)), power(_mm256_sub_epi32(n, half)))
        }
    }

    // The compiler does not heed `inline(never)` at a function with `target_feature`.
    #[inline(never)]
    fn call(self, task: impl Task<Self>) {
        // SAFETY: `self` proves what the function asks for.
        unsafe { call(self, task) }
    }
}

/// A function of its own, because register classes are checked against the features of the enclosing function.
#[inline]
#[target_feature(enable = "avx")]
fn pin(mut v: __m256) -> __m256 {
    // SAFETY: no instruction; the register keeps its value.
    unsafe { core::arch::asm!("/* {0} */", inout(ymm_reg) v, options(nomem, nostack, preserves_flags)) };
    v
}

/// The function that tasks run in.
#[target_feature(enable = "avx2,fma")]
fn call(s: Avx2, task: impl Task<Avx2>) {
    task.run(s);
}
