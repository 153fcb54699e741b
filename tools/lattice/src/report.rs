//! Counts cases by operation, instruction set and layout, and keeps what failed with the command that repeats it.

use super::group::{Group, Op};
use sepconv::{Isa, Layout};
use sepconv_console::exit::Outcome;
use sepconv_console::{Align, markdown};
use serde::Serialize;
use std::io::Write;

/// Everything that a run found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Groups that were run, of all that there are.
    groups: [usize; 2],
    seconds: f64,
    cases: u64,
    failed: u64,
    counts: Vec<Count>,
    /// Map sizes on which a window has no output, by operation: refused, as they should be.
    empty: Vec<(&'static str, u64)>,
    failures: Vec<Failure>,
}

/// Cases of one operation on one instruction set in one layout.
#[derive(Debug, Serialize)]
struct Count {
    op: &'static str,
    isa: &'static str,
    layout: &'static str,
    cases: u64,
}

#[derive(Debug, Serialize)]
struct Failure {
    what: String,
    /// Command that repeats the group alone.
    command: String,
}

/// Failures that are kept; the rest is counted.
const KEPT: usize = 20;

impl Report {
    /// Counts a case, right or wrong.
    pub fn case(&mut self, op: Op, isa: Isa, layout: Layout) {
        self.cases += 1;
        let key = (op.name(), isa.name(), layout.name());
        if let Some(count) = self.counts.iter_mut().find(|count| (count.op, count.isa, count.layout) == key) {
            count.cases += 1;
        } else {
            self.counts.push(Count { op: key.0, isa: key.1, layout: key.2, cases: 1 });
        }
    }

    /// Counts a map size without output.
    pub fn empty(&mut self, op: Op) {
        match self.empty.iter_mut().find(|(name, _)| *name == op.name()) {
            Some((_, count)) => *count += 1,
            None => self.empty.push((op.name(), 1)),
        }
    }

    /// Notes what is wrong.
    pub fn failed(&mut self, group: &Group, isa: Isa, layout: Layout, what: String) {
        self.failed += 1;
        if self.failures.len() < KEPT {
            let Group { number, op, along, axis, other, .. } = group;
            let along = ["rows", "columns"][*along];
            let what = format!("{} along {along}: {axis:?}, the other axis {other:?}: {what}", op.name());
            let command =
                format!("cargo run --release -p lattice -- --from {number} --count 1 --isa {isa} --layout {layout}");
            self.failures.push(Failure { what, command });
        }
    }

    /// Cases so far.
    pub const fn cases(&self) -> u64 {
        self.cases
    }

    /// Ends the run: groups that it ran and the time that they took.
    pub fn finish(&mut self, groups: usize, seconds: f64) {
        self.groups = [groups, Group::count()];
        self.seconds = seconds;
    }

    /// Wrong if any case failed.
    pub const fn outcome(&self) -> Outcome {
        if self.failed == 0 { Outcome::Right } else { Outcome::Wrong }
    }

    /// Prints everything.
    pub fn write_text(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let [groups, all] = self.groups;
        writeln!(out, "{groups} of {all} groups, {} cases in {:.1} s\n", self.cases, self.seconds)?;
        writeln!(out, "{}\n", self.table())?;
        for (op, count) in &self.empty {
            writeln!(out, "{op}: {count} windows and map sizes without output, refused by the library")?;
        }
        for failure in &self.failures {
            writeln!(out, "FAILED: {}\n  repeat: {}", failure.what, failure.command)?;
        }
        match self.failed {
            0 => writeln!(out, "All cases agree bit for bit."),
            failed => writeln!(out, "{failed} FAILED."),
        }
    }

    fn table(&self) -> String {
        let texts = ["op", "isa", "layout"].map(|name| (name, Align::Left));
        let cells = |count: &Count| {
            [count.op.to_owned(), count.isa.to_owned(), count.layout.to_owned(), count.cases.to_string()].to_vec()
        };
        markdown(&[&texts[..], &[("cases", Align::Right)]].concat(), self.counts.iter().map(cells))
    }
}
