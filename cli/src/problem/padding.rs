//! Padding as four numbers: top, left, bottom, right.

use sepconv::{Padding, Result, Shape, Window};

/// Padding on the four sides `[top, left, bottom, right]`, as it comes out on this input.
pub fn resolved_padding(window: &Window, input: Shape) -> Result<[usize; 4]> {
    let placed = window.place([input.h, input.w])?;
    Ok([placed.before[0], placed.before[1], placed.after[0], placed.after[1]])
}

/// Padding from its four sides `[top, left, bottom, right]`.
pub const fn explicit_padding([top, left, bottom, right]: [usize; 4]) -> Padding {
    Padding::Explicit { top, left, bottom, right }
}
