//! `sepconv lattice`: every small window on every small map, bit for bit, on every instruction set and layout.
//!
//! Along one axis everything from 1 to some small number in every combination, along the other a few windows in turn; whole
//! numbers as data, so that there is one right answer. `docs/testing.md` says what is walked through and what came out.

mod axis;
mod check;
mod group;
mod numbers;
mod ops;
mod oracle;
mod report;

pub use group::Op;

use crate::args::LatticeArgs;
use crate::exit::Outcome;
use crate::output::{self, TextOrJson};
use anyhow::Result;
use check::Checker;
use group::Group;
use indicatif::{ProgressBar, ProgressStyle};
use report::Report;
use sepconv::{Isa, Layout};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// One of several parts of a run, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which one.
    pub index: usize,
    /// Of how many.
    pub of: usize,
}

/// Runs the groups that the options leave and prints what came out.
pub fn run(args: &LatticeArgs) -> Result<Outcome> {
    let layouts = if args.layout.is_empty() { Layout::ALL.to_vec() } else { args.layout.clone() };
    let isas = if args.isa.is_empty() { Isa::available().to_vec() } else { args.isa.clone() };
    let groups = select(args);
    let begun = Instant::now();
    let mut report = Report::default();
    let bar = progress_bar(groups.len());
    for group in &groups {
        check_group(group, &layouts, &isas, &mut report);
        bar.set_message(format!("{} cases; resume with --from {}", report.cases(), group.number + 1));
        bar.inc(1);
    }
    bar.finish_and_clear();
    report.finish(groups.len(), begun.elapsed().as_secs_f64());
    let mut out = std::io::stdout().lock();
    match args.output {
        TextOrJson::Json => output::write_json(&mut out, &report)?,
        TextOrJson::Text => report.write_text(&mut out)?,
    }
    Ok(report.outcome())
}

/// A panic is a finding too, and must not end the run.
fn check_group(group: &Group, layouts: &[Layout], isas: &[Isa], report: &mut Report) {
    let checked = catch_unwind(AssertUnwindSafe(|| {
        ops::check(group, layouts, &mut Checker::new(isas, report));
    }));
    if checked.is_err() {
        report.failed(group, isas[0], layouts[0], "panicked; the message is on standard error".to_owned());
    }
}

fn select(args: &LatticeArgs) -> Vec<Group> {
    let wanted = (args.from..Group::count()).filter_map(Group::new);
    let wanted = wanted.filter(|group| args.op.is_empty() || args.op.contains(&group.op));
    // Neighbours are alike: dealing them out makes all parts equally long.
    let dealt = wanted.filter(|group| group.number % args.shard.of == args.shard.index - 1);
    dealt.take(args.count.unwrap_or(usize::MAX)).collect()
}

/// On standard error, and only if that is a terminal.
fn progress_bar(steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
    let bar = ProgressBar::new(steps as u64);
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A part of the whole run that takes a few seconds: groups of every operation, all sizes and channels of each.
    #[test]
    fn a_sample_of_the_lattice_agrees_bit_for_bit() {
        let mut report = Report::default();
        // A step that is coprime to the lists that are walked in turn, so that the sample has all of their elements.
        for group in (0..Group::count()).step_by(397).filter_map(Group::new) {
            check_group(&group, &Layout::ALL, Isa::available(), &mut report);
        }
        let mut text = vec![];
        report.write_text(&mut text).unwrap();
        assert_eq!(report.outcome(), Outcome::Right, "{}", String::from_utf8(text).unwrap());
        assert!(report.cases() > 30_000, "{} cases", report.cases());
    }
}
