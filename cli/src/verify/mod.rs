//! `sepconv verify`: random problems on every instruction set, layout and operation, each output against the reference.
//!
//! With `--suite`, the layers of networks instead.
//!
//! Problem `k` of a run with seed `s` is problem 0 of a run with seed `s + k`, so every failure can be repeated alone.

mod check;
mod draw;
mod networks;
mod report;

use crate::args::VerifyArgs;
use crate::exit::Outcome;
use crate::output::{self, TextOrJson};
use crate::problem::Op;
use anyhow::Result;
use check::check;
use draw::Case;
use report::Report;
use sepconv::{Isa, Layout};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Failures that are worth printing; the rest is counted.
const PRINTED_FAILURES: usize = 10;

/// Draws, checks and prints.
pub fn run(args: &VerifyArgs) -> Result<Outcome> {
    let ops = if args.op.is_empty() { Op::ALL.to_vec() } else { args.op.clone() };
    let layouts = if args.layout.is_empty() { Layout::ALL.to_vec() } else { args.layout.clone() };
    let isas = if args.isa.is_empty() { Isa::available().to_vec() } else { args.isa.clone() };
    if !args.suite.is_empty() {
        return networks::run(args, &ops, &layouts, &isas);
    }
    let mut report = Report::new(args.seed, args.count);
    for k in 0..args.count {
        let case = Case::draw(args.seed.wrapping_add(k), &ops);
        for &layout in &layouts {
            for &isa in &isas {
                // A panic of the library is a finding, too, and needs the command that repeats it.
                let result = catch_unwind(AssertUnwindSafe(|| check(&case, layout, isa)));
                let result = result.unwrap_or_else(|panic| Err(anyhow::anyhow!("panic: {}", panic_text(&*panic))));
                report.add(&case, layout, isa, result);
            }
        }
    }
    let mut out = std::io::stdout().lock();
    match args.output {
        TextOrJson::Json => output::write_json(&mut out, &report)?,
        TextOrJson::Text => report.write_text(&mut out, PRINTED_FAILURES)?,
    }
    Ok(report.outcome())
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}
