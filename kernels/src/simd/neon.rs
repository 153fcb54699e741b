//! NEON: 4 lanes, 32 registers. There are no masked loads and stores: parts of vectors go by the binary digits of their length.

use super::vector::{ByLane, Simd, Task};
use core::arch::aarch64::*;

/// Proof that the CPU has NEON.
#[derive(Clone, Copy)]
pub(crate) struct Neon(());

/// `count` lanes from lane `from`.
#[derive(Clone, Copy)]
pub(crate) struct LaneRange {
    from: usize,
    count: usize,
}

/// The numbers of the lanes.
const LANE: [u32; 4] = [0, 1, 2, 3];

impl Neon {
    /// All bits set in lanes `from..to`.
    #[inline(always)]
    fn inside(self, from: usize, to: usize) -> uint32x4_t {
        // SAFETY: `self` proves neon; `LANE` holds four integers.
        unsafe {
            let lane = vld1q_u32(LANE.as_ptr());
            vandq_u32(vcgeq_u32(lane, vdupq_n_u32(from as u32)), vcltq_u32(lane, vdupq_n_u32(to as u32)))
        }
    }
}

impl Simd for Neon {
    const LANES: usize = 4;
    // Twice 7 taps, 7 sums, and two vectors that become even and odd lanes: 25 registers.
    const PAIRED_TAPS: usize = 7;
    const THREE_COLUMNS: usize = 3;
    type V = float32x4_t;
    type Mask = usize;
    type Range = LaneRange;

    #[inline(always)]
    unsafe fn assume() -> Self {
        Self(())
    }

    #[inline(always)]
    fn splat(self, x: f32) -> float32x4_t {
        // SAFETY: `self` proves neon.
        unsafe { vdupq_n_f32(x) }
    }

    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> float32x4_t {
        // SAFETY: `self` proves neon; the caller promises `p..p + 4` readable.
        unsafe { vld1q_f32(p) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: float32x4_t) {
        // SAFETY: `self` proves neon; the caller promises `p..p + 4` writable.
        unsafe { vst1q_f32(p, v) }
    }

    #[inline(always)]
    fn mask(self, count: usize) -> usize {
        count
    }

    #[inline(always)]
    unsafe fn load_masked(self, p: *const f32, count: usize) -> float32x4_t {
        // SAFETY: `self` proves neon; exactly `p..p + count` is read, which the caller promises readable.
        unsafe {
            let zero = vdup_n_f32(0.0);
            if count >= 4 {
                return vld1q_f32(p);
            }
            if count & 2 == 0 {
                let low = if count & 1 == 0 { zero } else { vld1_lane_f32::<0>(p, zero) };
                return vcombine_f32(low, zero);
            }
            let high = if count & 1 == 0 { zero } else { vld1_lane_f32::<0>(p.add(2), zero) };
            vcombine_f32(vld1_f32(p), high)
        }
    }

    #[inline(always)]
    unsafe fn store_masked(self, p: *mut f32, v: float32x4_t, count: usize) {
        // SAFETY: `self` proves neon; exactly `p..p + count` is written, which the caller promises writable.
        unsafe {
            if count >= 4 {
                return vst1q_f32(p, v);
            }
            let (mut rest, mut p) = (vget_low_f32(v), p);
            if count & 2 != 0 {
                vst1_f32(p, rest);
                rest = vget_high_f32(v);
                p = p.add(2);
            }
            if count & 1 != 0 {
                vst1_lane_f32::<0>(p, rest);
            }
        }
    }

    #[inline(always)]
    unsafe fn load_strided(self, p: *const f32, stride: usize, count: usize) -> float32x4_t {
        let at = |lane: usize| p.wrapping_add(lane.wrapping_mul(stride));
        // SAFETY: `self` proves neon; the caller promises that the elements of lanes below `count` are readable.
        unsafe {
            let mut v = vdupq_n_f32(0.0);
            if count > 0 {
                v = vld1q_lane_f32::<0>(at(0), v);
            }
            if count > 1 {
                v = vld1q_lane_f32::<1>(at(1), v);
            }
            if count > 2 {
                v = vld1q_lane_f32::<2>(at(2), v);
            }
            if count > 3 {
                v = vld1q_lane_f32::<3>(at(3), v);
            }
            v
        }
    }

    #[inline(always)]
    fn range(self, from: usize, to: usize) -> LaneRange {
        LaneRange { from, count: to.saturating_sub(from) }
    }

    #[inline(always)]
    unsafe fn load_range(self, p: *const f32, &LaneRange { from, count }: &LaneRange) -> float32x4_t {
        // SAFETY: `self` proves neon; the caller promises the range's lanes readable.
        unsafe {
            let v = self.load_masked(p.wrapping_add(from), count);
            if from == 0 {
                return v;
            }
            // Up by `from` lanes: a table look-up gives 0 for an index beyond the table, such as those below 0 here.
            let byte = vcombine_u8(vcreate_u8(0x0706_0504_0302_0100), vcreate_u8(0x0F0E_0D0C_0B0A_0908));
            let index = vsubq_u8(byte, vdupq_n_u8(4 * from as u8));
            vreinterpretq_f32_u8(vqtbl1q_u8(vreinterpretq_u8_f32(v), index))
        }
    }

    #[inline(always)]
    fn prefetch(self, p: *const f32) {
        // SAFETY: a hint; it never faults.
        unsafe { core::arch::asm!("prfm pldl2keep, [{0}]", in(reg) p, options(readonly, nostack, preserves_flags)) }
    }

    #[inline(always)]
    fn even_lanes(self, low: float32x4_t, high: float32x4_t) -> float32x4_t {
        // SAFETY: `self` proves neon.
        unsafe { vuzp1q_f32(low, high) }
    }

    #[inline(always)]
    fn odd_lanes(self, low: float32x4_t, high: float32x4_t) -> float32x4_t {
        // SAFETY: `self` proves neon.
        unsafe { vuzp2q_f32(low, high) }
    }

    #[inline(always)]
    fn after_unsorted(self, v: float32x4_t, end: float32x4_t) -> float32x4_t {
        // SAFETY: `self` proves neon.
        unsafe { vextq_f32::<3>(vdupq_laneq_f32::<0>(end), v) }
    }

    #[inline(always)]
    fn before_unsorted(self, v: float32x4_t, end: float32x4_t) -> float32x4_t {
        // SAFETY: `self` proves neon.
        unsafe { vextq_f32::<1>(v, end) }
    }

    #[inline(always)]
    fn permute(self, v: float32x4_t, index: float32x4_t) -> float32x4_t {
        // SAFETY: `self` proves neon.
        unsafe {
            // Lane `i` is bytes `4·i + 0, 1, 2, 3` of the table.
            let bytes = vmlaq_n_u32(vdupq_n_u32(0x0302_0100), vreinterpretq_u32_f32(index), 0x0404_0404);
            vreinterpretq_f32_u8(vqtbl1q_u8(vreinterpretq_u8_f32(v), vreinterpretq_u8_u32(bytes)))
        }
    }

    #[inline(always)]
    fn select_range(self, from: usize, to: usize, new: float32x4_t, old: float32x4_t) -> float32x4_t {
        // SAFETY: `self` proves neon.
        unsafe { vbslq_f32(self.inside(from, to), new, old) }
    }

    #[inline(always)]
    fn pin(self, mut v: float32x4_t) -> float32x4_t {
        // SAFETY: no instruction; the register keeps its value.
        unsafe { core::arch::asm!("/* {0:v} */", inout(vreg) v, options(nomem, nostack, preserves_flags)) };
        v
    }

    #[inline(always)]
    fn mul_add(self, a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        // SAFETY: `self` proves neon.
        unsafe { vfmaq_f32(c, a, b) }
    }

    #[inline(always)]
    fn add(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: `self` proves neon.
        unsafe { vaddq_f32(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: `self` proves neon.
        unsafe { vsubq_f32(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: `self` proves neon.
        unsafe { vmulq_f32(a, b) }
    }

    #[inline(always)]
    fn div(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: `self` proves neon.
        unsafe { vdivq_f32(a, b) }
    }

    #[inline(always)]
    fn at_least(self, x: float32x4_t, lo: float32x4_t) -> float32x4_t {
        // SAFETY: `self` proves neon. NaN if either is: limits never are.
        unsafe { vmaxq_f32(x, lo) }
    }

    #[inline(always)]
    fn at_most(self, x: float32x4_t, hi: float32x4_t) -> float32x4_t {
        // SAFETY: `self` proves neon. NaN if either is: limits never are.
        unsafe { vminq_f32(x, hi) }
    }

    #[inline(always)]
    fn round(self, x: float32x4_t) -> float32x4_t {
        // SAFETY: `self` proves neon.
        unsafe { vrndnq_f32(x) }
    }

    #[inline(always)]
    fn scale_by_power_of_two(self, x: float32x4_t, n: float32x4_t) -> float32x4_t {
        // SAFETY: `self` proves neon.
        unsafe {
            let n = vcvtnq_s32_f32(n);
            // Two steps, so that neither factor leaves the normal range.
            let half = vshrq_n_s32::<1>(n);
            let power = |n| vreinterpretq_f32_s32(vshlq_n_s32::<23>(vaddq_s32(n, vdupq_n_s32(127))));
            vmulq_f32(vmulq_f32(x, power(half)), power(vsubq_s32(n, half)))
        }
    }

    // The compiler does not heed `inline(never)` at a function with `target_feature`.
    #[inline(never)]
    fn call(self, task: impl Task<Self>) {
        // SAFETY: `self` proves neon.
        unsafe { call(self, task) }
    }
}

impl ByLane for Neon {
    #[inline(always)]
    fn mul_add_lane<const LANE: i32>(self, a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        // SAFETY: `self` proves neon.
        unsafe { vfmaq_laneq_f32::<LANE>(c, b, a) }
    }
}

/// The function that tasks run in.
#[target_feature(enable = "neon")]
fn call(s: Neon, task: impl Task<Neon>) {
    task.run(s);
}
