//! Columns at stride 2 as lanes: vectors hold every second column. Taps that read neighbouring columns share their loads, and of three
//! taps the outermost is one of the others moved by a lane.

use super::lanes::{Lanes, Loader, Range};
use crate::simd::Simd;

/// Columns at stride 2: only elements inside the map are read, zeros for the others. `PLAIN` if taps whose elements are all inside have a
/// loader of their own.
#[derive(Clone, Copy)]
pub(crate) struct Stride2<S: Simd, const PLAIN: bool = true> {
    /// Column that lane 0 of the vector reads, but for the tap's offset.
    pub column: usize,
    /// Columns of the map.
    pub columns: usize,
    /// Offset of each outer tap, in columns.
    pub offsets: *const isize,
    /// Lanes of the vector that exist.
    pub mask: S::Mask,
}

impl<S: Simd, const PLAIN: bool> Stride2<S, PLAIN> {
    /// The same lanes with one loader for all taps.
    #[inline(always)]
    pub(super) fn masked(self) -> Stride2<S, false> {
        let Self { column, columns, offsets, mask } = self;
        Stride2 { column, columns, offsets, mask }
    }

    /// Whether all elements of all `taps` are inside the map: then those of the first and the last are, which reach furthest.
    #[inline(always)]
    pub(super) fn all_inside(self, taps: usize) -> bool {
        self.whole(0).is_some() && self.whole(taps - 1).is_some()
    }

    /// Elements of the two vectors for an outer tap that are inside the map.
    #[inline(always)]
    fn inside(self, outer: usize) -> [usize; 2] {
        // SAFETY: kernels ask for outer taps that exist, and each has an offset.
        let first = self.column as isize + unsafe { *self.offsets.add(outer) };
        let last = 2 * S::LANES as isize;
        [(-first).clamp(0, last) as usize, (self.columns as isize - first).clamp(0, last) as usize]
    }
}

impl<S: Simd, const PLAIN: bool> Lanes<S> for Stride2<S, PLAIN> {
    type Loader = Stride2Range<S>;
    type Whole = Stride2All;
    const PAIRS: bool = true;
    const WHOLE: bool = PLAIN;

    #[inline(always)]
    fn loader(self, s: S, outer: usize) -> Stride2Range<S> {
        let [from, to] = self.inside(outer);
        let (low, high) = (|at: usize| at.min(S::LANES), |at: usize| at.saturating_sub(S::LANES));
        Stride2Range { low: Range(s.range(low(from), low(to))), high: Range(s.range(high(from), high(to))) }
    }

    #[inline(always)]
    fn whole(self, outer: usize) -> Option<Stride2All> {
        (self.inside(outer) == [0, 2 * S::LANES]).then_some(Stride2All)
    }

    #[inline(always)]
    unsafe fn store(self, s: S, p: *mut f32, v: S::V) {
        // SAFETY: the lanes are those of the mask, writable by `Lanes::store`'s Safety.
        unsafe { s.store_masked(p, s.in_order(v), self.mask) }
    }
}

/// Columns at stride 2 of which all elements are inside the map for all taps.
#[derive(Clone, Copy)]
pub(crate) struct Stride2Inside<S: Simd>(pub Stride2<S>);

impl<S: Simd> Lanes<S> for Stride2Inside<S> {
    type Loader = Stride2All;
    type Whole = Stride2All;
    const PAIRS: bool = true;

    #[inline(always)]
    fn loader(self, _s: S, _outer: usize) -> Stride2All {
        Stride2All
    }

    #[inline(always)]
    fn whole(self, _outer: usize) -> Option<Stride2All> {
        None
    }

    #[inline(always)]
    unsafe fn store(self, s: S, p: *mut f32, v: S::V) {
        // SAFETY: the trait's contract is the same for these lanes.
        unsafe { self.0.store(s, p, v) }
    }
}

/// Every second column, all of them inside the map. Lanes stay unsorted until they are stored.
#[derive(Clone, Copy)]
pub(crate) struct Stride2All;

impl<S: Simd> Loader<S> for Stride2All {
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
pub(crate) struct Stride2Range<S: Simd> {
    low: Range<S>,
    high: Range<S>,
}

impl<S: Simd> Loader<S> for Stride2Range<S> {
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

/// Every second column for three neighbouring outer taps: a pair of taps that shares two vectors, the second and third if `FIRST_MOVED`, else the
/// first and second; and the remaining one, which is the pair's other end moved by a lane, with one element more at the end.
#[derive(Clone, Copy)]
pub(crate) struct Stride2Three<S: Simd, const FIRST_MOVED: bool>(pub Stride2<S>);

impl<S: Simd, const FIRST_MOVED: bool> Stride2Three<S, FIRST_MOVED> {
    /// The first outer tap of the pair.
    const PAIR: usize = FIRST_MOVED as usize;

    /// The loader where the pair is inside the map.
    #[inline(always)]
    pub(super) fn all(self) -> ThreeAll<FIRST_MOVED> {
        ThreeAll { end_is_inside: self.end_is_inside() }
    }

    /// Whether the element that no vector of the pair holds is inside the map.
    #[inline(always)]
    fn end_is_inside(self) -> bool {
        // SAFETY: there is an offset for each of the three taps.
        let first = self.0.column as isize + unsafe { *self.0.offsets };
        let column = first + if FIRST_MOVED { 0 } else { 2 * S::LANES as isize };
        column >= 0 && column < self.0.columns as isize
    }
}

impl<S: Simd, const FIRST_MOVED: bool> Lanes<S> for Stride2Three<S, FIRST_MOVED> {
    type Loader = ThreeRange<S, FIRST_MOVED>;
    type Whole = ThreeAll<FIRST_MOVED>;
    const THREES: bool = true;
    const WHOLE: bool = true;

    #[inline(always)]
    fn loader(self, s: S, _outer: usize) -> ThreeRange<S, FIRST_MOVED> {
        ThreeRange { pair: self.0.loader(s, Self::PAIR), end: Range(s.range(0, usize::from(self.end_is_inside()))) }
    }

    #[inline(always)]
    fn whole(self, _outer: usize) -> Option<ThreeAll<FIRST_MOVED>> {
        // At the border of a map of even width it is often the end alone that is outside.
        self.0.whole(Self::PAIR).map(|_| self.all())
    }

    #[inline(always)]
    unsafe fn store(self, s: S, p: *mut f32, v: S::V) {
        // SAFETY: `self.0` stores the same lanes, writable by `Lanes::store`'s Safety.
        unsafe { self.0.store(s, p, v) }
    }
}

/// All three taps inside the map for all lanes, but maybe for the element beyond the pair.
#[derive(Clone, Copy)]
pub(crate) struct ThreeAll<const FIRST_MOVED: bool> {
    end_is_inside: bool,
}

impl<S: Simd, const FIRST_MOVED: bool> Loader<S> for ThreeAll<FIRST_MOVED> {
    #[inline(always)]
    unsafe fn load(&self, s: S, p: *const f32) -> S::V {
        // SAFETY: the loader stands for the elements of all three taps from `p` on: `Loader::load`'s Safety covers what `load_three` reads.
        unsafe { self.load_three(s, p)[0] }
    }

    #[inline(always)]
    unsafe fn load_three(&self, s: S, p: *const f32) -> [S::V; 3] {
        // SAFETY: the pair's vectors are inside the map, the element before or behind them is looked at.
        unsafe {
            let [pair, end] = places::<S, FIRST_MOVED>(p);
            let end = if self.end_is_inside { *end } else { 0.0 };
            three::<S, FIRST_MOVED>(s, Stride2All.load_pair(s, pair), s.splat(end))
        }
    }
}

/// Of the three taps only what is inside the map.
#[derive(Clone, Copy)]
pub(crate) struct ThreeRange<S: Simd, const FIRST_MOVED: bool> {
    pair: Stride2Range<S>,
    end: Range<S>,
}

impl<S: Simd, const FIRST_MOVED: bool> Loader<S> for ThreeRange<S, FIRST_MOVED> {
    #[inline(always)]
    unsafe fn load(&self, s: S, p: *const f32) -> S::V {
        // SAFETY: the loader stands for the elements of all three taps from `p` on: `Loader::load`'s Safety covers what `load_three` reads.
        unsafe { self.load_three(s, p)[0] }
    }

    #[inline(always)]
    unsafe fn load_three(&self, s: S, p: *const f32) -> [S::V; 3] {
        // SAFETY: what is inside the map can be read, and nothing else is.
        unsafe {
            let [pair, end] = places::<S, FIRST_MOVED>(p);
            three::<S, FIRST_MOVED>(s, self.pair.load_pair(s, pair), self.end.load(s, end))
        }
    }
}

/// Where the pair and the element beyond it stand, for a first tap at `p`.
#[inline(always)]
fn places<S: Simd, const FIRST_MOVED: bool>(p: *const f32) -> [*const f32; 2] {
    if FIRST_MOVED { [p.wrapping_add(1), p] } else { [p, p.wrapping_add(2 * S::LANES)] }
}

/// The three taps' lanes, from the pair's and the element beyond them in lane 0 of `end`.
#[inline(always)]
fn three<S: Simd, const FIRST_MOVED: bool>(s: S, [even, odd]: [S::V; 2], end: S::V) -> [S::V; 3] {
    if FIRST_MOVED { [s.after_unsorted(odd, end), even, odd] } else { [even, odd, s.before_unsorted(even, end)] }
}
