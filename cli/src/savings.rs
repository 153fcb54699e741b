//! `sepconv savings`: what a separable convolution saves against the dense one with the same input, kernel and outputs —
//! multiplications counted, time measured, naive and fast.

use crate::args::SavingsArgs;
use crate::exit::Outcome;
use crate::machine::{Cpu, ensure_memory, logical_cores};
use crate::measure::{Timing, measure, measure_slow};
use crate::output::{self, Align, TextOrJson, markdown};
use crate::problem::{
    AlignedVec, Crew, Oracle, Parameters, Work, build, memory_needed, random_input, reference, seeded,
};
use anyhow::Result;
use sepconv::{
    Conv2dSpec, DepthwiseSpec, Isa, PointwiseSpec, SeparableSpec, Shape, TensorMut, TensorRef, Workspace, cost,
};
use serde::Serialize;
use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

const SEED: u64 = 1;

/// Everything that `savings` says.
#[derive(Debug, Serialize)]
struct Savings {
    /// Height, width, channels.
    input: [usize; 3],
    kernel: [usize; 2],
    stride: [usize; 2],
    /// Top, left, bottom, right.
    padding: [usize; 4],
    /// Height, width, channels.
    output: [usize; 3],
    layout: &'static str,
    isa: &'static str,
    threads: usize,
    cpu: String,
    /// Every tap counts, as in the formula.
    multiplications: Multiplications,
    /// Only taps inside the map count: what the kernels do.
    multiplications_inside: Multiplications,
    /// `1/Nc + 1/(kh·kw)`.
    predicted_ratio: f64,
    /// Separable over dense multiplications.
    counted_ratio: f64,
    dense: Measured,
    separable: Measured,
    /// Separable over dense time.
    measured_ratio: Ratios,
    verified: bool,
}

#[derive(Debug, Serialize)]
struct Multiplications {
    dense: u64,
    depthwise: u64,
    pointwise: u64,
    separable: u64,
}

#[derive(Debug, Serialize)]
struct Measured {
    naive_us: f64,
    naive_runs: u64,
    fast_us: f64,
    kernel: String,
    /// Largest error of an output of the fast path over its bound.
    err_over_bound: f64,
}

#[derive(Debug, Serialize)]
struct Ratios {
    naive: f64,
    fast: f64,
}

/// Counts, measures and prints.
pub fn run(args: &SavingsArgs) -> Result<Outcome> {
    let savings = compare(args)?;
    let mut out = std::io::stdout().lock();
    match args.output {
        TextOrJson::Json => output::write_json(&mut out, &savings)?,
        TextOrJson::Text => write_text(&mut out, &savings)?,
    }
    Ok(Outcome::from_errors([savings.dense.err_over_bound, savings.separable.err_over_bound]))
}

/// The dense convolution and the separable one that replaces it.
fn specs(args: &SavingsArgs) -> (Conv2dSpec, SeparableSpec) {
    let (channels, kernel, stride) = (args.input.c, args.kernel.0, args.stride.0);
    let dense = Conv2dSpec::new(channels, args.out, kernel).stride(stride).padding(args.padding).layout(args.layout);
    let depthwise = DepthwiseSpec::new(channels, kernel).stride(stride).padding(args.padding).layout(args.layout);
    (dense, SeparableSpec::new(depthwise, PointwiseSpec::new(channels, args.out).layout(args.layout)))
}

fn compare(args: &SavingsArgs) -> Result<Savings> {
    let (dense_spec, separable_spec) = specs(args);
    let input = Shape::new(1, args.input.c, args.input.h, args.input.w);
    let [nominal, inside] = count(&dense_spec, &separable_spec, input)?;
    let output = dense_spec.output_shape(input)?;
    let padding = crate::problem::resolved_padding(&dense_spec.window, input)?;
    let isa = args.isa.map_or_else(Isa::preferred, Ok)?;
    let dense = measure_work(&Work::Conv2d(dense_spec), input, isa, args, "the dense convolution")?;
    let separable = measure_work(&Work::Separable(separable_spec), input, isa, args, "the separable convolution")?;
    let taps = (args.kernel.0[0] * args.kernel.0[1]) as f64;
    Ok(Savings {
        input: [input.h, input.w, input.c],
        kernel: args.kernel.0,
        stride: args.stride.0,
        padding,
        output: [output.h, output.w, output.c],
        layout: args.layout.name(),
        isa: isa.name(),
        threads: args.threads,
        cpu: Cpu::detect().model,
        predicted_ratio: 1.0 / args.out as f64 + 1.0 / taps,
        counted_ratio: nominal.separable as f64 / nominal.dense as f64,
        multiplications: nominal,
        multiplications_inside: inside,
        measured_ratio: Ratios { naive: separable.naive_us / dense.naive_us, fast: separable.fast_us / dense.fast_us },
        verified: dense.err_over_bound <= 1.0 && separable.err_over_bound <= 1.0,
        dense,
        separable,
    })
}

/// Multiplications of both ways: nominal, and inside the map.
fn count(dense: &Conv2dSpec, separable: &SeparableSpec, input: Shape) -> sepconv::Result<[Multiplications; 2]> {
    let middle = separable.depthwise.output_shape(input)?;
    let counts = [
        cost::conv2d(dense, input)?,
        cost::depthwise(&separable.depthwise, input)?,
        cost::pointwise(&separable.pointwise, middle)?,
        cost::separable(separable, input)?,
    ];
    let gather =
        |[dense, depthwise, pointwise, separable]: [u64; 4]| Multiplications { dense, depthwise, pointwise, separable };
    Ok([gather(counts.map(|count| count.nominal)), gather(counts.map(|count| count.inside))])
}

/// Checks and times one way, naive and fast.
fn measure_work(work: &Work, input: Shape, isa: Isa, args: &SavingsArgs, what: &str) -> Result<Measured> {
    ensure_memory(memory_needed(work, input, logical_cores())?, what)?;
    let budget = Duration::from_secs_f64(args.min_time);
    let mut rng = seeded(SEED, work.op().name());
    let parameters = Parameters::random(work, &mut rng)?;
    let data = random_input(input, &mut rng)?;
    let oracle = Oracle::compute(work, &parameters, data.as_slice(), input, logical_cores())?;
    let view = TensorRef::new(data.as_slice(), input, work.layout())?;
    let naive: Timing = measure_slow(budget, || -> sepconv::Result<()> {
        black_box(reference::<f32>(work, &parameters, &view)?);
        Ok(())
    })?;

    let operator = build(work, &parameters, isa)?;
    let crew = Crew::new(args.threads)?;
    let output_shape = operator.output_shape(input)?;
    let mut result = AlignedVec::filled(output_shape.len()?, f32::NAN);
    let mut workspace = Workspace::new(operator.workspace_len(input, args.threads)?);
    let mut output = TensorMut::new(result.as_mut_slice(), output_shape, work.layout())?;
    let executor = crew.executor();
    let fast: Timing =
        crew.install(|| measure(budget, || operator.run(&view, &mut output, &mut workspace, executor)))?;
    // JSON knows no infinity.
    let err_over_bound = oracle.worst(result.as_slice())?.min(f64::MAX);
    Ok(Measured {
        naive_us: naive.min_us,
        naive_runs: naive.calls,
        fast_us: fast.min_us,
        kernel: operator.kernel_name().to_owned(),
        err_over_bound,
    })
}

fn write_text(out: &mut dyn Write, savings: &Savings) -> std::io::Result<()> {
    let times = |sizes: &[usize]| sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
    let Savings { input, kernel, output, stride, padding, .. } = savings;
    writeln!(
        out,
        "Input {}, kernel {}, output {}, stride {}, padding {padding:?} (top, left, bottom, right)\n",
        times(input),
        times(kernel),
        times(output),
        times(stride)
    )?;
    let m = &savings.multiplications;
    writeln!(out, "Multiplications")?;
    writeln!(out, "  dense      {}", m.dense)?;
    writeln!(out, "  separable  {} = depthwise {} + pointwise {}", m.separable, m.depthwise, m.pointwise)?;
    if m.dense != savings.multiplications_inside.dense {
        let m = &savings.multiplications_inside;
        writeln!(out, "  without padded taps: dense {}, separable {}", m.dense, m.separable)?;
    }
    writeln!(
        out,
        "  predicted  1/Nc + 1/(kh·kw) = 1/{} + 1/{} = {:.4} of the dense work, {:.2} times less",
        output[2],
        kernel[0] * kernel[1],
        savings.predicted_ratio,
        1.0 / savings.predicted_ratio
    )?;
    writeln!(out, "  counted    {:.4}\n", savings.counted_ratio)?;
    writeln!(out, "{}\n", time_table(savings))?;
    writeln!(out, "Dense:     {}\nSeparable: {}", savings.dense.kernel, savings.separable.kernel)?;
    let worst = savings.dense.err_over_bound.max(savings.separable.err_over_bound);
    let threads = if savings.threads == 1 { "1 thread".to_owned() } else { format!("{} threads", savings.threads) };
    writeln!(out, "{}, {}, {}, f32, {threads} (naive: 1)", savings.cpu, savings.isa, savings.layout)?;
    match savings.verified {
        true => writeln!(out, "Every output is within its error bound (largest error {worst:.2} of the bound)."),
        false => writeln!(out, "WRONG results: the largest error is {worst:.3e} times its bound."),
    }
}

fn time_table(savings: &Savings) -> String {
    let numbers = ["dense", "separable", "separable / dense", "times less"].map(|name| (name, Align::Right));
    let headings = [&[("time, µs", Align::Left)], &numbers[..]].concat();
    let (dense, separable) = (&savings.dense, &savings.separable);
    let naive = ("naive", dense.naive_us, separable.naive_us, savings.measured_ratio.naive);
    let fast = ("fast", dense.fast_us, separable.fast_us, savings.measured_ratio.fast);
    let rows = [naive, fast].map(|(name, dense, separable, ratio)| {
        vec![
            name.to_owned(),
            format!("{dense:.3}"),
            format!("{separable:.3}"),
            format!("{ratio:.4}"),
            format!("{:.2}", 1.0 / ratio),
        ]
    });
    markdown(&headings, rows)
}
