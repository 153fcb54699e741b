//! Three tap columns loaded together (CHW, 3×3), for kernels that keep all taps in registers.

use super::lanes::Loader;
use super::lanes_two_channels::TwoChannelsStride2Range;
use crate::simd::{Halves, Simd};

/// Three neighbouring tap columns at stride 2, of two channels.
#[derive(Clone, Copy)]
pub(super) struct ThreeStride2Taps<S: Halves> {
    pub two: TwoChannelsStride2Range<S>,
    pub last: TwoChannelsStride2Range<S>,
}

impl<S: Halves> Loader<S> for ThreeStride2Taps<S> {
    #[inline(always)]
    unsafe fn load(&self, s: S, p: *const f32) -> S::V {
        // SAFETY: `two` loads the first tap's elements, readable by `Loader::load`'s Safety.
        unsafe { self.two.load(s, p) }
    }

    #[inline(always)]
    unsafe fn load_three(&self, s: S, p: *const f32) -> [S::V; 3] {
        // SAFETY: `two` loads the first and second tap's elements, `last` the third's: the places in `load_three`'s Safety.
        unsafe {
            let [u, v] = self.two.load_pair(s, p);
            [u, v, self.last.load(s, p.wrapping_add(2))]
        }
    }
}

/// Three tap columns at any offsets, all lanes of them.
#[derive(Clone, Copy)]
pub(super) struct ThreeTaps {
    pub offsets: [isize; 3],
}

impl<S: Simd> Loader<S> for ThreeTaps {
    #[inline(always)]
    unsafe fn load(&self, s: S, p: *const f32) -> S::V {
        // SAFETY: the loader stands for all lanes at `p` moved by an offset, readable by `Loader::load`'s Safety.
        unsafe { s.load(p.wrapping_offset(self.offsets[0])) }
    }

    #[inline(always)]
    unsafe fn load_three(&self, s: S, p: *const f32) -> [S::V; 3] {
        let [u, v, w] = self.offsets;
        // SAFETY: as above, for each of the three offsets.
        unsafe { [s.load(p.wrapping_offset(u)), s.load(p.wrapping_offset(v)), s.load(p.wrapping_offset(w))] }
    }
}

/// Three tap columns at any offsets, of each the lanes inside the map.
#[derive(Clone, Copy)]
pub(super) struct ThreeClippedTaps<R> {
    pub offsets: [isize; 3],
    /// Taps whose lanes are all inside the map, and may be loaded without a mask.
    pub whole: [bool; 3],
    pub ranges: [R; 3],
}

impl<R> ThreeClippedTaps<R> {
    /// # Safety
    /// What the range says must be readable at `p` moved by the tap's offset.
    #[inline(always)]
    unsafe fn tap<S: Simd, const KX: usize>(&self, s: S, p: *const f32) -> S::V
    where
        R: Loader<S>,
    {
        let at = p.wrapping_offset(self.offsets[KX]);
        // SAFETY: the range is readable by this function's Safety; a whole tap's is all lanes.
        unsafe { if !S::FREE_MASKS && self.whole[KX] { s.load(at) } else { self.ranges[KX].load(s, at) } }
    }
}

impl<S: Simd, R: Loader<S>> Loader<S> for ThreeClippedTaps<R> {
    #[inline(always)]
    unsafe fn load(&self, s: S, p: *const f32) -> S::V {
        // SAFETY: the loader stands for each range at `p` moved by its offset, readable by `Loader::load`'s Safety.
        unsafe { self.tap::<S, 0>(s, p) }
    }

    #[inline(always)]
    unsafe fn load_three(&self, s: S, p: *const f32) -> [S::V; 3] {
        // SAFETY: as above, for each of the three.
        unsafe { [self.tap::<S, 0>(s, p), self.tap::<S, 1>(s, p), self.tap::<S, 2>(s, p)] }
    }
}
