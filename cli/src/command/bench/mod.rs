//! `sepconv bench`: times problems, compares them with the naive path, with the CPU's ceilings and with the reference.

mod args;

pub use args::BenchArgs;

use crate::machine::{Cpu, busy_cores, data_caches, level_bandwidths, logical_cores};
use crate::measure::{Plan, Report, Row, Runner, SCHEMA, ensure_room};
use crate::output::{Page, cpu_line, csv, table};
use crate::problem::Problem;
use anyhow::{Context, Result};
use args::Format;
use sepconv::{Isa, Layout};
use sepconv_console::exit::Outcome;
use sepconv_console::print::write_json;
use sepconv_console::progress_bar;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Runs the benchmark and prints what came out.
pub fn run(args: &BenchArgs) -> Result<Outcome> {
    let problems = args.problems()?;
    let plan = args.plan()?;
    for problem in &problems {
        ensure_room(&problem.work, problem.input, &format!("{} {}", problem.suite, problem.name))?;
    }
    if let Some(path) = &args.html {
        ensure_writable(path)?;
    }
    warn_if_busy(&plan);
    let cpu = Cpu::detect();
    let mut out = std::io::stdout().lock();
    if args.output == Format::Md {
        // First of all, so that there is something to read while the measurements run.
        writeln!(out, "{}\n", cpu_line(&cpu))?;
        out.flush()?;
    }
    let rows = measure_all(&problems, &args.layouts(), plan, &cpu)?;
    let report = Report { cpu, seed: args.seed, rows };
    if let Some(path) = &args.html {
        let page = page(&report)?;
        fs::write(path, page).with_context(|| cannot_write(path))?;
    }
    write_report(&mut out, &report, args.output)?;
    Ok(report.outcome())
}

/// The line about the CPU comes before a Markdown table and was written already.
fn write_report(out: &mut dyn Write, report: &Report, format: Format) -> std::io::Result<()> {
    match format {
        Format::Md => table::write(out, report),
        Format::Csv => csv::write(out, &report.rows),
        Format::Json => {
            let Report { cpu, seed, rows } = report;
            write_json(out, &serde_json::json!({ "schema": SCHEMA, "cpu": cpu, "seed": seed, "rows": rows }))
        }
        Format::Jsonl => report.rows.iter().try_for_each(|row| writeln!(out, "{}", serde_json::to_string(row)?)),
    }
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
    // The instruction set makes little difference to bandwidth: the widest here gives the ceiling.
    let widest = Isa::available().last().copied().unwrap_or(Isa::Portable);
    for threads in report.thread_counts() {
        bandwidths.extend(level_bandwidths(widest, threads, &caches, BANDWIDTH_TIME)?);
    }
    let command: Vec<String> = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let date = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let page = Page { report, caches: &caches, bandwidths: &bandwidths, command: command.join(" "), date };
    Ok(page.to_string())
}

fn measure_all(problems: &[Problem], layouts: &[Layout], plan: Plan, cpu: &Cpu) -> Result<Vec<Row>> {
    let progress = progress_bar(problems.len() * layouts.len());
    let mut runner = Runner::new(plan)?;
    for problem in problems {
        for &layout in layouts {
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

fn warn_if_busy(plan: &Plan) {
    // The background noise of a healthy system stays below a quarter of a core.
    if let Some(busy) = busy_cores().filter(|&busy| busy > 0.25) {
        let free = (logical_cores() as f64 - busy).max(0.0);
        let threads = plan.threads.iter().max().copied().unwrap_or(1);
        let verdict = if free + 0.25 < threads as f64 { "; the times below will be too long" } else { "" };
        eprintln!("warning: other programs are keeping {busy:.1} of {} cores busy{verdict}", logical_cores());
    }
}
