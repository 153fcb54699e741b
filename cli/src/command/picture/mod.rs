//! `sepconv run`: pictures through the kernels, timed against the naive path and checked.

mod file;
mod filters;
mod job;
mod map;
mod pipeline;

use crate::machine::{Cpu, ensure_memory, logical_cores};
use crate::options::Conditions;
use crate::output::threads_text;
use crate::problem::memory_needed;
use anyhow::{Context, Result};
use clap::Args;
use file::{OutputFormat, Picture};
use job::{Border, Job, Plan};
use pipeline::{Measured, Pipeline};
use sepconv::{Isa, Shape};
use sepconv_console::exit::Outcome;
use std::io::Write;
use std::path::PathBuf;

/// Options of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// What to do with the picture
    #[arg(long, value_enum)]
    job: Job,
    /// Picture to read: PNG or JPEG
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// Picture to write: .png, .jpg or .jpeg
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// What lies beyond the picture's border
    #[arg(long, value_enum, default_value_t = Border::Replicate)]
    border: Border,
    /// Layout, instruction set, threads and time.
    #[command(flatten)]
    conditions: Conditions,
}

/// Reads, filters, checks, times, writes.
pub fn run(args: &RunArgs) -> Result<Outcome> {
    // Before any work, so that a bad name does not cost a minute.
    let format = OutputFormat::of(&args.output)?;
    let picture = Picture::read(&args.input).with_context(|| format!("cannot read {:?}", args.input))?;
    format.check(&picture)?;
    let &Conditions { layout, threads, min_time, .. } = &args.conditions;
    let isa = args.conditions.isa()?;

    let plan = Plan::of(args.job, args.border, layout, picture.alpha.is_some());
    let input = plan.input(&picture, layout);
    ensure_memory(memory(&plan, input.shape)?, &format!("the picture {:?}", args.input))?;
    let pipeline = Pipeline::new(&plan.stages, input.shape, isa)?;
    let measured = pipeline.measure(&input, threads, min_time)?;
    let result = plan.picture(&picture, &measured.result, layout);
    result.write(&args.output, format).with_context(|| format!("cannot write {:?}", args.output))?;

    let mut out = std::io::stdout().lock();
    report(&mut out, args, isa, &picture, &result, &measured)?;
    Ok(Outcome::from_errors([measured.err_over_bound]))
}

/// Bytes for all stages together.
fn memory(plan: &Plan, mut shape: Shape) -> Result<u64> {
    let mut bytes = 0u64;
    for stage in &plan.stages {
        bytes = bytes.saturating_add(memory_needed(&stage.work, shape, logical_cores())?);
        shape = stage.work.output_shape(shape)?;
    }
    Ok(bytes)
}

fn report(
    out: &mut dyn Write,
    args: &RunArgs,
    isa: Isa,
    input: &Picture,
    result: &Picture,
    measured: &Measured,
) -> std::io::Result<()> {
    let size = |picture: &Picture| format!("{}×{}", picture.width, picture.height);
    let threads = threads_text(args.conditions.threads);
    writeln!(
        out,
        "{}: {} {} to {}, border {}, {}, f32, {isa}, {threads}, {}",
        args.job.name(),
        size(input),
        input.kind(),
        size(result),
        args.border.name(),
        args.conditions.layout,
        Cpu::detect().model
    )?;
    writeln!(out, "kernels: {}", measured.kernels.join("; "))?;
    let (naive, fast) = (measured.naive.min_us, measured.fast.min_us);
    writeln!(
        out,
        "naive {:.3} ms (measured {} times), fast {:.3} ms: {:.1} times as fast",
        naive / 1e3,
        measured.naive.calls,
        fast / 1e3,
        naive / fast
    )?;
    let worst = measured.err_over_bound;
    match worst <= 1.0 {
        true => writeln!(
            out,
            "every value is within its error bound (largest error {worst:.2} of the bound); naive and fast differ by at most {:.1e}",
            measured.difference
        )?,
        false => writeln!(out, "WRONG results: the largest error is {worst:.3e} times its bound")?,
    }
    writeln!(out, "wrote {}", args.output.display())
}
