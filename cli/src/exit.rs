//! How the program ends: 0 all is well, 1 a result is wrong, 2 it could not be asked that way.

use std::process::ExitCode;

/// What a command found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing wrong.
    Right,
    /// At least one result is outside its error bound.
    Wrong,
}

/// Exit code of a command that could not be carried out: bad arguments, unreadable files.
pub const REFUSED: u8 = 2;

impl Outcome {
    /// Judges the largest errors over bound of some results: each must be a number of at most 1.
    pub fn from_errors(errors: impl IntoIterator<Item = f64>) -> Self {
        // Written so that NaN is wrong.
        if errors.into_iter().all(|error| error <= 1.0) { Self::Right } else { Self::Wrong }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Right => Self::SUCCESS,
            Outcome::Wrong => Self::FAILURE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_beyond_its_bound_is_wrong_and_so_is_nan() {
        assert_eq!(Outcome::from_errors([]), Outcome::Right);
        assert_eq!(Outcome::from_errors([0.0, 1.0]), Outcome::Right);
        for wrong in [1.000_001, f64::INFINITY, f64::NAN] {
            assert_eq!(Outcome::from_errors([0.0, wrong, 0.0]), Outcome::Wrong, "{wrong}");
        }
        assert_eq!(ExitCode::from(Outcome::Wrong), ExitCode::from(1));
    }
}
