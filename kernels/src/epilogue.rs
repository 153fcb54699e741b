//! What happens to finished sums before they are stored: the activation. (Bias is where a sum starts.)
//!
//! Kernels take the epilogue as a type parameter; the tile table says which. [`Clamp`] is for activations that only limit the range
//! (identity included: its limits are infinite), [`Curve`] for the others, both in the kernel's registers. Rows without an instance for curves have [`Clamp`]'s followed by a pass over what was just
//! written ([`curve_rows`](crate::depthwise::curve_rows)).

use crate::simd::{Simd, unroll};

/// Which epilogue an activation needs, or a kernel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EpilogueKind {
    /// The range of sums is limited.
    Clamp,
    /// Leaky ReLU, hard-swish, SiLU.
    Curve,
    /// Of kernels only: both of the others.
    CurveAfter,
}

impl EpilogueKind {
    /// Whether a kernel with this epilogue does for activations that need `wanted`.
    pub fn serves(self, wanted: Self) -> bool {
        self == Self::CurveAfter || self == wanted
    }
}

/// An activation's parameters as the kernels read them.
#[derive(Debug, Clone, Copy)]
pub struct EpilogueArgs {
    lo: f32,
    hi: f32,
    slope: f32,
    curve: CurveKind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum CurveKind {
    None,
    Leaky,
    HardSwish,
    Silu,
}

impl EpilogueArgs {
    /// `min(max(x, lo), hi)`; with infinite limits `x` itself.
    pub const fn clamp(lo: f32, hi: f32) -> (EpilogueKind, Self) {
        (EpilogueKind::Clamp, Self { lo, hi, slope: 0.0, curve: CurveKind::None })
    }

    /// `x` for `x ≥ 0`, `slope·x` below.
    pub const fn leaky_relu(slope: f32) -> (EpilogueKind, Self) {
        Self::curve(CurveKind::Leaky, slope)
    }

    /// `x·min(max(x + 3, 0), 6) / 6`.
    pub const fn hard_swish() -> (EpilogueKind, Self) {
        Self::curve(CurveKind::HardSwish, 0.0)
    }

    /// `x / (1 + e^−x)`.
    pub const fn silu() -> (EpilogueKind, Self) {
        Self::curve(CurveKind::Silu, 0.0)
    }

    /// Whether a curve is asked for.
    pub(crate) const fn is_curve(&self) -> bool {
        !matches!(self.curve, CurveKind::None)
    }

    const fn curve(curve: CurveKind, slope: f32) -> (EpilogueKind, Self) {
        (EpilogueKind::Curve, Self { lo: f32::NEG_INFINITY, hi: f32::INFINITY, slope, curve })
    }
}

/// An activation as a kernel's type parameter.
pub(crate) trait Epilogue: Copy {
    /// Whether it is so few instructions that a second copy of them, for whole tiles, is worth its space.
    const BRIEF: bool;
    /// What becomes of a sum.
    fn apply<S: Simd>(s: S, args: &EpilogueArgs, x: S::V) -> S::V;
    /// Whether [`apply`](Self::apply) would change nothing.
    fn changes_nothing(args: &EpilogueArgs) -> bool;
}

/// Identity, ReLU, ReLU6, clamp.
#[derive(Clone, Copy)]
pub(crate) struct Clamp;

impl Epilogue for Clamp {
    const BRIEF: bool = true;

    #[inline(always)]
    fn apply<S: Simd>(s: S, args: &EpilogueArgs, x: S::V) -> S::V {
        s.at_most(s.at_least(x, s.splat(args.lo)), s.splat(args.hi))
    }

    #[inline(always)]
    fn changes_nothing(args: &EpilogueArgs) -> bool {
        args.lo == f32::NEG_INFINITY && args.hi == f32::INFINITY
    }
}

/// Leaky ReLU, hard-swish, SiLU.
#[derive(Clone, Copy)]
pub(crate) struct Curve;

impl Epilogue for Curve {
    const BRIEF: bool = false;

    #[inline(always)]
    fn apply<S: Simd>(s: S, args: &EpilogueArgs, x: S::V) -> S::V {
        match args.curve {
            CurveKind::None => x,
            CurveKind::Leaky => leaky(s, x, args.slope),
            CurveKind::HardSwish => hard_swish(s, x),
            CurveKind::Silu => silu(s, x),
        }
    }

    #[inline(always)]
    fn changes_nothing(_args: &EpilogueArgs) -> bool {
        false
    }
}

/// Replaces every vector of `len` elements at `at` by what a curve makes of it.
///
/// # Safety
/// They must be initialised and writable.
#[inline(always)]
pub(crate) unsafe fn curve_in_place<S: Simd>(s: S, args: &EpilogueArgs, at: *mut f32, len: usize) {
    // A macro: a closure would be a function of its own, without the instruction set's features.
    macro_rules! each {
        (|$x:ident| $y:expr) => {{
            let mut i = 0;
            // SAFETY: the caller's elements are initialised and writable, and no access is beyond `len`.
            unsafe {
                // Four at a time: a curve is a long chain of operations.
                while i + 4 * S::LANES <= len {
                    let mut four = [s.splat(0.0); 4];
                    unroll!(v < 4, max 4, {
                        four[v] = s.load(at.add(i + v * S::LANES));
                    });
                    unroll!(v < 4, max 4, {
                        let $x = four[v];
                        four[v] = $y;
                    });
                    unroll!(v < 4, max 4, {
                        s.store(at.add(i + v * S::LANES), four[v]);
                    });
                    i += 4 * S::LANES;
                }
                while i + S::LANES <= len {
                    let $x = s.load(at.add(i));
                    s.store(at.add(i), $y);
                    i += S::LANES;
                }
                if i < len {
                    let lanes = s.mask(len - i);
                    let $x = s.load_masked(at.add(i), lanes);
                    s.store_masked(at.add(i), $y, lanes);
                }
            }
        }};
    }
    match args.curve {
        CurveKind::None => {}
        CurveKind::Leaky => each!(|x| leaky(s, x, args.slope)),
        CurveKind::HardSwish => each!(|x| hard_swish(s, x)),
        CurveKind::Silu => each!(|x| silu(s, x)),
    }
}

#[inline(always)]
fn leaky<S: Simd>(s: S, x: S::V, slope: f32) -> S::V {
    // One of the two parts is zero, so the sum is exact.
    let zero = s.splat(0.0);
    s.add(s.at_least(x, zero), s.mul(s.at_most(x, zero), s.splat(slope)))
}

#[inline(always)]
fn hard_swish<S: Simd>(s: S, x: S::V) -> S::V {
    let gate = s.at_most(s.at_least(s.add(x, s.splat(3.0)), s.splat(0.0)), s.splat(6.0));
    s.div(s.mul(x, gate), s.splat(6.0))
}

#[inline(always)]
fn silu<S: Simd>(s: S, x: S::V) -> S::V {
    let one = s.splat(1.0);
    s.div(x, s.add(one, exp(s, s.sub(s.splat(0.0), x))))
}

/// `eˣ` within 2 units in the last place: `x = n·ln 2 + r`, a polynomial on `|r| ≤ ln 2 / 2`, then the exponent.
#[inline(always)]
fn exp<S: Simd>(s: S, x: S::V) -> S::V {
    // Beyond these limits the result is 0 or infinity anyway.
    let x = s.at_most(s.at_least(x, s.splat(-105.0)), s.splat(90.0));
    let n = s.round(s.mul(x, s.splat(core::f32::consts::LOG2_E)));
    // ln 2 in two parts, the first with so few bits that its product with n is exact.
    let r = s.mul_add(n, s.splat(-0.693_359_4), x);
    let r = s.mul_add(n, s.splat(2.121_944_4e-4), r);
    // Taylor coefficients 1/k!: on this interval the seventh power is below 2⁻²⁵ of the result.
    let mut p = s.splat(1.0 / 5040.0);
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = s.mul_add(p, r, s.splat(coefficient));
    }
    s.scale_by_power_of_two(p, n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::portable::Portable;

    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        for step in -10_400..=8_900 {
            let x = step as f32 / 100.0;
            let got = exp(Portable, Portable.splat(x)).to_array()[3];
            let want = f64::from(x).exp();
            let unit = f64::from((want as f32).next_up()) - f64::from(want as f32);
            if (want as f32).is_finite() {
                assert!((f64::from(got) - want).abs() <= 2.0 * unit, "exp({x}) = {got}, expected {want}");
            } else {
                assert_eq!(got, f32::INFINITY);
            }
        }
        assert!(exp(Portable, Portable.splat(f32::NAN)).to_array()[0].is_nan());
        assert_eq!(exp(Portable, Portable.splat(f32::NEG_INFINITY)).to_array()[0], 0.0);
        assert_eq!(exp(Portable, Portable.splat(f32::INFINITY)).to_array()[0], f32::INFINITY);
    }
}
