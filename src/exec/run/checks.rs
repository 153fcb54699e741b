//! Checks that several operators make of their requests.

use crate::error::{Error, Result};
use crate::layout::Shape;

/// Whether a bias, if there is one, has so many elements; `what` names it in the error.
pub(crate) fn check_bias(what: &'static str, bias: Option<&[f32]>, expected: usize) -> Result<()> {
    match bias {
        Some(bias) if bias.len() != expected => Err(Error::LengthMismatch { what, expected, actual: bias.len() }),
        _ => Ok(()),
    }
}

/// That the workspace for an input of this shape has more elements than can be counted.
pub(crate) const fn workspace_overflow(input: Shape) -> Error {
    Error::SizeOverflow { what: "the workspace", sizes: [input.n, input.c, input.h, input.w] }
}
