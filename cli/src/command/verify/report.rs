//! Collects what the checks say, and prints it: worst errors per operation and instruction set, failures with the command that repeats them.

use super::draw::Case;
use crate::output::threads_text;
use crate::problem::Op;
use sepconv::{Isa, Layout};
use sepconv_console::exit::Outcome;
use sepconv_console::{Align, markdown};
use serde::Serialize;
use std::io::Write;

/// Everything that a sweep found.
#[derive(Debug, Serialize)]
pub struct Report {
    seed: u64,
    /// Random problems.
    count: u64,
    /// Checks: problems times layouts times instruction sets.
    checks: u64,
    failed: u64,
    results: Vec<Summary>,
    failures: Vec<Failure>,
}

/// All checks of one operation on one instruction set.
#[derive(Debug, Serialize)]
struct Summary {
    op: &'static str,
    isa: &'static str,
    checks: u64,
    /// Checks on whole numbers, where every bit must agree.
    exact_checks: u64,
    failed: u64,
    worst_err_over_bound: f64,
}

/// One failed check.
#[derive(Debug, Serialize)]
pub struct Failure {
    problem: String,
    reason: String,
    /// Command that repeats this check alone.
    command: String,
}

impl Report {
    /// An empty report.
    pub const fn new(seed: u64, count: u64) -> Self {
        Self { seed, count, checks: 0, failed: 0, results: vec![], failures: vec![] }
    }

    /// Adds one check: its largest error over bound, or what is wrong.
    pub fn add(&mut self, case: &Case, layout: Layout, isa: Isa, result: anyhow::Result<f64>) {
        let op = case.work.op();
        self.checks += 1;
        let summary = self.summary(op, isa);
        summary.checks += 1;
        summary.exact_checks += u64::from(case.exact);
        match result {
            Ok(error) => summary.worst_err_over_bound = summary.worst_err_over_bound.max(error),
            Err(reason) => {
                summary.failed += 1;
                self.failed += 1;
                self.failures.push(Failure {
                    problem: describe(case, layout, isa),
                    reason: format!("{reason:#}"),
                    command: command(case.seed, op, layout, isa),
                });
            }
        }
    }

    fn summary(&mut self, op: Op, isa: Isa) -> &mut Summary {
        let key = (op.name(), isa.name());
        let found = self.results.iter().position(|summary| (summary.op, summary.isa) == key);
        let at = found.unwrap_or_else(|| {
            let [checks, exact_checks, failed] = [0; 3];
            self.results.push(Summary {
                op: key.0,
                isa: key.1,
                checks,
                exact_checks,
                failed,
                worst_err_over_bound: 0.0,
            });
            self.results.len() - 1
        });
        &mut self.results[at]
    }

    /// Wrong if any check failed.
    pub const fn outcome(&self) -> Outcome {
        if self.failed == 0 { Outcome::Right } else { Outcome::Wrong }
    }

    /// Prints everything, at most so many failures.
    pub fn write_text(&self, out: &mut dyn Write, most_failures: usize) -> std::io::Result<()> {
        writeln!(out, "{} random problems, seed {}: {} checks\n", self.count, self.seed, self.checks)?;
        writeln!(out, "{}\n", self.table())?;
        for failure in self.failures.iter().take(most_failures) {
            writeln!(out, "FAILED: {}\n  {}\n  repeat: {}", failure.problem, failure.reason, failure.command)?;
        }
        if self.failures.len() > most_failures {
            writeln!(out, "... and {} more", self.failures.len() - most_failures)?;
        }
        match self.failed {
            0 => writeln!(out, "All checks passed."),
            failed => writeln!(out, "{failed} of {} checks FAILED.", self.checks),
        }
    }

    fn table(&self) -> String {
        let texts = ["op", "isa"].map(|name| (name, Align::Left));
        let numbers = ["checks", "of them exact", "failed", "worst error / bound"].map(|name| (name, Align::Right));
        let mut rows: Vec<&Summary> = self.results.iter().collect();
        let place = |op: &str| Op::ALL.iter().position(|known| known.name() == op);
        // Stable: instruction sets stay in the order in which they were run.
        rows.sort_by_key(|summary| place(summary.op));
        let cells = |row: &Summary| {
            let numbers = [row.checks, row.exact_checks, row.failed].map(|number| number.to_string());
            let worst = format!("{:.4}", row.worst_err_over_bound);
            [&[row.op.to_owned(), row.isa.to_owned()], &numbers[..], &[worst]].concat()
        };
        markdown(&[&texts[..], &numbers[..]].concat(), rows.into_iter().map(cells))
    }
}

fn command(seed: u64, op: Op, layout: Layout, isa: Isa) -> String {
    format!("sepconv verify --seed {seed} --count 1 --op {} --layout {layout} --isa {isa}", op.name())
}

fn describe(case: &Case, layout: Layout, isa: Isa) -> String {
    let threads = threads_text(case.threads);
    let numbers = if case.exact { "whole numbers" } else { "random numbers" };
    format!("{:?} on {}, {isa}, {threads}, gaps {:?}, {numbers}", case.work.with_layout(layout), case.input, case.gaps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_counted_and_printed_with_the_command_that_repeats_it() {
        let case = Case::draw(77, &[Op::Dw]);
        let mut report = Report::new(70, 8);
        report.add(&case, Layout::Hwc, Isa::Portable, Ok(0.25));
        assert_eq!(report.outcome(), Outcome::Right);
        report.add(&case, Layout::Chw, Isa::Portable, Err(anyhow::anyhow!("bits differ")));
        assert_eq!(report.outcome(), Outcome::Wrong);
        let mut text = vec![];
        report.write_text(&mut text, 10).unwrap();
        let text = String::from_utf8(text).unwrap();
        let command = "sepconv verify --seed 77 --count 1 --op dw --layout chw --isa portable";
        for part in ["2 checks", "bits differ", command, "1 of 2 checks FAILED", "0.2500"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
}
