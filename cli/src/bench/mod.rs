//! `sepconv bench`: times problems, compares them with the naive path, with the CPU's ceilings and with the reference.

mod row;
mod runner;

pub use row::{Row, SCHEMA};

use crate::args::BenchArgs;
use crate::exit::Outcome;
use crate::machine::{Cpu, busy_cores, ensure_memory, logical_cores};
use crate::output::{self, Format};
use crate::problem::{Op, Problem, memory_needed};
use crate::suite;
use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use runner::{Plan, Runner};
use sepconv::{Isa, Layout};
use std::io::Write;
use std::time::Duration;

/// Everything that a benchmark gave.
pub struct Report {
    /// The processor.
    pub cpu: Cpu,
    /// Seed of the data.
    pub seed: u64,
    /// What was measured, in the order of the suites.
    pub rows: Vec<Row>,
}

impl Report {
    /// Whether no checked result was wrong.
    pub fn outcome(&self) -> Outcome {
        Outcome::from_errors(self.rows.iter().filter_map(|row| row.err_over_bound))
    }
}

/// Runs the benchmark and prints what came out.
pub fn run(args: &BenchArgs) -> Result<Outcome> {
    let problems = select(args)?;
    let plan = plan(args)?;
    for problem in &problems {
        let bytes = memory_needed(&problem.work, problem.input, logical_cores())?;
        ensure_memory(bytes, &format!("{} {}", problem.suite, problem.name))?;
    }
    warn_if_busy(&plan);
    let cpu = Cpu::detect();
    let mut out = std::io::stdout().lock();
    if args.output == Format::Md {
        // First of all, so that there is something to read while the measurements run.
        writeln!(out, "{}\n", output::cpu_line(&cpu))?;
        out.flush()?;
    }
    let rows = measure_all(&problems, plan, &cpu)?;
    let report = Report { cpu, seed: args.seed, rows };
    output::write_report(&mut out, &report, args.output)?;
    Ok(report.outcome())
}

fn plan(args: &BenchArgs) -> Result<Plan> {
    let isas = match args.isa.as_slice() {
        [] => vec![Isa::preferred()?],
        isas => isas.to_vec(),
    };
    Ok(Plan {
        layouts: if args.layout.is_empty() { vec![Layout::Hwc] } else { args.layout.clone() },
        isas,
        threads: args.threads.clone(),
        min_time: Duration::from_secs_f64(args.min_time),
        naive: !args.no_naive,
        verify: !args.no_verify,
        seed: args.seed,
    })
}

/// The problems that the options ask for. Without any, the separable blocks of MobileNetV1.
fn select(args: &BenchArgs) -> Result<Vec<Problem>> {
    let suites = if args.suite.is_empty() { vec!["mobilenet-v1".to_owned()] } else { args.suite.clone() };
    let ops = match args.op.as_slice() {
        [] if args.suite.is_empty() => vec![Op::Sep],
        [] => Op::ALL.to_vec(),
        ops => ops.to_vec(),
    };
    let mut problems = vec![];
    for name in &suites {
        problems.extend(suite::load(name)?);
    }
    problems.retain(|problem| ops.contains(&problem.work.op()));
    if let Some(part) = &args.filter {
        problems.retain(|problem| problem.name.contains(part));
    }
    if problems.is_empty() {
        let ops: Vec<&str> = ops.iter().map(|op| op.name()).collect();
        let filter = args.filter.as_deref().map(|part| format!(" and --filter {part}")).unwrap_or_default();
        bail!("nothing is left of {} after --op {}{filter}", suites.join(","), ops.join(","));
    }
    Ok(problems)
}

fn measure_all(problems: &[Problem], plan: Plan, cpu: &Cpu) -> Result<Vec<Row>> {
    let progress = progress_bar(problems.len() * plan.layouts.len());
    let layouts = plan.layouts.clone();
    let mut runner = Runner::new(plan)?;
    for problem in problems {
        for &layout in &layouts {
            progress.set_message(format!("{} {} {layout}", problem.suite, problem.name));
            runner.measure(problem, layout).with_context(|| format!("{} {}", problem.suite, problem.name))?;
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    let noisy = runner.noisy();
    if noisy > 0 {
        eprintln!(
            "warning: {noisy} measurements vary a lot (median above 1.3 times the minimum); is the machine busy?"
        );
    }
    Ok(runner.finish(&cpu.model))
}

/// On standard error, and only if that is a terminal. Drawn between measurements only, without colours.
fn progress_bar(steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
    let bar = ProgressBar::new(steps as u64);
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

fn warn_if_busy(plan: &Plan) {
    // The background noise of a healthy system stays below a quarter of a core.
    if let Some(busy) = busy_cores().filter(|&busy| busy > 0.25) {
        let free = (logical_cores() as f64 - busy).max(0.0);
        let threads = plan.threads.iter().max().copied().unwrap_or(1);
        let verdict = if free + 0.25 < threads as f64 { "; the times below will be too long" } else { "" };
        eprintln!("warning: other programs are keeping {busy:.1} of {} cores busy{verdict}", logical_cores());
    }
}
