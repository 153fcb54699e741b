//! Checks the layers of whole networks at full size: every output of every distinct layer against the reference with its bound.

use super::args::VerifyArgs;
use crate::measure::{Subject, Trial, ensure_room};
use crate::problem::{Crew, Op, Problem};
use crate::suite::{self, SUITES};
use anyhow::{Context, Result};
use sepconv::{Isa, Layout};
use sepconv_console::exit::Outcome;
use sepconv_console::{Align, markdown, progress_bar};
use serde::Serialize;
use std::io::Write;

/// Threads of the second run of every layer: it must have the bits of the first one, on one thread.
const THREADS: usize = 3;

/// All layers of one operation of one suite on one instruction set.
#[derive(Debug, Serialize)]
struct Row {
    suite: String,
    op: &'static str,
    isa: &'static str,
    /// Distinct layers, each in every layout.
    layers: u64,
    outputs: u64,
    failed: u64,
    worst_err_over_bound: f64,
}

/// What the check of one layer says.
struct Checked {
    worst: f64,
    outputs: usize,
    same_bits: bool,
}

/// Checks the suites that the options name and prints the worst errors.
pub(super) fn run(args: &VerifyArgs) -> Result<Outcome> {
    let problems = select(&args.suite, args.ops())?;
    let isas = args.targets.isas();
    let bar = progress_bar(problems.len());
    let mut rows: Vec<Row> = vec![];
    let mut failures = vec![];
    for problem in &problems {
        bar.set_message(format!("{} {}", problem.suite, problem.name));
        let name = || format!("{} {}", problem.suite, problem.name);
        ensure_room(&problem.work, problem.input, &name())?;
        for &layout in args.targets.layouts() {
            let checked = check(problem, layout, isas, args.seed).with_context(name)?;
            for (&isa, checked) in isas.iter().zip(checked) {
                let failed = !(checked.worst <= 1.0 && checked.same_bits);
                if failed {
                    let Checked { worst, same_bits, .. } = checked;
                    failures.push(format!("{} {layout} {isa}: error/bound {worst}, same bits {same_bits}", name()));
                }
                add(&mut rows, problem, isa, &checked, failed);
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let document = serde_json::json!({ "seed": args.seed, "results": rows, "failures": failures });
    args.output.print(&document, |out| write_text(out, &rows, &failures))?;
    Ok(if failures.is_empty() { Outcome::Right } else { Outcome::Wrong })
}

/// The distinct problems of the suites, without those of other operations. Networks repeat their layers: once is enough.
fn select(names: &[String], ops: &[Op]) -> Result<Vec<Problem>> {
    let mut problems: Vec<Problem> = vec![];
    let networks = SUITES.iter().map(|(name, _)| *name).filter(|name| *name != "toy");
    let names = names.iter().flat_map(|name| match name.as_str() {
        "networks" => networks.clone().collect(),
        other => vec![other],
    });
    for name in names {
        for problem in suite::load(name)? {
            let twin = |known: &Problem| {
                (known.work, known.input, &known.suite) == (problem.work, problem.input, &problem.suite)
            };
            if ops.contains(&problem.work.op()) && !problems.iter().any(twin) {
                problems.push(problem);
            }
        }
    }
    anyhow::ensure!(!problems.is_empty(), "none of the suites has such an operation");
    Ok(problems)
}

/// One layer in one layout on every instruction set.
fn check(problem: &Problem, layout: Layout, isas: &[Isa], seed: u64) -> Result<Vec<Checked>> {
    let subject = Subject::new(problem.work.with_layout(layout), problem.input, seed, &problem.name)?;
    let oracle = subject.oracle()?;
    let crews = [Crew::new(1)?, Crew::new(THREADS)?];
    let mut all = vec![];
    for &isa in isas {
        let operator = subject.operator(isa)?;
        let [mut alone, mut together] = [
            Trial::new(operator.as_ref(), subject.input()?, &crews[0])?,
            Trial::new(operator.as_ref(), subject.input()?, &crews[1])?,
        ];
        alone.run()?;
        together.run()?;
        let (alone, together) = (alone.output(), together.output());
        let same_bits = alone.iter().zip(together).all(|(a, b)| a.to_bits() == b.to_bits());
        all.push(Checked { worst: oracle.worst(alone)?, outputs: alone.len(), same_bits });
    }
    Ok(all)
}

fn add(rows: &mut Vec<Row>, problem: &Problem, isa: Isa, checked: &Checked, failed: bool) {
    let (op, isa) = (problem.work.op().name(), isa.name());
    let same = |row: &Row| (row.suite.as_str(), row.op, row.isa) == (problem.suite.as_str(), op, isa);
    let at = rows.iter().position(same).unwrap_or_else(|| {
        let suite = problem.suite.clone();
        rows.push(Row { suite, op, isa, layers: 0, outputs: 0, failed: 0, worst_err_over_bound: 0.0 });
        rows.len() - 1
    });
    let row = &mut rows[at];
    row.layers += 1;
    row.outputs += checked.outputs as u64;
    row.failed += u64::from(failed);
    row.worst_err_over_bound = row.worst_err_over_bound.max(checked.worst);
}

fn write_text(out: &mut dyn Write, rows: &[Row], failures: &[String]) -> std::io::Result<()> {
    let texts = ["suite", "op", "isa"].map(|name| (name, Align::Left));
    let numbers = ["layers", "outputs", "failed", "worst error / bound"].map(|name| (name, Align::Right));
    let cells = |row: &Row| {
        let numbers = [row.layers, row.outputs, row.failed].map(|number| number.to_string());
        let worst = format!("{:.4}", row.worst_err_over_bound);
        [&[row.suite.clone(), row.op.to_owned(), row.isa.to_owned()], &numbers[..], &[worst]].concat()
    };
    writeln!(out, "{}\n", markdown(&[&texts[..], &numbers[..]].concat(), rows.iter().map(cells)))?;
    for failure in failures {
        writeln!(out, "FAILED: {failure}")?;
    }
    let outputs: u64 = rows.iter().map(|row| row.outputs).sum();
    match failures.len() {
        0 => writeln!(out, "All {outputs} outputs are within their bounds, with the same bits on {THREADS} threads."),
        failed => writeln!(out, "{failed} checks FAILED."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_stand_for_all_suites_and_layers_are_taken_once() {
        let problems = select(&["networks".to_owned()], &Op::ALL).unwrap();
        for (suite, _) in SUITES {
            let chosen = problems.iter().filter(|problem| problem.suite == *suite).count();
            assert_eq!(chosen > 0, *suite != "toy", "{suite}");
        }
        let convnext: Vec<&Problem> = problems.iter().filter(|problem| problem.suite == "convnext-t").collect();
        assert!(convnext.len() < suite::load("convnext-t").unwrap().len() / 2, "18 blocks of four kinds");
        assert!(select(&["convnext-t".to_owned()], &[Op::Sep]).is_err());
    }
}
