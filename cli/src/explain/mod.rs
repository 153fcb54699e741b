//! `sepconv explain`: what was chosen for one layer, what bounds it, and how near the measured time comes to that bound.

mod choice;
mod text;

use crate::args::ExplainArgs;
use crate::bench::{Plan, Row, Runner};
use crate::exit::Outcome;
use crate::machine::{Cpu, data_caches, ensure_memory, logical_cores, mixed_bandwidth};
use crate::output::{self, TextOrJson};
use crate::problem::{Problem, compulsory_traffic, memory_needed};
use crate::suite::{self, SUITES, parse_lines};
use anyhow::{Result, bail};
use choice::{Choice, WorkingSet, smallest_level, working_sets};
use sepconv::Isa;
use serde::Serialize;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// Everything about one layer.
#[derive(Debug, Serialize)]
struct Explanation {
    choice: Choice,
    /// What is used again and again, and the nearest level of the memory that holds it.
    working_sets: Vec<WorkingSet>,
    bound: Bound,
    /// The measurement, as `bench` gives it.
    row: Row,
}

/// The two times that nothing can undercut, and which of them counts.
#[derive(Debug, Serialize)]
struct Bound {
    /// Multiply-adds at the FMA peak.
    compute_us: f64,
    /// Compulsory bytes at the bandwidth of their footprint and mix.
    memory_us: f64,
    /// That bandwidth.
    gb_s: f64,
    /// Nearest level that holds the compulsory bytes.
    level: String,
    /// `"compute"`, or `level`.
    by: String,
}

const BANDWIDTH_TIME: Duration = Duration::from_millis(30);

/// Measures and prints.
pub fn run(args: &ExplainArgs) -> Result<Outcome> {
    let problems = find(&args.layer)?;
    let isa = args.isa.map_or_else(Isa::preferred, Ok)?;
    let mut explanations = vec![];
    for problem in &problems {
        let bytes = memory_needed(&problem.work, problem.input, logical_cores())?;
        ensure_memory(bytes, &problem.name)?;
        explanations.push(explain(problem, args, isa)?);
    }
    let mut out = std::io::stdout().lock();
    match args.output {
        TextOrJson::Json => output::write_json(&mut out, &explanations)?,
        TextOrJson::Text => {
            writeln!(out, "{}", output::cpu_line(&Cpu::detect()))?;
            explanations.iter().try_for_each(|explanation| text::write(&mut out, explanation))?;
        }
    }
    Ok(Outcome::from_errors(explanations.iter().filter_map(|explanation| explanation.row.err_over_bound)))
}

/// The layers that `suite:name` names (a name may stand for several operations), or the one that a problem line describes.
fn find(layer: &str) -> Result<Vec<Problem>> {
    let is_suite = |name: &str| SUITES.iter().any(|(known, _)| *known == name) || Path::new(name).is_file();
    match layer.split_once(':').filter(|(suite, _)| is_suite(suite)) {
        Some((suite, name)) => {
            let all = suite::load(suite)?;
            let found: Vec<Problem> = all.iter().filter(|problem| problem.name == name).cloned().collect();
            if found.is_empty() {
                let mut names: Vec<&str> = all.iter().map(|problem| problem.name.as_str()).collect();
                names.dedup();
                bail!("{suite} has no layer {name:?}; its layers are {}", names.join(", "));
            }
            Ok(found)
        }
        None => {
            let problems = parse_lines(layer, "layer")
                .map_err(|error| anyhow::anyhow!("{layer:?} is neither suite:name nor a problem line: {error:#}"))?;
            match problems.len() {
                1 => Ok(problems),
                count => bail!("{layer:?} describes {count} layers; one is needed"),
            }
        }
    }
}

fn explain(problem: &Problem, args: &ExplainArgs, isa: Isa) -> Result<Explanation> {
    let work = problem.work.with_layout(args.layout);
    let choice = Choice::of(&work, problem.input, isa, args.threads)?;
    let caches = data_caches();
    let sets = working_sets(&work, problem.input, &choice, &caches)?;
    let plan = Plan {
        layouts: vec![args.layout],
        isas: vec![isa],
        threads: vec![args.threads],
        min_time: Duration::from_secs_f64(args.min_time),
        naive: false,
        verify: true,
        seed: 1,
    };
    let mut runner = Runner::new(plan)?;
    runner.measure(problem, args.layout)?;
    let Some(row) = runner.finish(&Cpu::detect().model).pop() else { bail!("nothing was measured") };
    let traffic = compulsory_traffic(&work, problem.input)?;
    let gb_s = mixed_bandwidth(isa, args.threads, traffic, BANDWIDTH_TIME)?;
    let compute_us = 2.0 * row.macs as f64 / (row.fma_peak_gflops * 1e3);
    let memory_us = row.bytes as f64 / (gb_s * 1e3);
    let level = smallest_level(row.bytes, &caches);
    let by = if compute_us >= memory_us { "compute".to_owned() } else { level.clone() };
    Ok(Explanation { choice, working_sets: sets, bound: Bound { compute_us, memory_us, gb_s, level, by }, row })
}
