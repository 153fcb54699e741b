//! What the command-line programs of this repository share: how they start and end, how options are written, how they print.
#![forbid(unsafe_code)]

pub mod exit;
pub mod options;
pub mod print;
mod progress;
mod table;

pub use progress::progress_bar;
pub use table::{Align, markdown};
