//! `lattice`: every small window on every small map, bit for bit, on every instruction set and layout.
//!
//! Along one axis everything from 1 to some small number in every combination, along the other a few windows in turn; whole
//! numbers as data, so that there is one right answer. `docs/testing.md` says what is walked through and what came out.

mod axis;
mod check;
mod group;
mod numbers;
mod ops;
mod options;
mod oracle;
mod part;
mod report;

use anyhow::Result;
use check::Checker;
use group::Group;
use options::Options;
use report::Report;
use sepconv::{Isa, Layout};
use sepconv_console::exit::{self, Outcome};
use sepconv_console::progress_bar;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    exit::run(run)
}

/// Runs the groups that the options leave and prints what came out.
fn run(options: &Options) -> Result<Outcome> {
    let groups = options.groups();
    let begun = Instant::now();
    let mut report = Report::default();
    let bar = progress_bar(groups.len());
    for group in &groups {
        check_group(group, options.targets.layouts(), options.targets.isas(), &mut report);
        bar.set_message(format!("{} cases; resume with --from {}", report.cases(), group.number + 1));
        bar.inc(1);
    }
    bar.finish_and_clear();
    report.finish(groups.len(), begun.elapsed().as_secs_f64());
    options.output.print(&report, |out| report.write_text(out))?;
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
