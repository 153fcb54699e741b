//! `sepconv explain`: what was chosen for one layer, what bounds it, and how near the measured time comes to that bound.

mod choice;
mod explanation;
mod text;
mod working_set;

use crate::machine::Cpu;
use crate::measure::ensure_room;
use crate::options::Conditions;
use crate::output::cpu_line;
use crate::problem::Problem;
use crate::suite::{self, parse_lines};
use anyhow::{Result, bail};
use clap::Args;
use explanation::Explanation;
use sepconv_console::exit::Outcome;
use sepconv_console::print::TextOrJson;

/// Options of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// suite:name, for example mobilenet-v1:block3, with a suite or problem file of `bench`; or a problem line (see --help)
    layer: String,
    /// Layout, instruction set, threads and time.
    #[command(flatten)]
    conditions: Conditions,
    /// Output format
    #[arg(short, long, value_enum, default_value_t = TextOrJson::Text)]
    output: TextOrJson,
}

/// Measures and prints.
pub fn run(args: &ExplainArgs) -> Result<Outcome> {
    let problems = find(&args.layer)?;
    let mut explanations = vec![];
    for problem in &problems {
        ensure_room(&problem.work, problem.input, &problem.name)?;
        explanations.push(Explanation::of(problem, &args.conditions)?);
    }
    args.output.print(&explanations, |out| {
        writeln!(out, "{}", cpu_line(&Cpu::detect()))?;
        explanations.iter().try_for_each(|explanation| text::write(out, explanation))
    })?;
    Ok(Outcome::from_errors(explanations.iter().filter_map(|explanation| explanation.row.err_over_bound)))
}

/// The layers that `suite:name` names (a name may stand for several operations), or the one that a problem line describes.
fn find(layer: &str) -> Result<Vec<Problem>> {
    match layer.split_once(':').filter(|(suite, _)| suite::exists(suite)) {
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
