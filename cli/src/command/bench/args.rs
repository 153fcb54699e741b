//! The options of `sepconv bench`, and the problems and measurements that they ask for.

use crate::measure::Plan;
use crate::options::{seconds, threads};
use crate::problem::{Op, Problem};
use crate::suite;
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use sepconv::{Isa, Layout};
use sepconv_console::options;
use std::path::PathBuf;
use std::time::Duration;

/// Formats of `bench`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A Markdown table, made to be read.
    Md,
    /// Comma-separated values with a header.
    Csv,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Jsonl,
}

/// Options of `bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// mobilenet-v1, mobilenet-v2, mobilenet-v3-large, efficientnet-b0, convnext-t, mobileclip-s0, toy, or a file of problem
    /// lines (see --help); a comma list [default: mobilenet-v1, separable blocks only]
    #[arg(long, value_delimiter = ',')]
    suite: Vec<String>,
    /// Only these operations; a comma list [default: all of the suite]
    #[arg(long, value_enum, value_delimiter = ',')]
    op: Vec<Op>,
    /// hwc, chw or both; a comma list [default: hwc]
    #[arg(long, value_parser = options::layout, value_delimiter = ',')]
    layout: Vec<Layout>,
    /// portable, avx2, avx512, neon; a comma list [default: the best one here, or SEPCONV_ISA]
    #[arg(long, value_parser = options::isa, value_delimiter = ',')]
    isa: Vec<Isa>,
    /// Numbers of threads; a comma list
    #[arg(long, value_parser = threads, value_delimiter = ',', default_value = "1")]
    threads: Vec<usize>,
    /// Only problems with this text in their name
    #[arg(long)]
    filter: Option<String>,
    /// Seconds for each measurement
    #[arg(allow_negative_numbers = true, long, value_parser = seconds, default_value = "0.2")]
    min_time: Duration,
    /// Do not time the naive path
    #[arg(long)]
    no_naive: bool,
    /// Check every output against the reference (the default)
    #[arg(long, overrides_with = "no_verify")]
    verify: bool,
    /// Do not check results
    #[arg(long, overrides_with = "verify")]
    no_verify: bool,
    /// Seed of inputs and weights
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Output format
    #[arg(short, long, value_enum, default_value_t = Format::Md)]
    pub output: Format,
    /// Also write a self-contained page to this file: roofline picture, table, machine and build
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

impl BenchArgs {
    /// The layouts that the options ask for.
    pub fn layouts(&self) -> Vec<Layout> {
        if self.layout.is_empty() { vec![Layout::Hwc] } else { self.layout.clone() }
    }

    /// What to measure of every problem.
    pub fn plan(&self) -> Result<Plan> {
        Ok(Plan {
            isas: if self.isa.is_empty() { vec![Isa::preferred()?] } else { self.isa.clone() },
            threads: self.threads.clone(),
            min_time: self.min_time,
            naive: !self.no_naive,
            verify: !self.no_verify,
            seed: self.seed,
        })
    }

    /// The problems that the options ask for. Without any, the separable blocks of MobileNetV1.
    pub fn problems(&self) -> Result<Vec<Problem>> {
        let suites = if self.suite.is_empty() { vec!["mobilenet-v1".to_owned()] } else { self.suite.clone() };
        let ops = match self.op.as_slice() {
            [] if self.suite.is_empty() => vec![Op::Sep],
            [] => Op::ALL.to_vec(),
            ops => ops.to_vec(),
        };
        let mut problems = vec![];
        for name in &suites {
            problems.extend(suite::load(name)?);
        }
        problems.retain(|problem| ops.contains(&problem.work.op()));
        if let Some(part) = &self.filter {
            problems.retain(|problem| problem.name.contains(part));
        }
        if problems.is_empty() {
            let ops: Vec<&str> = ops.iter().map(|op| op.name()).collect();
            let filter = self.filter.as_deref().map(|part| format!(" and --filter {part}")).unwrap_or_default();
            bail!("nothing is left of {} after --op {}{filter}", suites.join(","), ops.join(","));
        }
        Ok(problems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        bench: BenchArgs,
    }

    #[test]
    fn the_last_of_verify_and_no_verify_counts() {
        let verifies = |args: &[&str]| {
            let alone = Alone::try_parse_from([&["bench"], args].concat()).unwrap();
            alone.bench.plan().unwrap().verify
        };
        assert!(verifies(&[]));
        assert!(!verifies(&["--verify", "--no-verify"]));
        assert!(verifies(&["--no-verify", "--verify"]));
    }
}
