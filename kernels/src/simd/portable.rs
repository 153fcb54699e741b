//! The compiler target's own SIMD through `wide`: two SSE2 or NEON registers a vector (one AVX register in a build for x86-64-v3).
//!
//! `wide` chooses its instructions when it is compiled, so this token must never be used inside a `#[target_feature]` function.

use super::vector::{Simd, Task};
use wide::{f32x8, i32x8};

/// The portable level; it needs no proof.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Simd for Portable {
    const LANES: usize = 8;
    const FUSED: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));
    type V = f32x8;
    type Mask = usize;
    type Range = (usize, usize);

    #[inline(always)]
    unsafe fn assume() -> Self {
        Self
    }

    #[inline(always)]
    fn splat(self, x: f32) -> f32x8 {
        f32x8::splat(x)
    }

    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> f32x8 {
        // SAFETY: the caller promises `p..p + 8` readable.
        f32x8::new(unsafe { p.cast::<[f32; 8]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: f32x8) {
        // SAFETY: the caller promises `p..p + 8` writable.
        unsafe { p.cast::<[f32; 8]>().write_unaligned(v.to_array()) }
    }

    #[inline(always)]
    fn mask(self, count: usize) -> usize {
        count
    }

    #[inline(always)]
    unsafe fn load_masked(self, p: *const f32, count: usize) -> f32x8 {
        let mut lanes = [0.0; 8];
        // SAFETY: the caller promises `p..p + count` readable; `count` is at most 8.
        unsafe { core::ptr::copy_nonoverlapping(p, lanes.as_mut_ptr(), count.min(8)) };
        f32x8::new(lanes)
    }

    #[inline(always)]
    unsafe fn store_masked(self, p: *mut f32, v: f32x8, count: usize) {
        let lanes = v.to_array();
        // SAFETY: the caller promises `p..p + count` writable; `count` is at most 8.
        unsafe { core::ptr::copy_nonoverlapping(lanes.as_ptr(), p, count.min(8)) }
    }

    #[inline(always)]
    unsafe fn load_strided(self, p: *const f32, stride: usize, count: usize) -> f32x8 {
        // SAFETY: the caller promises that the elements of lanes below `count` are readable.
        let lane = |lane: usize| if lane < count { unsafe { *p.add(lane * stride) } } else { 0.0 };
        f32x8::new([lane(0), lane(1), lane(2), lane(3), lane(4), lane(5), lane(6), lane(7)])
    }

    #[inline(always)]
    fn range(self, from: usize, to: usize) -> (usize, usize) {
        (from.min(8), to.min(8))
    }

    #[inline(always)]
    unsafe fn load_range(self, p: *const f32, &(from, to): &(usize, usize)) -> f32x8 {
        let mut lanes = [0.0; 8];
        if from < to {
            // SAFETY: the caller promises `p + from..p + to` readable; both are at most 8.
            unsafe { core::ptr::copy_nonoverlapping(p.wrapping_add(from), lanes.as_mut_ptr().add(from), to - from) };
        }
        f32x8::new(lanes)
    }

    #[inline(always)]
    fn prefetch(self, _p: *const f32) {}

    #[inline(always)]
    fn even_lanes(self, low: f32x8, high: f32x8) -> f32x8 {
        let (a, b) = (low.to_array(), high.to_array());
        f32x8::new([a[0], a[2], a[4], a[6], b[0], b[2], b[4], b[6]])
    }

    #[inline(always)]
    fn odd_lanes(self, low: f32x8, high: f32x8) -> f32x8 {
        let (a, b) = (low.to_array(), high.to_array());
        f32x8::new([a[1], a[3], a[5], a[7], b[1], b[3], b[5], b[7]])
    }

    #[inline(always)]
    fn after_unsorted(self, v: f32x8, end: f32x8) -> f32x8 {
        let (v, end) = (v.to_array(), end.to_array());
        f32x8::new([end[0], v[0], v[1], v[2], v[3], v[4], v[5], v[6]])
    }

    #[inline(always)]
    fn before_unsorted(self, v: f32x8, end: f32x8) -> f32x8 {
        let (v, end) = (v.to_array(), end.to_array());
        f32x8::new([v[1], v[2], v[3], v[4], v[5], v[6], v[7], end[0]])
    }

    #[inline(always)]
    fn permute(self, v: f32x8, index: f32x8) -> f32x8 {
        let (v, index) = (v.to_array(), index.to_array());
        let lane = |lane: usize| v[index[lane].to_bits() as usize & 7];
        f32x8::new([lane(0), lane(1), lane(2), lane(3), lane(4), lane(5), lane(6), lane(7)])
    }

    #[inline(always)]
    fn select_range(self, from: usize, to: usize, new: f32x8, old: f32x8) -> f32x8 {
        let lane = i32x8::new([0, 1, 2, 3, 4, 5, 6, 7]);
        let (from, to) = (i32x8::splat(from as i32), i32x8::splat(to as i32));
        let inside = lane.simd_lt(to) & !lane.simd_lt(from);
        bytemuck::cast::<i32x8, f32x8>(inside).bitselect(new, old)
    }

    #[inline(always)]
    fn mul_add(self, a: f32x8, b: f32x8, c: f32x8) -> f32x8 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn add(self, a: f32x8, b: f32x8) -> f32x8 {
        a + b
    }

    #[inline(always)]
    fn sub(self, a: f32x8, b: f32x8) -> f32x8 {
        a - b
    }

    #[inline(always)]
    fn mul(self, a: f32x8, b: f32x8) -> f32x8 {
        a * b
    }

    #[inline(always)]
    fn div(self, a: f32x8, b: f32x8) -> f32x8 {
        a / b
    }

    #[inline(always)]
    fn at_least(self, x: f32x8, lo: f32x8) -> f32x8 {
        // A comparison with NaN is false: `x` stays.
        x.simd_lt(lo).bitselect(lo, x)
    }

    #[inline(always)]
    fn at_most(self, x: f32x8, hi: f32x8) -> f32x8 {
        hi.simd_lt(x).bitselect(hi, x)
    }

    #[inline(always)]
    fn round(self, x: f32x8) -> f32x8 {
        // Adding 1.5·2²³ leaves no room for a fraction.
        let magic = f32x8::splat(12_582_912.0);
        (x + magic) - magic
    }

    #[inline(always)]
    fn scale_by_power_of_two(self, x: f32x8, n: f32x8) -> f32x8 {
        let n = n.fast_round_int();
        // Two steps, so that neither factor leaves the normal range.
        let half = n >> 1u32;
        let power = |n: i32x8| bytemuck::cast::<i32x8, f32x8>((n + i32x8::splat(127)) << 23u32);
        (x * power(half)) * power(n - half)
    }

    #[inline(never)]
    fn call(self, task: impl Task<Self>) {
        task.run(self);
    }
}
