//! The traits of vectors: what every instruction set does, and what some do beside it.

/// One instruction set's vectors of `f32`.
pub(crate) trait Simd: Copy {
    /// Floats in a vector.
    const LANES: usize;
    /// Whether [`mul_add`](Self::mul_add) is one instruction.
    const FUSED: bool = true;
    /// Whether a masked load costs what a load does.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only columns in CHW ask"))]
    const FREE_MASKS: bool = false;
    /// Most taps of a column of which a pair fits the registers beside a tile's sums.
    const PAIRED_TAPS: usize = 0;
    /// Most taps of a column of which three fit; 0 where another kernel does that work.
    const THREE_COLUMNS: usize = 0;
    /// A vector.
    type V: Copy;
    /// The first so many lanes of a vector.
    type Mask: Copy;
    /// Some neighbouring lanes of a vector.
    type Range: Copy;

    /// The token.
    ///
    /// # Safety
    /// The CPU must have the instruction set that the token stands for.
    unsafe fn assume() -> Self;

    /// All lanes `x`.
    fn splat(self, x: f32) -> Self::V;
    /// # Safety
    /// `p..p + LANES` must be readable.
    unsafe fn load(self, p: *const f32) -> Self::V;
    /// # Safety
    /// `p..p + LANES` must be writable.
    unsafe fn store(self, p: *mut f32, v: Self::V);

    /// The mask of lanes `0..count`; `count` may be anything from 0 to `LANES`.
    fn mask(self, count: usize) -> Self::Mask;
    /// Lanes outside the mask are 0 and their memory is not touched.
    /// # Safety
    /// `p..p + count` of the mask must be readable.
    unsafe fn load_masked(self, p: *const f32, mask: Self::Mask) -> Self::V;
    /// Memory of lanes outside the mask is not touched.
    /// # Safety
    /// `p..p + count` of the mask must be writable.
    unsafe fn store_masked(self, p: *mut f32, v: Self::V, mask: Self::Mask);
    /// Lanes `p[stride·lane]` for lanes inside the mask, 0 outside.
    /// # Safety
    /// All of those elements must be readable.
    unsafe fn load_strided(self, p: *const f32, stride: usize, mask: Self::Mask) -> Self::V;
    /// Lanes `from..to`, both at most `LANES`; none if `from ≥ to`.
    fn range(self, from: usize, to: usize) -> Self::Range;
    /// The lanes of a range of the vector at `p`, 0 outside; the memory of other lanes is not touched and need not exist.
    /// # Safety
    /// `p + from..p + to` of the range must be readable.
    unsafe fn load_range(self, p: *const f32, range: &Self::Range) -> Self::V;
    /// Hints that the memory at `p` will be read. `p` need not be valid.
    fn prefetch(self, p: *const f32);
    /// Every second lane of `low` and then of `high`, from the first.
    fn even_lanes(self, low: Self::V, high: Self::V) -> Self::V;
    /// Every second lane of `low` and then of `high`, from the second.
    fn odd_lanes(self, low: Self::V, high: Self::V) -> Self::V;
    /// As [`even_lanes`](Self::even_lanes), in an order that is cheaper to make: [`in_order`](Self::in_order) sorts it.
    #[inline(always)]
    fn even_lanes_unsorted(self, low: Self::V, high: Self::V) -> Self::V {
        self.even_lanes(low, high)
    }
    /// As [`odd_lanes`](Self::odd_lanes), in the order of [`even_lanes_unsorted`](Self::even_lanes_unsorted).
    #[inline(always)]
    fn odd_lanes_unsorted(self, low: Self::V, high: Self::V) -> Self::V {
        self.odd_lanes(low, high)
    }
    /// Sorts lanes that one of the two methods above left unsorted.
    #[inline(always)]
    fn in_order(self, v: Self::V) -> Self::V {
        v
    }
    /// Of lanes left unsorted: each is the one before it in order, the first lane 0 of `end`.
    fn after_unsorted(self, v: Self::V, end: Self::V) -> Self::V;
    /// Of lanes left unsorted: each is the one behind it in order, the last lane 0 of `end`.
    fn before_unsorted(self, v: Self::V, end: Self::V) -> Self::V;
    /// Lane `l` is lane `index[l]` of `v`; the indices are integers in `0..LANES`, given as the bits of floats.
    fn permute(self, v: Self::V, index: Self::V) -> Self::V;
    /// Lanes `from..to` of `new`, all others of `old`.
    fn select_range(self, from: usize, to: usize, new: Self::V, old: Self::V) -> Self::V;

    /// `v`, computed here: keeps the compiler from moving its computation behind later loads.
    ///
    /// Left alone, LLVM sorts an unrolled tile into "all loads, then one sum after the other": more inputs live at once
    /// than there are registers, and every sum waiting for its own last addition. Pinned sums keep the order written.
    #[inline(always)]
    fn pin(self, v: Self::V) -> Self::V {
        v
    }

    /// `a·b + c`, fused where the instruction set can.
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// The larger of `x` and `lo`; NaN where `x` is NaN.
    fn at_least(self, x: Self::V, lo: Self::V) -> Self::V;
    /// The smaller of `x` and `hi`; NaN where `x` is NaN.
    fn at_most(self, x: Self::V, hi: Self::V) -> Self::V;
    /// The nearest integer, for `|x| < 2²²`.
    fn round(self, x: Self::V) -> Self::V;
    /// `x·2ⁿ` for integer `n` in −160…160, denormal results and overflow to infinity included.
    fn scale_by_power_of_two(self, x: Self::V, n: Self::V) -> Self::V;

    /// Runs a task in a function of its own that carries the instruction set's `#[target_feature]`.
    fn call(self, task: impl Task<Self>);
}

/// What is compiled once for an instruction set and called by its kernels, instead of being part of each.
pub(crate) trait Task<S: Simd> {
    /// To be `inline(always)`, as the methods of [`Simd`].
    fn run(self, s: S);
}

/// Instruction sets whose multiply-add takes one lane of a vector as a factor for all lanes of another: a vector of factors is
/// one load then, where broadcasts would be one each.
#[cfg(sepconv_neon)]
pub(crate) trait ByLane: Simd {
    /// `a[LANE]·b + c`, fused.
    fn mul_add_lane<const LANE: i32>(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
}

/// Instruction sets that load and store half a vector at half the cost: two channels then share a vector.
#[cfg(target_arch = "x86_64")]
pub(crate) trait Halves: Simd {
    /// Some neighbouring lanes of half a vector.
    type Half: Copy;
    /// `low` in all lanes of the low half, `high` in those of the high one.
    fn splat_halves(self, low: f32, high: f32) -> Self::V;
    /// The same in the order of [`even_lanes_unsorted`](Simd::even_lanes_unsorted) of two vectors.
    fn splat_unsorted(self, low: f32, high: f32) -> Self::V;
    /// Lanes `from..to` of half a vector, both at most half of `LANES`; none if `from ≥ to`.
    fn half_range(self, from: usize, to: usize) -> Self::Half;
    /// The lanes of a range of the half vector at `low`, then of the one at `high`, 0 outside; the memory of other lanes is not touched
    /// and need not exist.
    /// # Safety
    /// `p + from..p + to` of the range must be readable for both.
    unsafe fn load_halves(self, low: *const f32, high: *const f32, range: Self::Half) -> Self::V;
    /// Stores those lanes of both halves; the memory of others is not touched.
    /// # Safety
    /// `p + from..p + to` of the range must be writable for both.
    unsafe fn store_halves(self, low: *mut f32, high: *mut f32, v: Self::V, range: Self::Half);
}
