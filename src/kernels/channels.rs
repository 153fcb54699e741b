//! How a kernel touches the lanes of one vector: all of them, the first few, or input channels repeated for a channel multiplier.

use crate::simd::Simd;

/// Loads inputs and stores outputs of one vector of lanes.
pub(crate) trait Lanes<S: Simd>: Copy {
    /// # Safety
    /// The lanes that the implementation stands for must be readable at `p`.
    unsafe fn load(self, s: S, p: *const f32) -> S::V;
    /// # Safety
    /// The lanes that the implementation stands for must be writable at `p`.
    unsafe fn store(self, s: S, p: *mut f32, v: S::V);
}

/// All lanes.
#[derive(Clone, Copy)]
pub(crate) struct All;

impl<S: Simd> Lanes<S> for All {
    #[inline(always)]
    unsafe fn load(self, s: S, p: *const f32) -> S::V {
        // SAFETY: the caller's promise is that of `load`.
        unsafe { s.load(p) }
    }

    #[inline(always)]
    unsafe fn store(self, s: S, p: *mut f32, v: S::V) {
        // SAFETY: the caller's promise is that of `store`.
        unsafe { s.store(p, v) }
    }
}

/// The first lanes, as the mask says.
#[derive(Clone, Copy)]
pub(crate) struct First<S: Simd>(pub S::Mask);

impl<S: Simd> Lanes<S> for First<S> {
    #[inline(always)]
    unsafe fn load(self, s: S, p: *const f32) -> S::V {
        // SAFETY: the caller's promise is that of `load_masked`.
        unsafe { s.load_masked(p, self.0) }
    }

    #[inline(always)]
    unsafe fn store(self, s: S, p: *mut f32, v: S::V) {
        // SAFETY: the caller's promise is that of `store_masked`.
        unsafe { s.store_masked(p, v, self.0) }
    }
}

/// Input channels repeated: output lane `l` reads input lane `index[l]`.
#[derive(Clone, Copy)]
pub(crate) struct Repeated<S: Simd> {
    pub(crate) index: S::V,
    pub(crate) input: S::Mask,
    pub(crate) output: S::Mask,
}

impl<S: Simd> Lanes<S> for Repeated<S> {
    #[inline(always)]
    unsafe fn load(self, s: S, p: *const f32) -> S::V {
        // SAFETY: the caller's promise is that of `load_masked` with the input's mask.
        s.permute(unsafe { s.load_masked(p, self.input) }, self.index)
    }

    #[inline(always)]
    unsafe fn store(self, s: S, p: *mut f32, v: S::V) {
        // SAFETY: the caller's promise is that of `store_masked` with the output's mask.
        unsafe { s.store_masked(p, v, self.output) }
    }
}
