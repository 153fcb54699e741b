//! Loops that do nothing but one thing, as fast as the instruction set can: the ceilings that kernels are measured against.

use crate::simd::{Simd, unroll};

/// What one call does.
#[derive(Clone, Copy)]
pub struct ProbeArgs {
    /// Which loop.
    pub what: Probe,
    /// Rounds of `C` independent multiply-adds.
    pub rounds: usize,
    /// Memory to read, `len` floats; not used by `MulAdd` and `Write`.
    pub from: *const f32,
    /// Memory to write, `len` floats; one vector of `to` is written by `MulAdd` and `Read`, so that their work is not left out.
    pub to: *mut f32,
    /// Floats, a multiple of 64.
    pub len: usize,
}

/// The one thing.
#[derive(Clone, Copy, PartialEq)]
pub enum Probe {
    /// Multiply-adds in registers.
    MulAdd,
    /// Reads.
    Read,
    /// Writes.
    Write,
    /// Copies.
    Copy,
}

/// # Safety
/// `from` must be readable and `to` writable as [`ProbeArgs`] says.
#[inline(always)]
pub(crate) unsafe fn run<S: Simd, const C: usize>(s: S, args: &ProbeArgs) {
    debug_assert!(args.len % 64 == 0);
    // SAFETY: `len` floats at `from` and `to`, and a vector at `to`, as `ProbeArgs` says: this function's Safety.
    unsafe {
        match args.what {
            Probe::MulAdd => mul_add::<S, C>(s, args),
            Probe::Read => read(s, args),
            Probe::Write => write(s, args),
            Probe::Copy => copy(s, args),
        }
    }
}

/// # Safety
/// A vector must be writable at `to`.
#[inline(always)]
unsafe fn mul_add<S: Simd, const C: usize>(s: S, args: &ProbeArgs) {
    // Values stay finite and normal however long it runs.
    let sums =
        if const { S::FUSED } { add_products::<S, C>(s, args.rounds) } else { multiply_sums::<S, C>(s, args.rounds) };
    let mut total = sums[0];
    unroll!(i < C, {
        total = s.add(total, sums[i]);
    });
    // SAFETY: the caller promises a vector at `to`.
    unsafe { s.store(args.to, total) }
}

/// Adds to every sum a product with its neighbour, too small to change it: where the instruction overwrites the addend, as NEON's
/// does, a chain through the factor would need a copy for each.
#[inline(always)]
fn add_products<S: Simd, const C: usize>(s: S, rounds: usize) -> [S::V; C] {
    let tiny = s.splat(core::hint::black_box(1e-20));
    let mut sums = [s.splat(core::hint::black_box(1.0)); C];
    for _ in 0..rounds {
        unroll!(i < C, {
            sums[i] = s.mul_add(sums[(i + 1) % C], tiny, sums[i]);
        });
    }
    sums
}

/// Multiplies every sum and adds to it, towards b / (1 − a): where a product needs a register of its own, it takes the sum's.
#[inline(always)]
fn multiply_sums<S: Simd, const C: usize>(s: S, rounds: usize) -> [S::V; C] {
    let (a, b) = (s.splat(core::hint::black_box(0.999_9)), s.splat(core::hint::black_box(1e-3)));
    let mut sums = [b; C];
    for _ in 0..rounds {
        unroll!(i < C, {
            sums[i] = s.mul_add(sums[i], a, b);
        });
    }
    sums
}

/// # Safety
/// `len` floats must be readable at `from`, a vector writable at `to`.
#[inline(always)]
unsafe fn read<S: Simd>(s: S, args: &ProbeArgs) {
    let mut sums = [s.splat(0.0); 4];
    let mut i = 0;
    while i < args.len {
        unroll!(k < 4, max 4, {
            let mut part = 0;
            while part < 64 / 4 {
                // SAFETY: i + 64 ≤ len.
                let v = unsafe { s.load(args.from.add(i + k * 16 + part)) };
                sums[k] = s.at_least(sums[k], v);
                part += S::LANES;
            }
        });
        i += 64;
    }
    let total = s.at_least(s.at_least(sums[0], sums[1]), s.at_least(sums[2], sums[3]));
    // SAFETY: the caller promises a vector at `to`.
    unsafe { s.store(args.to, total) }
}

/// # Safety
/// `len` floats must be writable at `to`.
#[inline(always)]
unsafe fn write<S: Simd>(s: S, args: &ProbeArgs) {
    let value = s.splat(core::hint::black_box(1.0));
    let mut i = 0;
    while i < args.len {
        // SAFETY: i + LANES ≤ len, a multiple of 64.
        unsafe { s.store(args.to.add(i), value) };
        i += S::LANES;
    }
}

/// # Safety
/// `len` floats must be readable at `from` and writable at `to`.
#[inline(always)]
unsafe fn copy<S: Simd>(s: S, args: &ProbeArgs) {
    let mut i = 0;
    while i < args.len {
        // SAFETY: i + LANES ≤ len, a multiple of 64.
        unsafe { s.store(args.to.add(i), s.load(args.from.add(i))) };
        i += S::LANES;
    }
}
