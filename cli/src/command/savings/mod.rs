//! `sepconv savings`: what a separable convolution saves against the dense one with the same input, kernel and outputs —
//! multiplications counted, time measured, naive and fast.

mod args;
mod compare;
mod text;
mod values;

pub use args::SavingsArgs;

use anyhow::Result;
use compare::compare;
use sepconv_console::exit::Outcome;

/// Counts, measures and prints.
pub fn run(args: &SavingsArgs) -> Result<Outcome> {
    let savings = compare(args)?;
    args.output.print(&savings, |out| text::write(out, &savings))?;
    Ok(Outcome::from_errors([savings.dense.err_over_bound, savings.separable.err_over_bound]))
}
