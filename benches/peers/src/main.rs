//! `peer-sepconv`: times sepconv on a folder of models and checks every output, for a harness that runs one such program for
//! each library. See the README beside this workspace.

mod buffer;
mod machine;
mod measure;
mod model;
mod network;
mod report;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use measure::{Budget, measure};
use model::{Model, names};
use network::Network;
use regex::Regex;
use report::{Report, Row};
use sepconv::{Executor, Layout, Rayon, Serial};
use std::path::PathBuf;

/// Times sepconv on a folder of models and checks every output.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Folder with index.json and, for each model, NAME.json, NAME.w.bin, NAME.in.bin and NAME.ref.bin
    #[arg(long)]
    models: PathBuf,
    /// Threads
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: u32,
    /// JSON file to write, complete after every model
    #[arg(long)]
    out: PathBuf,
    /// Layout of all tensors, and whether blocks are one operator or one for each layer
    #[arg(long, value_enum, default_value_t = Variant::Hwc)]
    variant: Variant,
    /// Only models whose name this expression matches
    #[arg(long, default_value = "")]
    filter: Regex,
    /// Seconds that the rounds of one model share
    #[arg(long, default_value_t = 0.3)]
    seconds: f64,
    /// Rounds of one model
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

/// What the harness calls a variant.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Variant {
    /// Channels last, blocks as one operator
    Hwc,
    /// Channels first, blocks as one operator
    Chw,
    /// Channels last, each layer an operator
    HwcLayers,
    /// Channels first, each layer an operator
    ChwLayers,
}

impl Variant {
    fn layout(self) -> Layout {
        match self {
            Self::Hwc | Self::HwcLayers => Layout::Hwc,
            Self::Chw | Self::ChwLayers => Layout::Chw,
        }
    }

    /// Whether separable and inverted residual blocks are one operator each.
    fn blocks(self) -> bool {
        matches!(self, Self::Hwc | Self::Chw)
    }
}

/// The threads of all runs: the calling one, or a pool.
enum Crew {
    One(Serial),
    Pool(Rayon),
}

impl Crew {
    fn executor(&self) -> &dyn Executor {
        match self {
            Self::One(serial) => serial,
            Self::Pool(pool) => pool,
        }
    }

    /// Inside the pool, so that single runs need not enter it.
    fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match self {
            Self::One(_) => work(),
            Self::Pool(pool) => pool.install(work),
        }
    }
}

fn main() -> Result<()> {
    let args = Args::parse();
    let threads = args.threads as usize;
    let crew = if threads == 1 { Crew::One(Serial) } else { Crew::Pool(Rayon::new(threads)?) };
    let budget = Budget { seconds: args.seconds, rounds: args.rounds };
    let variant = args.variant.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let mut report = Report::new(&args.out, &variant, threads, budget)?;
    for name in names(&args.models)?.iter().filter(|name| args.filter.is_match(name)) {
        let model = Model::load(&args.models, name).with_context(|| format!("model {name}"))?;
        let outcome = run(&model, args.variant, threads, &crew, budget);
        report.add(&model.spec, outcome)?;
    }
    report.finish()
}

/// Prepares, checks and times one model.
fn run(model: &Model, variant: Variant, threads: usize, crew: &Crew, budget: Budget) -> Result<Row> {
    let mut network = Network::new(model, variant.layout(), variant.blocks(), threads)?;
    network.set_input(&model.input);
    crew.install(|| network.run(crew.executor()))?;
    let rel_err = relative_error(&network.output(), &model.reference)?;
    let timing = crew.install(|| measure(budget, || network.run(crew.executor())))?;
    Ok(Row { rel_err, timing, kernels: network.kernels() })
}

/// The largest deviation, relative to the largest value that is expected; NaN if anything is NaN.
fn relative_error(actual: &[f32], expected: &[f32]) -> Result<f64> {
    anyhow::ensure!(actual.len() == expected.len(), "{} outputs, {} expected", actual.len(), expected.len());
    let largest = expected.iter().fold(1e-6f32, |largest, value| largest.max(value.abs()));
    let errors = actual.iter().zip(expected).map(|(a, e)| (a - e).abs());
    let worst = errors.fold(0f32, |worst, error| if error <= worst { worst } else { error });
    let any_nan = actual.iter().any(|value| value.is_nan());
    Ok(if any_nan { f64::NAN } else { f64::from(worst / largest) })
}
