//! Copies pieces of input rows into scratch: cuts out every `stride`-th position and fills what lies outside the map with zeros.
//!
//! Kernels whose lanes are columns read such rows: padding and stride are resolved here, once for all taps that use a row.
//! A position is a group of floats: one (CHW), or the channels of a pixel (HWC).

use crate::simd::Simd;

/// What one call copies: `len` groups of each of `rows` rows.
#[derive(Clone, Copy)]
pub(crate) struct RowArgs {
    /// First group of the first row; not touched where `available` is 0.
    pub from: *const f32,
    /// Elements between rows, and number of them.
    pub row_step: usize,
    /// See `row_step`.
    pub rows: usize,
    /// Groups of a row that are inside the map.
    pub available: usize,
    /// Position that group 0 is copied from; may be negative or beyond the map.
    pub start: isize,
    /// Step between positions.
    pub stride: usize,
    /// Elements between neighbouring positions.
    pub step: usize,
    /// Floats of a group, at most a vector where groups are not contiguous.
    pub group: usize,
    /// Where to copy the first row to; groups are contiguous there.
    pub to: *mut f32,
    /// Elements between copied rows.
    pub to_step: usize,
    /// Groups to write for each row.
    pub len: usize,
}

/// # Safety
/// `available` groups of each row must be readable and `len·group` elements of each destination row writable; they must not
/// overlap. `group ≤ LANES`, or `step == group` and `stride == 1`.
#[inline(always)]
pub(crate) unsafe fn run<S: Simd>(s: S, args: &RowArgs) {
    debug_assert!(args.group <= S::LANES || (args.step == args.group && args.stride == 1));
    // Positions start + i·stride that are inside 0..available: i in first..end.
    let first = if args.start >= 0 { 0 } else { args.start.unsigned_abs().div_ceil(args.stride).min(args.len) };
    let beyond = (args.available as isize).saturating_sub(args.start).max(0) as usize;
    let end = beyond.div_ceil(args.stride).min(args.len).max(first);
    let distance = args.stride * args.step;
    let offset = args.start.wrapping_mul(args.step as isize).wrapping_add((first * distance) as isize);
    let contiguous = distance == args.group;
    for row in 0..args.rows {
        let from = args.from.wrapping_add(row * args.row_step).wrapping_offset(offset);
        // SAFETY: groups first..end come from inside the map; all three ranges are inside the destination row.
        unsafe {
            let to = args.to.add(row * args.to_step);
            fill_zero(s, to, first * args.group);
            let middle = to.add(first * args.group);
            let count = end - first;
            match (contiguous, args.group) {
                (true, _) => copy(s, from, middle, count * args.group),
                (false, 1) if distance == 2 => copy_even(s, from, middle, count),
                (false, 1) => copy_strided(s, from, distance, middle, count),
                (false, _) => copy_groups(s, from, distance, middle, args.group, count),
            }
            fill_zero(s, to.add(end * args.group), (args.len - end) * args.group);
        }
    }
}

/// # Safety
/// `to..to + len` must be writable.
#[inline(always)]
unsafe fn fill_zero<S: Simd>(s: S, to: *mut f32, len: usize) {
    let zero = s.splat(0.0);
    let mut i = 0;
    while i < len {
        let lanes = s.mask((len - i).min(S::LANES));
        // SAFETY: i + lanes ≤ len.
        unsafe { s.store_masked(to.add(i), zero, lanes) };
        i += S::LANES;
    }
}

/// # Safety
/// `from..from + len` must be readable and `to..to + len` writable.
#[inline(always)]
unsafe fn copy<S: Simd>(s: S, from: *const f32, to: *mut f32, len: usize) {
    let mut i = 0;
    // SAFETY: every access stays below `len`.
    unsafe {
        while i + S::LANES <= len {
            s.store(to.add(i), s.load(from.add(i)));
            i += S::LANES;
        }
        if i < len {
            let lanes = s.mask(len - i);
            s.store_masked(to.add(i), s.load_masked(from.add(i), lanes), lanes);
        }
    }
}

/// # Safety
/// `from[2·i]` must be readable and `to[i]` writable for `i < len`.
#[inline(always)]
unsafe fn copy_even<S: Simd>(s: S, from: *const f32, to: *mut f32, len: usize) {
    let mut i = 0;
    // SAFETY: a pair of vectors also reads the odd element after its last even one, so it is used only where a further even
    // element follows; the rest is read element by element.
    unsafe {
        while i + S::LANES < len {
            s.store(to.add(i), s.load_deinterleaved(from.add(2 * i)).0);
            i += S::LANES;
        }
        if i < len {
            let lanes = s.mask(len - i);
            s.store_masked(to.add(i), s.load_strided(from.add(2 * i), 2, lanes), lanes);
        }
    }
}

/// # Safety
/// `from[distance·i]` must be readable and `to[i]` writable for `i < len`.
#[inline(always)]
unsafe fn copy_strided<S: Simd>(s: S, from: *const f32, distance: usize, to: *mut f32, len: usize) {
    let mut i = 0;
    while i < len {
        let lanes = s.mask((len - i).min(S::LANES));
        // SAFETY: lanes beyond `len` are masked out.
        unsafe { s.store_masked(to.add(i), s.load_strided(from.add(distance * i), distance, lanes), lanes) };
        i += S::LANES;
    }
}

/// # Safety
/// `from[distance·i..][..group]` must be readable and `to[group·i..][..group]` writable for `i < count`.
#[inline(always)]
unsafe fn copy_groups<S: Simd>(s: S, from: *const f32, distance: usize, to: *mut f32, group: usize, count: usize) {
    let lanes = s.mask(group);
    for i in 0..count {
        // SAFETY: exactly one group is read and written.
        unsafe { s.store_masked(to.add(group * i), s.load_masked(from.add(distance * i), lanes), lanes) };
    }
}
