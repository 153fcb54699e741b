//! Activations as scalars, and as a step of their own.

use crate::check::Outcome;
use crate::rows::{self, Family, Row};
use sepconv_kernels::epilogue::{EpilogueArgs, EpilogueKind};
use sepconv_kernels::product::GemmArgs;

#[derive(Debug, Clone, Copy)]
pub enum Activation {
    Clamp(f32, f32),
    Leaky(f32),
    HardSwish,
    Silu,
}

const CLAMPS: [Activation; 3] = [
    Activation::Clamp(f32::NEG_INFINITY, f32::INFINITY),
    Activation::Clamp(0.0, 6.0),
    Activation::Clamp(-2.5, f32::INFINITY),
];
pub const CURVES: [Activation; 3] = [Activation::Leaky(0.1), Activation::HardSwish, Activation::Silu];

impl Activation {
    /// Those that a kernel knows.
    pub fn known(epilogue: EpilogueKind) -> Vec<Self> {
        CLAMPS.into_iter().chain(CURVES).filter(|activation| activation.is_known(epilogue)).collect()
    }

    /// Whether a kernel knows it.
    pub fn is_known(self, epilogue: EpilogueKind) -> bool {
        epilogue.serves(self.kind_and_args().0)
    }

    /// What changes nothing: a leak of 1 for kernels that know curves only.
    pub fn none(epilogue: EpilogueKind) -> EpilogueArgs {
        match epilogue.serves(EpilogueKind::Clamp) {
            true => CLAMPS[0].args(),
            false => Self::Leaky(1.0).args(),
        }
    }

    pub fn args(self) -> EpilogueArgs {
        self.kind_and_args().1
    }

    fn kind_and_args(self) -> (EpilogueKind, EpilogueArgs) {
        match self {
            Self::Clamp(low, high) => EpilogueArgs::clamp(low, high),
            Self::Leaky(slope) => EpilogueArgs::leaky_relu(slope),
            Self::HardSwish => EpilogueArgs::hard_swish(),
            Self::Silu => EpilogueArgs::silu(),
        }
    }

    /// The curve of a number, in double precision.
    fn curve(self, x: f64) -> f64 {
        match self {
            Self::Clamp(low, high) => x.max(low.into()).min(high.into()),
            Self::Leaky(slope) => x.max(0.0) + f64::from(slope) * x.min(0.0),
            Self::HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
            Self::Silu => x / (1.0 + (-x).exp()),
        }
    }

    /// Replaces numbers by what the activation makes of them at the row's level, held against the scalar formula.
    pub fn step(self, row: &Row, values: &mut [f32]) -> Outcome {
        let before = values.to_vec();
        match self {
            Self::Clamp(low, high) => values.iter_mut().for_each(|x| *x = x.max(low).min(high)),
            _ => self.curve_step(row, values),
        }
        for (&x, &y) in before.iter().zip(&*values).filter(|(x, _)| x.abs() < 1e30) {
            let want = self.curve(x.into());
            // Four roundings and the exponential's; where that is infinite, the quotient is 0 instead of at most 2.7·10⁻³⁷.
            if (f64::from(y) - want).abs() > 6.0 * f64::from(f32::EPSILON) * want.abs() + 3e-37 {
                return Err(format!("{self:?} of {x} is {y} as a step of its own, not {want}"));
            }
        }
        Ok(())
    }

    /// A product of no terms that goes on from its output: the sums are what was there.
    fn curve_step(self, row: &Row, values: &mut [f32]) {
        let fits = |other: &Row| other.isa == row.isa && other.epilogue.serves(EpilogueKind::Curve);
        let found = rows::all().into_iter().filter(fits).find_map(|row| match row.family {
            Family::PixelTile { rows: 1, vectors, run } => Some((vectors * row.lanes, run)),
            _ => None,
        });
        let (width, run) = found.expect("every level has a product of one row with curves");
        for part in values.chunks_mut(width) {
            let args = GemmArgs {
                segments: [0, 0],
                run: 0,
                begins: false,
                ends: true,
                c: part.as_mut_ptr(),
                rows: 1,
                columns: part.len(),
                epilogue: self.args(),
                ..crate::products::nothing()
            };
            // SAFETY: no term is read; `part` has as many elements as there are columns. The level is available: `main.rs` runs no
            // row of another.
            unsafe { run(&args) }
        }
    }
}
