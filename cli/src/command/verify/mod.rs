//! `sepconv verify`: random problems on every instruction set, layout and operation, each output against the reference.
//!
//! With `--suite`, the layers of networks instead.
//!
//! Problem `k` of a run with seed `s` is problem 0 of a run with seed `s + k`, so every failure can be repeated alone.

mod args;
mod check;
mod draw;
mod networks;
mod report;

pub use args::VerifyArgs;

use anyhow::Result;
use check::check;
use draw::Case;
use report::Report;
use sepconv_console::exit::Outcome;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Failures that are worth printing; the rest is counted.
const PRINTED_FAILURES: usize = 10;

/// Draws, checks and prints.
pub fn run(args: &VerifyArgs) -> Result<Outcome> {
    if !args.suite.is_empty() {
        return networks::run(args);
    }
    let mut report = Report::new(args.seed, args.count);
    for k in 0..args.count {
        let case = Case::draw(args.seed.wrapping_add(k), args.ops());
        for &layout in args.targets.layouts() {
            for &isa in args.targets.isas() {
                // A panic of the library is a finding, too, and needs the command that repeats it.
                let result = catch_unwind(AssertUnwindSafe(|| check(&case, layout, isa)));
                let result = result.unwrap_or_else(|panic| Err(anyhow::anyhow!("panic: {}", panic_text(&*panic))));
                report.add(&case, layout, isa, result);
            }
        }
    }
    args.output.print(&report, |out| report.write_text(out, PRINTED_FAILURES))?;
    Ok(report.outcome())
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}
