//! `sepconv bench`: times problems, compares them with the naive path, with the CPU's ceilings and with the reference.

mod row;
mod runner;

pub use row::{Row, SCHEMA};
pub use runner::{Plan, Runner};

use crate::args::BenchArgs;
use crate::exit::Outcome;
use crate::machine::{Cpu, busy_cores, data_caches, ensure_memory, level_bandwidths, logical_cores};
use crate::output::{self, Format, Page};
use crate::problem::{Op, Problem, memory_needed};
use crate::suite;
use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use sepconv::{Isa, Layout};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

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
    if let Some(path) = &args.html {
        ensure_writable(path)?;
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
    if let Some(path) = &args.html {
        let page = page(&report)?;
        fs::write(path, page).with_context(|| cannot_write(path))?;
    }
    output::write_report(&mut out, &report, args.output)?;
    Ok(report.outcome())
}

/// Time for each figure of the page's bandwidths.
const BANDWIDTH_TIME: Duration = Duration::from_millis(60);

/// An error now rather than after minutes of measuring. What the file holds stays there until the page is complete.
fn ensure_writable(path: &Path) -> Result<()> {
    OpenOptions::new().write(true).create(true).truncate(false).open(path).with_context(|| cannot_write(path))?;
    Ok(())
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write the page {:?}", path.display().to_string())
}

/// The report as a page, with the bandwidths that its pictures need.
fn page(report: &Report) -> Result<String> {
    let caches = data_caches();
    let mut bandwidths = vec![];
    let mut measured = vec![];
    for row in &report.rows {
        if !measured.contains(&row.threads) {
            measured.push(row.threads);
            // The instruction set makes little difference to bandwidth: the widest here gives the ceiling.
            let widest = Isa::available().last().copied().unwrap_or(Isa::Portable);
            bandwidths.extend(level_bandwidths(widest, row.threads, &caches, BANDWIDTH_TIME)?);
        }
    }
    let command: Vec<String> = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let date = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let page = Page { report, caches: &caches, bandwidths: &bandwidths, command: command.join(" "), date };
    Ok(page.to_string())
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
