//! How a kernel touches the lanes of one vector: all of them, the first few, those inside the map, or input channels repeated
//! for a channel multiplier.

use super::taps::Taps;
use crate::simd::Simd;

/// Loads inputs and stores outputs of one vector of lanes.
pub(crate) trait Lanes<S: Simd>: Copy {
    /// How inputs are loaded for one outer tap.
    type Loader: Loader<S>;
    /// Whether a pair of outer taps that read neighbouring columns is cheaper to load together.
    const PAIRS: bool = false;
    /// Whether three neighbouring outer taps are loaded together: those of the only loader, for outer tap 0.
    const THREES: bool = false;
    /// Whether an outer tap may be [`whole`](Self::whole).
    const WHOLE: bool = false;
    /// How inputs are loaded for an outer tap that is [`whole`](Self::whole).
    type Whole: Loader<S>;

    /// The loader for outer tap `outer`.
    fn loader(self, s: S, outer: usize) -> Self::Loader;

    /// The loader for outer tap `outer` if all inputs of it can be loaded without looking at the border of the map.
    fn whole(self, outer: usize) -> Option<Self::Whole>;

    /// The tap (or bias) at `p` of a panel.
    ///
    /// # Safety
    /// `T::unit` floats must be readable at `p`.
    #[inline(always)]
    unsafe fn tap<T: Taps>(self, s: S, p: *const f32) -> S::V {
        // SAFETY: `T::unit` floats are readable at `p` by this method's Safety, all that `get` asks for.
        unsafe { T::get(s, p) }
    }

    /// # Safety
    /// The lanes that the implementation stands for must be writable at `p`.
    unsafe fn store(self, s: S, p: *mut f32, v: S::V);
}

/// Loads the lanes of one input.
pub(crate) trait Loader<S: Simd>: Copy {
    /// # Safety
    /// The lanes that the implementation stands for must be readable at `p`.
    unsafe fn load(&self, s: S, p: *const f32) -> S::V;

    /// The lanes at `p` and those one element further.
    /// # Safety
    /// The lanes that the implementation stands for must be readable at `p` and at `p + 1`.
    #[inline(always)]
    unsafe fn load_pair(&self, s: S, p: *const f32) -> [S::V; 2] {
        // SAFETY: `load_pair`'s Safety names both places.
        unsafe { [self.load(s, p), self.load(s, p.wrapping_add(1))] }
    }

    /// The lanes at `p` and those one and two elements further.
    /// # Safety
    /// The lanes that the implementation stands for must be readable at `p`, `p + 1` and `p + 2`.
    #[inline(always)]
    unsafe fn load_three(&self, s: S, p: *const f32) -> [S::V; 3] {
        // SAFETY: `load_three`'s Safety names all three places.
        unsafe { [self.load(s, p), self.load(s, p.wrapping_add(1)), self.load(s, p.wrapping_add(2))] }
    }
}

/// All lanes.
#[derive(Clone, Copy)]
pub(crate) struct All;

impl<S: Simd> Lanes<S> for All {
    type Loader = Self;
    type Whole = Self;

    #[inline(always)]
    fn loader(self, _s: S, _outer: usize) -> Self {
        self
    }

    #[inline(always)]
    fn whole(self, _outer: usize) -> Option<Self> {
        None
    }

    #[inline(always)]
    unsafe fn store(self, s: S, p: *mut f32, v: S::V) {
        // SAFETY: the lanes are all `LANES`, writable by `Lanes::store`'s Safety.
        unsafe { s.store(p, v) }
    }
}

impl<S: Simd> Loader<S> for All {
    #[inline(always)]
    unsafe fn load(&self, s: S, p: *const f32) -> S::V {
        // SAFETY: the lanes are all `LANES`, readable by `Loader::load`'s Safety.
        unsafe { s.load(p) }
    }
}

/// The first lanes, as the mask says.
#[derive(Clone, Copy)]
pub(crate) struct First<S: Simd>(pub S::Mask);

impl<S: Simd> Lanes<S> for First<S> {
    type Loader = Self;
    type Whole = Self;

    #[inline(always)]
    fn loader(self, _s: S, _outer: usize) -> Self {
        self
    }

    #[inline(always)]
    fn whole(self, _outer: usize) -> Option<Self> {
        None
    }

    #[inline(always)]
    unsafe fn store(self, s: S, p: *mut f32, v: S::V) {
        // SAFETY: the lanes are those of the mask, writable by `Lanes::store`'s Safety.
        unsafe { s.store_masked(p, v, self.0) }
    }
}

impl<S: Simd> Loader<S> for First<S> {
    #[inline(always)]
    unsafe fn load(&self, s: S, p: *const f32) -> S::V {
        // SAFETY: the lanes are those of the mask, readable by `Loader::load`'s Safety.
        unsafe { s.load_masked(p, self.0) }
    }
}

/// Columns at the border of the map: each outer tap reads only the lanes whose input is inside, zeros for the others. `PLAIN` if taps whose
/// lanes are all inside have a loader of their own.
#[derive(Clone, Copy)]
pub(crate) struct Clipped<S: Simd, const PLAIN: bool> {
    /// Lane 0 of the vector, counted from the first lane of the line.
    pub first: usize,
    /// Lanes of the vector that exist.
    pub count: usize,
    /// `count` as a mask.
    pub mask: S::Mask,
    /// For each outer tap the lanes of the line whose input is inside the map.
    pub ranges: *const [usize; 2],
}

impl<S: Simd, const PLAIN: bool> Clipped<S, PLAIN> {
    /// The same lanes with one loader for all taps.
    #[inline(always)]
    pub(super) fn masked(self) -> Clipped<S, false> {
        let Self { first, count, mask, ranges } = self;
        Clipped { first, count, mask, ranges }
    }

    /// Whether all lanes of all `taps` are inside the map: then those of the first and the last are, which reach furthest.
    #[inline(always)]
    pub(super) fn all_inside(self, taps: usize) -> bool {
        self.inside(0) == [0, S::LANES] && self.inside(taps - 1) == [0, S::LANES]
    }

    /// Lanes of this vector whose input is inside the map.
    #[inline(always)]
    fn inside(self, outer: usize) -> [usize; 2] {
        // SAFETY: kernels ask for outer taps that exist, and each has a range.
        let [from, to] = unsafe { *self.ranges.add(outer) };
        // No `map`: arrays' is a function that is only inlined where it happens to be compiled beside its caller.
        [from.saturating_sub(self.first).min(self.count), to.saturating_sub(self.first).min(self.count)]
    }
}

impl<S: Simd, const PLAIN: bool> Lanes<S> for Clipped<S, PLAIN> {
    type Loader = Range<S>;
    type Whole = All;
    const WHOLE: bool = PLAIN;

    #[inline(always)]
    fn loader(self, s: S, outer: usize) -> Range<S> {
        let [from, to] = self.inside(outer);
        Range(s.range(from, to))
    }

    #[inline(always)]
    fn whole(self, outer: usize) -> Option<All> {
        (self.inside(outer) == [0, S::LANES]).then_some(All)
    }

    #[inline(always)]
    unsafe fn store(self, s: S, p: *mut f32, v: S::V) {
        // SAFETY: the lanes are those of the mask, writable by `Lanes::store`'s Safety.
        unsafe { s.store_masked(p, v, self.mask) }
    }
}

/// The lanes inside the map.
#[derive(Clone, Copy)]
pub(crate) struct Range<S: Simd>(pub(super) S::Range);

impl<S: Simd> Loader<S> for Range<S> {
    #[inline(always)]
    unsafe fn load(&self, s: S, p: *const f32) -> S::V {
        // SAFETY: the lanes are those of the range, readable by `Loader::load`'s Safety.
        unsafe { s.load_range(p, &self.0) }
    }
}

/// Input channels repeated: output lane `l` reads input lane `index[l]`.
#[derive(Clone, Copy)]
pub(crate) struct Repeated<S: Simd> {
    pub index: S::V,
    pub input: S::Mask,
    pub output: S::Mask,
}

impl<S: Simd> Lanes<S> for Repeated<S> {
    type Loader = Self;
    type Whole = Self;

    #[inline(always)]
    fn loader(self, _s: S, _outer: usize) -> Self {
        self
    }

    #[inline(always)]
    fn whole(self, _outer: usize) -> Option<Self> {
        None
    }

    #[inline(always)]
    unsafe fn store(self, s: S, p: *mut f32, v: S::V) {
        // SAFETY: the lanes are those of `output`, writable by `Lanes::store`'s Safety.
        unsafe { s.store_masked(p, v, self.output) }
    }
}

impl<S: Simd> Loader<S> for Repeated<S> {
    #[inline(always)]
    unsafe fn load(&self, s: S, p: *const f32) -> S::V {
        // SAFETY: the lanes are those of `input`, readable by `Loader::load`'s Safety.
        s.permute(unsafe { s.load_masked(p, self.input) }, self.index)
    }
}
