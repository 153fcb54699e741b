//! How a kernel touches the lanes of one vector: all of them, the first few, those inside the map, or input channels repeated
//! for a channel multiplier.

use crate::simd::Simd;

/// Loads inputs and stores outputs of one vector of lanes.
pub(crate) trait Lanes<S: Simd>: Copy {
    /// How inputs are loaded for one outer tap.
    type Loader: Loader<S>;
    /// Whether neighbouring elements are cheaper to load together.
    const PAIRS: bool = false;
    /// Whether an outer tap may be [`whole`](Self::whole).
    const WHOLE: bool = false;
    /// How inputs are loaded for an outer tap that is [`whole`](Self::whole).
    type Whole: Loader<S>;

    /// The loader for outer tap `outer`.
    fn loader(self, s: S, outer: usize) -> Self::Loader;

    /// The loader for outer tap `outer` if all inputs of it can be loaded without looking at the border of the map.
    fn whole(self, outer: usize) -> Option<Self::Whole>;

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
        // SAFETY: the caller's promise is that of `load`, twice.
        unsafe { [self.load(s, p), self.load(s, p.wrapping_add(1))] }
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
        // SAFETY: the caller's promise is that of `store`.
        unsafe { s.store(p, v) }
    }
}

impl<S: Simd> Loader<S> for All {
    #[inline(always)]
    unsafe fn load(&self, s: S, p: *const f32) -> S::V {
        // SAFETY: the caller's promise is that of `load`.
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
        // SAFETY: the caller's promise is that of `store_masked`.
        unsafe { s.store_masked(p, v, self.0) }
    }
}

impl<S: Simd> Loader<S> for First<S> {
    #[inline(always)]
    unsafe fn load(&self, s: S, p: *const f32) -> S::V {
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
    #[inline(always)]
    fn inside(self, outer: usize) -> [usize; 2] {
        // SAFETY: kernels ask for outer taps that exist, and each has a range.
        let [from, to] = unsafe { *self.ranges.add(outer) };
        // No `map`: arrays' is a function that is only inlined where it happens to be compiled beside its caller.
        [from.saturating_sub(self.first).min(self.count), to.saturating_sub(self.first).min(self.count)]
    }
}

impl<S: Simd> Lanes<S> for Clipped<S> {
    type Loader = Range<S>;
    type Whole = All;
    const WHOLE: bool = true;

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
        // SAFETY: the caller's promise is that of `store_masked`.
        unsafe { s.store_masked(p, v, self.mask) }
    }
}

/// The lanes inside the map.
#[derive(Clone, Copy)]
pub(crate) struct Range<S: Simd>(S::Range);

impl<S: Simd> Loader<S> for Range<S> {
    #[inline(always)]
    unsafe fn load(&self, s: S, p: *const f32) -> S::V {
        // SAFETY: the caller's promise is that of `load_range`.
        unsafe { s.load_range(p, &self.0) }
    }
}

/// Columns at stride 2: only elements inside the map are read, zeros for the others.
#[derive(Clone, Copy)]
pub(crate) struct Halved<S: Simd> {
    /// Column that lane 0 of the vector reads, but for the tap's offset.
    pub column: usize,
    /// Columns of the map.
    pub columns: usize,
    /// Offset of each outer tap, in columns.
    pub offsets: *const isize,
    /// Lanes of the vector that exist.
    pub mask: S::Mask,
}

impl<S: Simd> Halved<S> {
    /// Elements of the two vectors for an outer tap that are inside the map.
    #[inline(always)]
    fn inside(self, outer: usize) -> [usize; 2] {
        // SAFETY: kernels ask for outer taps that exist, and each has an offset.
        let first = self.column as isize + unsafe { *self.offsets.add(outer) };
        let last = 2 * S::LANES as isize;
        [(-first).clamp(0, last) as usize, (self.columns as isize - first).clamp(0, last) as usize]
    }
}

impl<S: Simd> Lanes<S> for Halved<S> {
    type Loader = HalvedRange<S>;
    type Whole = HalvedAll;
    const PAIRS: bool = true;
    const WHOLE: bool = true;

    #[inline(always)]
    fn loader(self, s: S, outer: usize) -> HalvedRange<S> {
        let [from, to] = self.inside(outer);
        let (low, high) = (|at: usize| at.min(S::LANES), |at: usize| at.saturating_sub(S::LANES));
        HalvedRange { low: Range(s.range(low(from), low(to))), high: Range(s.range(high(from), high(to))) }
    }

    #[inline(always)]
    fn whole(self, outer: usize) -> Option<HalvedAll> {
        (self.inside(outer) == [0, 2 * S::LANES]).then_some(HalvedAll)
    }

    #[inline(always)]
    unsafe fn store(self, s: S, p: *mut f32, v: S::V) {
        // SAFETY: the caller's promise is that of `store_masked`.
        unsafe { s.store_masked(p, s.in_order(v), self.mask) }
    }
}

/// Every second column, all of them inside the map. Lanes stay unsorted until they are stored.
#[derive(Clone, Copy)]
pub(crate) struct HalvedAll;

impl<S: Simd> Loader<S> for HalvedAll {
    #[inline(always)]
    unsafe fn load(&self, s: S, p: *const f32) -> S::V {
        // SAFETY: the caller promises both elements of every lane, which are those of two vectors.
        unsafe { s.even_lanes_unsorted(s.load(p), s.load(p.wrapping_add(S::LANES))) }
    }

    #[inline(always)]
    unsafe fn load_pair(&self, s: S, p: *const f32) -> [S::V; 2] {
        // SAFETY: as above.
        let (low, high) = unsafe { (s.load(p), s.load(p.wrapping_add(S::LANES))) };
        [s.even_lanes_unsorted(low, high), s.odd_lanes_unsorted(low, high)]
    }
}

/// Every second column of those that are inside the map.
#[derive(Clone, Copy)]
pub(crate) struct HalvedRange<S: Simd> {
    low: Range<S>,
    high: Range<S>,
}

impl<S: Simd> Loader<S> for HalvedRange<S> {
    #[inline(always)]
    unsafe fn load(&self, s: S, p: *const f32) -> S::V {
        // SAFETY: what is inside the map can be read, and nothing else is.
        unsafe { s.even_lanes_unsorted(self.low.load(s, p), self.high.load(s, p.wrapping_add(S::LANES))) }
    }

    #[inline(always)]
    unsafe fn load_pair(&self, s: S, p: *const f32) -> [S::V; 2] {
        // SAFETY: as above.
        let (low, high) = unsafe { (self.low.load(s, p), self.high.load(s, p.wrapping_add(S::LANES))) };
        [s.even_lanes_unsorted(low, high), s.odd_lanes_unsorted(low, high)]
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
        // SAFETY: the caller's promise is that of `store_masked` with the output's mask.
        unsafe { s.store_masked(p, v, self.output) }
    }
}

impl<S: Simd> Loader<S> for Repeated<S> {
    #[inline(always)]
    unsafe fn load(&self, s: S, p: *const f32) -> S::V {
        // SAFETY: the caller's promise is that of `load_masked` with the input's mask.
        s.permute(unsafe { s.load_masked(p, self.input) }, self.index)
    }
}
