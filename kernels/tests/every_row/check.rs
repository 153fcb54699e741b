//! What outputs must be: sums in double precision, activations as a step of their own, and places that stay as they were.

use crate::activation::Activation;
use crate::numbers::Numbers;
use crate::rows::Row;
use sepconv_kernels::epilogue::EpilogueArgs;

/// What outputs are filled with before a kernel runs.
pub const UNTOUCHED: f32 = -7.25e33;

/// The outcome of a test: what is wrong, if something is.
pub type Outcome = Result<(), String>;

/// A sum in double precision.
#[derive(Clone, Copy)]
pub struct Sum {
    value: f64,
    /// Sum of the terms' absolute values.
    size: f64,
    terms: usize,
}

impl Sum {
    pub fn from(bias: f32) -> Self {
        Self { value: bias.into(), size: f64::from(bias).abs(), terms: 1 }
    }

    pub fn add(&mut self, x: f32, w: f32) {
        let product = f64::from(x) * f64::from(w);
        self.value += product;
        self.size += product.abs();
        self.terms += 1;
    }

    /// Whether `got` is this sum, up to the roundings of its terms; of whole numbers there are none.
    fn is(&self, got: f32, whole: bool) -> bool {
        if !self.value.is_finite() {
            return if self.value.is_nan() { got.is_nan() } else { f64::from(got) == self.value };
        }
        let rounding = f64::from(f32::EPSILON) / 2.0 * (self.terms + 4) as f64 * self.size;
        let bound = if whole { 0.0 } else { rounding };
        (f64::from(got) - self.value).abs() <= bound
    }
}

/// What a call must leave in its output.
pub struct Expected {
    /// A sum for every element that is written.
    pub sums: Vec<Option<Sum>>,
    /// Whether inputs, weights and bias are small whole numbers.
    pub whole: bool,
    /// Whether sums are complete, so that activations follow.
    pub complete: bool,
    /// What is added behind the activation.
    pub residual: Option<Vec<f32>>,
}

impl Expected {
    /// Complete sums without a residual.
    pub fn sums(sums: Vec<Option<Sum>>, numbers: &Numbers) -> Self {
        Self { sums, whole: numbers.whole, complete: true, residual: None }
    }

    /// Runs a kernel without activation, holds it against the sums, and then with the activation given, which must have the bits
    /// of the activation as a step of its own. `run` returns the whole output; without residual unless the second argument asks.
    pub fn check(
        &self,
        row: &Row,
        activation: Activation,
        case: &dyn std::fmt::Debug,
        run: impl Fn(EpilogueArgs, bool) -> Vec<f32>,
    ) -> Outcome {
        let plain = run(Activation::none(row.epilogue), false);
        assert_eq!(plain.len(), self.sums.len(), "the test's own buffers");
        for (at, (&got, sum)) in plain.iter().zip(&self.sums).enumerate() {
            let right = sum.map_or(got.to_bits() == UNTOUCHED.to_bits(), |sum| sum.is(got, self.whole));
            if !right {
                let want = sum.map_or("untouched".to_owned(), |sum| sum.value.to_string());
                return Err(format!("element {at} is {got}, not {want}: {case:?}"));
            }
        }
        let mut want = plain.clone();
        if self.complete {
            activation.step(row, &mut want)?;
            if let Some(residual) = &self.residual {
                for (want, more) in want.iter_mut().zip(residual) {
                    *want += more;
                }
            }
        }
        let got = run(activation.args(), true);
        for (at, (&got, &want)) in got.iter().zip(&want).enumerate() {
            let expected = match self.sums[at] {
                None => got.to_bits() == UNTOUCHED.to_bits(),
                // Limits and curves are for numbers.
                Some(_) if !plain[at].is_finite() => true,
                Some(_) => got.to_bits() == want.to_bits(),
            };
            if !expected {
                return Err(format!("{activation:?}: element {at} is {got}, not {want}: {case:?}"));
            }
        }
        Ok(())
    }
}
