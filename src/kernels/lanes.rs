//! How a kernel touches the lanes of one vector: all of them, the first few, those inside the map, or input channels repeated
//! for a channel multiplier.

use crate::simd::Simd;

/// Loads inputs and stores outputs of one vector of lanes.
pub(crate) trait Lanes<S: Simd>: Copy {
    /// How inputs are loaded for one outer tap.
    type Loader: Loader<S>;

    /// The loader for outer tap `outer`.
    fn loader(self, s: S, outer: usize) -> Self::Loader;

    /// # Safety
    /// The lanes that the implementation stands for must be writable at `p`.
    unsafe fn store(self, s: S, p: *mut f32, v: S::V);
}

/// Loads the lanes of one input.
pub(crate) trait Loader<S: Simd>: Copy {
    /// # Safety
    /// The lanes that the implementation stands for must be readable at `p`.
    unsafe fn load(self, s: S, p: *const f32) -> S::V;
}

/// All lanes.
#[derive(Clone, Copy)]
pub(crate) struct All;

impl<S: Simd> Lanes<S> for All {
    type Loader = Self;

    #[inline(always)]
    fn loader(self, _s: S, _outer: usize) -> Self {
        self
    }

    #[inline(always)]
    unsafe fn store(self, s: S, p: *mut f32, v: S::V) {
        // SAFETY: the caller's promise is that of `store`.
        unsafe { s.store(p, v) }
    }
}

impl<S: Simd> Loader<S> for All {
    #[inline(always)]
    unsafe fn load(self, s: S, p: *const f32) -> S::V {
        // SAFETY: the caller's promise is that of `load`.
        unsafe { s.load(p) }
    }
}

/// The first lanes, as the mask says.
#[derive(Clone, Copy)]
pub(crate) struct First<S: Simd>(pub S::Mask);

impl<S: Simd> Lanes<S> for First<S> {
    type Loader = Self;

    #[inline(always)]
    fn loader(self, _s: S, _outer: usize) -> Self {
        self
    }

    #[inline(always)]
    unsafe fn store(self, s: S, p: *mut f32, v: S::V) {
        // SAFETY: the caller's promise is that of `store_masked`.
        unsafe { s.store_masked(p, v, self.0) }
    }
}

impl<S: Simd> Loader<S> for First<S> {
    #[inline(always)]
    unsafe fn load(self, s: S, p: *const f32) -> S::V {
        // SAFETY: the caller's promise is that of `load_masked`.
        unsafe { s.load_masked(p, self.0) }
    }
}

/// Columns at the border of the map: each outer tap reads only the lanes whose input is inside, zeros for the others.
#[derive(Clone, Copy)]
pub(crate) struct Clipped<S: Simd> {
    /// Lane 0 of the vector, counted from the first lane of the line.
    pub first: usize,
    /// Lanes of the vector that exist.
    pub count: usize,
    /// `count` as a mask.
    pub mask: S::Mask,
    /// For each outer tap the lanes of the line whose input is inside the map.
    pub ranges: *const [usize; 2],
}

impl<S: Simd> Clipped<S> {
    /// Lanes of this vector whose input is inside the map.
    ///
    /// # Safety
    /// `ranges` must hold a range for `outer`.
    #[inline(always)]
    pub(crate) unsafe fn inside(self, outer: usize) -> [usize; 2] {
        // SAFETY: the caller's promise.
        let range = unsafe { *self.ranges.add(outer) };
        range.map(|lane| lane.saturating_sub(self.first).min(self.count))
    }
}

impl<S: Simd> Lanes<S> for Clipped<S> {
    type Loader = Range;

    #[inline(always)]
    fn loader(self, _s: S, outer: usize) -> Range {
        // SAFETY: kernels ask for outer taps that exist, and each has a range.
        let [from, to] = unsafe { self.inside(outer) };
        Range { from, to }
    }

    #[inline(always)]
    unsafe fn store(self, s: S, p: *mut f32, v: S::V) {
        // SAFETY: the caller's promise is that of `store_masked`.
        unsafe { s.store_masked(p, v, self.mask) }
    }
}

/// Lanes `from..to`.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    from: usize,
    to: usize,
}

impl<S: Simd> Loader<S> for Range {
    #[inline(always)]
    unsafe fn load(self, s: S, p: *const f32) -> S::V {
        // SAFETY: the caller's promise is that of `load_range`.
        unsafe { s.load_range(p, self.from, self.to) }
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

    #[inline(always)]
    fn loader(self, _s: S, _outer: usize) -> Self {
        self
    }

    #[inline(always)]
    unsafe fn store(self, s: S, p: *mut f32, v: S::V) {
        // SAFETY: the caller's promise is that of `store_masked` with the output's mask.
        unsafe { s.store_masked(p, v, self.output) }
    }
}

impl<S: Simd> Loader<S> for Repeated<S> {
    #[inline(always)]
    unsafe fn load(self, s: S, p: *const f32) -> S::V {
        // SAFETY: the caller's promise is that of `load_masked` with the input's mask.
        s.permute(unsafe { s.load_masked(p, self.input) }, self.index)
    }
}
