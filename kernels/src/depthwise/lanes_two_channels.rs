//! Two neighbouring channels (CHW) in the halves of a vector, for maps no wider than half of one: lanes are columns of both.

use super::lanes::{Lanes, Loader};
use super::line::LineArgs;
use super::taps::Taps;
use crate::simd::Halves;

/// What both ways of loading have in common: the lanes of a half, and where the second channel stands.
#[derive(Clone, Copy)]
struct Two<S: Halves> {
    stored: S::Half,
    /// Elements from one channel to the next: of the input, the output and the weights.
    steps: [usize; 3],
}

impl<S: Halves> Two<S> {
    /// Lanes in a half.
    const LANES: usize = S::LANES / 2;

    #[inline(always)]
    fn new(s: S, args: &LineArgs) -> Self {
        debug_assert!(args.lanes <= Self::LANES && args.channels >= 2);
        Self { stored: s.half_range(0, args.lanes), steps: args.channel_steps }
    }

    /// The taps of both channels.
    ///
    /// # Safety
    /// A float must be readable at `p` and in the panel behind it.
    #[inline(always)]
    unsafe fn taps<T: Taps>(self, p: *const f32) -> [f32; 2] {
        const { assert!(T::COLUMNS) };
        // SAFETY: this function's Safety has a float at `p` and, one panel further, another.
        unsafe { [*p, *p.wrapping_add(self.steps[2])] }
    }

    /// # Safety
    /// The lanes must be writable at `p` and in the next channel.
    #[inline(always)]
    unsafe fn store(self, s: S, p: *mut f32, v: S::V) {
        // SAFETY: this function's Safety has the lanes at `p` and, one channel further, those there.
        unsafe { s.store_halves(p, p.wrapping_add(self.steps[1]), v, self.stored) }
    }
}

/// Columns at stride 1.
#[derive(Clone, Copy)]
pub(crate) struct TwoChannels<S: Halves> {
    two: Two<S>,
    count: usize,
    ranges: *const [usize; 2],
}

impl<S: Halves> TwoChannels<S> {
    /// The vector that stands for all lanes of two channels.
    #[inline(always)]
    pub(super) fn new(s: S, args: &LineArgs) -> Self {
        debug_assert!(!args.lane_ranges.is_null());
        Self { two: Two::new(s, args), count: args.lanes, ranges: args.lane_ranges }
    }
}

impl<S: Halves> Lanes<S> for TwoChannels<S> {
    type Loader = TwoChannelsRange<S>;
    type Whole = TwoChannelsRange<S>;

    #[inline(always)]
    fn loader(self, s: S, outer: usize) -> TwoChannelsRange<S> {
        // SAFETY: kernels ask for outer taps that exist, and each has a range.
        let [from, to] = unsafe { *self.ranges.add(outer) };
        let half = s.half_range(from.min(self.count), to.min(self.count));
        TwoChannelsRange { half, step: self.two.steps[0] }
    }

    #[inline(always)]
    fn whole(self, _outer: usize) -> Option<TwoChannelsRange<S>> {
        None
    }

    #[inline(always)]
    unsafe fn tap<T: Taps>(self, s: S, p: *const f32) -> S::V {
        // SAFETY: a float is readable at `p` by `Lanes::tap`'s Safety; `new` was given two channels or more, so a panel follows.
        let [low, high] = unsafe { self.two.taps::<T>(p) };
        s.splat_halves(low, high)
    }

    #[inline(always)]
    unsafe fn store(self, s: S, p: *mut f32, v: S::V) {
        // SAFETY: the lanes are those of both channels, writable by `Lanes::store`'s Safety.
        unsafe { self.two.store(s, p, v) }
    }
}

/// Of both channels the lanes inside the map.
#[derive(Clone, Copy)]
pub(crate) struct TwoChannelsRange<S: Halves> {
    half: S::Half,
    /// Elements from one channel to the next.
    step: usize,
}

impl<S: Halves> Loader<S> for TwoChannelsRange<S> {
    #[inline(always)]
    unsafe fn load(&self, s: S, p: *const f32) -> S::V {
        // SAFETY: the lanes are inside the map in both channels.
        unsafe { s.load_halves(p, p.wrapping_add(self.step), self.half) }
    }
}

/// Columns at stride 2.
#[derive(Clone, Copy)]
pub(crate) struct TwoChannelsStride2<S: Halves> {
    two: Two<S>,
    columns: usize,
    offsets: *const isize,
}

impl<S: Halves> TwoChannelsStride2<S> {
    /// The vector that stands for all lanes of two channels.
    #[inline(always)]
    pub(super) fn new(s: S, args: &LineArgs) -> Self {
        Self { two: Two::new(s, args), columns: args.columns, offsets: args.outer }
    }
}

impl<S: Halves> Lanes<S> for TwoChannelsStride2<S> {
    type Loader = TwoChannelsStride2Range<S>;
    type Whole = TwoChannelsStride2Range<S>;
    const PAIRS: bool = true;

    #[inline(always)]
    fn loader(self, s: S, outer: usize) -> TwoChannelsStride2Range<S> {
        // SAFETY: kernels ask for outer taps that exist, and each has an offset.
        let first = unsafe { *self.offsets.add(outer) };
        let inside = |at: isize| at.clamp(0, S::LANES as isize) as usize;
        let range = s.range(inside(-first), inside(self.columns as isize - first));
        TwoChannelsStride2Range { range, step: self.two.steps[0] }
    }

    #[inline(always)]
    fn whole(self, _outer: usize) -> Option<TwoChannelsStride2Range<S>> {
        None
    }

    #[inline(always)]
    unsafe fn tap<T: Taps>(self, s: S, p: *const f32) -> S::V {
        // SAFETY: a float is readable at `p` by `Lanes::tap`'s Safety; `new` was given two channels or more, so a panel follows.
        let [low, high] = unsafe { self.two.taps::<T>(p) };
        s.splat_unsorted(low, high)
    }

    #[inline(always)]
    unsafe fn store(self, s: S, p: *mut f32, v: S::V) {
        // SAFETY: the lanes are those of both channels, writable by `Lanes::store`'s Safety.
        unsafe { self.two.store(s, p, s.in_order(v)) }
    }
}

/// Of both channels the elements inside the map, of which every second is wanted.
#[derive(Clone, Copy)]
pub(crate) struct TwoChannelsStride2Range<S: Halves> {
    range: S::Range,
    step: usize,
}

impl<S: Halves> TwoChannelsStride2Range<S> {
    /// # Safety
    /// As `load`.
    #[inline(always)]
    unsafe fn both(&self, s: S, p: *const f32) -> (S::V, S::V) {
        // SAFETY: what is inside the map can be read, and nothing else is.
        unsafe { (s.load_range(p, &self.range), s.load_range(p.wrapping_add(self.step), &self.range)) }
    }
}

impl<S: Halves> Loader<S> for TwoChannelsStride2Range<S> {
    #[inline(always)]
    unsafe fn load(&self, s: S, p: *const f32) -> S::V {
        // SAFETY: the elements of the range are readable by `Loader::load`'s Safety.
        let (low, high) = unsafe { self.both(s, p) };
        s.even_lanes_unsorted(low, high)
    }

    #[inline(always)]
    unsafe fn load_pair(&self, s: S, p: *const f32) -> [S::V; 2] {
        // SAFETY: the elements of the range, even and odd, are readable by `Loader::load_pair`'s Safety.
        let (low, high) = unsafe { self.both(s, p) };
        [s.even_lanes_unsorted(low, high), s.odd_lanes_unsorted(low, high)]
    }
}
