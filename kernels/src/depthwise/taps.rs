//! Where the taps of depthwise kernels come from: one value for all lanes (CHW) or one per lane (HWC).

use crate::simd::Simd;

/// Where taps come from: one value for all lanes or one per lane.
pub(crate) trait Taps {
    /// Whether lanes are columns of one channel.
    const COLUMNS: bool;
    /// Floats that a tap takes in the panel.
    fn unit<S: Simd>() -> usize;
    /// # Safety
    /// `unit()` floats must be readable at `p`.
    unsafe fn get<S: Simd>(s: S, p: *const f32) -> S::V;
}

/// One tap per lane.
pub(crate) struct PerLane;

impl Taps for PerLane {
    const COLUMNS: bool = false;

    #[inline(always)]
    fn unit<S: Simd>() -> usize {
        S::LANES
    }

    #[inline(always)]
    unsafe fn get<S: Simd>(s: S, p: *const f32) -> S::V {
        // SAFETY: the caller promises `LANES` floats at `p`.
        unsafe { s.load(p) }
    }
}

/// One tap for all lanes.
pub(crate) struct Broadcast;

impl Taps for Broadcast {
    const COLUMNS: bool = true;

    #[inline(always)]
    fn unit<S: Simd>() -> usize {
        1
    }

    #[inline(always)]
    unsafe fn get<S: Simd>(s: S, p: *const f32) -> S::V {
        // SAFETY: the caller promises a float at `p`.
        s.splat(unsafe { *p })
    }
}
