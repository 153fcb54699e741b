//! Copies pieces of input rows into scratch: cuts out every `stride`-th position and fills what lies outside the map with zeros.
//!
//! Kernels whose lanes are columns read such rows: padding and stride are resolved here, once for all taps that use a row.
//! A position is a group of floats: one (CHW), or the channels of a pixel (HWC).

use crate::simd::Simd;

/// What one call copies: `len` groups of each of `rows` rows.
#[derive(Clone, Copy)]
pub struct RowArgs {
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
    /// Whether positions outside the map are filled with zeros, or left as they are.
    pub pad: bool,
    /// If not null: all `available` floats of each row are copied, those at even positions to `to`, at odd ones to `odd`;
    /// `start`, `stride`, `step`, `group`, `len` and `pad` are not used.
    pub odd: *mut f32,
}

/// # Safety
/// `available` groups of each row must be readable and `len·group` elements of each destination row writable; they must not
/// overlap. `group ≤ LANES`, or `step == group` and `stride == 1`.
#[inline(always)]
pub(crate) unsafe fn run<S: Simd>(s: S, args: &RowArgs) {
    if !args.odd.is_null() {
        for row in 0..args.rows {
            let (from, to) = (args.from.wrapping_add(row * args.row_step), row * args.to_step);
            // SAFETY: the row is readable, and both destinations have room for half of it.
            unsafe {
                let ahead = args.rows * args.row_step;
                split(s, from, args.to.wrapping_add(to), args.odd.wrapping_add(to), args.available, ahead);
            }
        }
        return;
    }
    debug_assert!(args.group <= S::LANES || (args.step == args.group && args.stride == 1));
    // Positions start + i·stride that are inside 0..available: i in first..end.
    let first = if args.start >= 0 { 0 } else { args.start.unsigned_abs().div_ceil(args.stride).min(args.len) };
    let beyond = (args.available as isize).saturating_sub(args.start).max(0) as usize;
    let end = beyond.div_ceil(args.stride).min(args.len).max(first);
    let distance = args.stride.wrapping_mul(args.step);
    let offset = args.start.wrapping_mul(args.step as isize).wrapping_add(first.wrapping_mul(distance) as isize);
    let contiguous = distance == args.group;
    for row in 0..args.rows {
        let from = args.from.wrapping_add(row * args.row_step).wrapping_offset(offset);
        // SAFETY: groups first..end come from inside the map; all three ranges are inside the destination row.
        unsafe {
            let to = args.to.add(row * args.to_step);
            if args.pad {
                fill_zero(s, to, first * args.group);
                fill_zero(s, to.add(end * args.group), (args.len - end) * args.group);
            }
            let middle = to.add(first * args.group);
            let count = end - first;
            match (contiguous, args.group) {
                (true, _) => copy(s, from, middle, count * args.group),
                (false, 1) if distance == 2 => copy_even(s, from, middle, count),
                (false, 1) => copy_strided(s, from, distance, middle, count),
                (false, _) => copy_groups(s, from, distance, middle, args.group, count),
            }
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
            // What the next call copies of the row, if it goes on there.
            s.prefetch(from.wrapping_add(i + len));
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
/// `from[2·i]` must be readable and `to[i]` writable for `i < len`; where `i + 1 < len`, `from[2·i + 1]` too.
#[inline(always)]
unsafe fn copy_even<S: Simd>(s: S, from: *const f32, to: *mut f32, len: usize) {
    let mut i = 0;
    // SAFETY: the last element touched is from[2·(len − 1)].
    unsafe {
        while i + S::LANES < len {
            let (low, high) = (s.load(from.add(2 * i)), s.load(from.add(2 * i + S::LANES)));
            s.store(to.add(i), s.even_lanes(low, high));
            i += S::LANES;
        }
        if i < len {
            let floats = 2 * (len - i) - 1;
            let low = s.load_masked(from.add(2 * i), s.mask(floats.min(S::LANES)));
            let rest = s.mask(floats.saturating_sub(S::LANES));
            let high = s.load_masked(from.wrapping_add(2 * i + S::LANES), rest);
            s.store_masked(to.add(i), s.even_lanes(low, high), s.mask(len - i));
        }
    }
}

/// # Safety
/// `from..from + len` must be readable, `⌈len / 2⌉` elements at `even` and `⌊len / 2⌋` at `odd` writable.
#[inline(always)]
unsafe fn split<S: Simd>(s: S, from: *const f32, even: *mut f32, odd: *mut f32, len: usize, ahead: usize) {
    let mut i = 0;
    // SAFETY: every access stays below `len`, or below half of it.
    unsafe {
        while i + 2 * S::LANES <= len {
            // The rows of the next call are fetched while this one's are used.
            s.prefetch(from.wrapping_add(i + ahead));
            s.prefetch(from.wrapping_add(i + ahead + S::LANES));
            let (low, high) = (s.load(from.add(i)), s.load(from.add(i + S::LANES)));
            s.store(even.add(i / 2), s.even_lanes(low, high));
            s.store(odd.add(i / 2), s.odd_lanes(low, high));
            i += 2 * S::LANES;
        }
        if i < len {
            let rest = len - i;
            let low = s.load_masked(from.add(i), s.mask(rest.min(S::LANES)));
            let high = s.mask(rest.saturating_sub(S::LANES));
            let high = s.load_masked(from.wrapping_add(i + S::LANES), high);
            s.store_masked(even.add(i / 2), s.even_lanes(low, high), s.mask(rest.div_ceil(2)));
            s.store_masked(odd.add(i / 2), s.odd_lanes(low, high), s.mask(rest / 2));
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
