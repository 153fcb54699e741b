//! The dense convolution and the separable one that replaces it: multiplications counted, time measured.

use super::args::SavingsArgs;
use crate::machine::Cpu;
use crate::measure::{Subject, Trial, ensure_room};
use crate::options::Conditions;
use crate::problem::{Crew, Work, resolved_padding};
use anyhow::Result;
use sepconv::{Conv2dSpec, DepthwiseSpec, Isa, PointwiseSpec, SeparableSpec, Shape, cost};
use serde::Serialize;

const SEED: u64 = 1;

/// Everything that `savings` says.
#[derive(Debug, Serialize)]
pub(super) struct Savings {
    /// Height, width, channels.
    pub input: [usize; 3],
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    /// Top, left, bottom, right.
    pub padding: [usize; 4],
    /// Height, width, channels.
    pub output: [usize; 3],
    pub layout: &'static str,
    pub isa: &'static str,
    pub threads: usize,
    pub cpu: String,
    /// Every tap counts, as in the formula.
    pub multiplications: Multiplications,
    /// Only taps inside the map count: what the kernels do.
    pub multiplications_inside: Multiplications,
    /// `1/Nc + 1/(kh·kw)`.
    pub predicted_ratio: f64,
    /// Separable over dense multiplications.
    pub counted_ratio: f64,
    pub dense: Measured,
    pub separable: Measured,
    /// Separable over dense time.
    pub measured_ratio: Ratios,
    pub verified: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Multiplications {
    pub dense: u64,
    pub depthwise: u64,
    pub pointwise: u64,
    pub separable: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Measured {
    pub naive_us: f64,
    pub naive_runs: u64,
    pub fast_us: f64,
    pub kernel: String,
    /// Largest error of an output of the fast path over its bound.
    pub err_over_bound: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Ratios {
    pub naive: f64,
    pub fast: f64,
}

/// The dense convolution and the separable one that replaces it.
fn specs(args: &SavingsArgs) -> (Conv2dSpec, SeparableSpec) {
    let (channels, kernel, stride) = (args.input.c, args.kernel.0, args.stride.0);
    let dense =
        Conv2dSpec::new(channels, args.out, kernel).stride(stride).padding(args.padding).layout(args.conditions.layout);
    let depthwise =
        DepthwiseSpec::new(channels, kernel).stride(stride).padding(args.padding).layout(args.conditions.layout);
    (dense, SeparableSpec::new(depthwise, PointwiseSpec::new(channels, args.out).layout(args.conditions.layout)))
}

/// Counts and measures both.
pub(super) fn compare(args: &SavingsArgs) -> Result<Savings> {
    let (dense_spec, separable_spec) = specs(args);
    let input = Shape::new(1, args.input.c, args.input.h, args.input.w);
    let [nominal, inside] = count(&dense_spec, &separable_spec, input)?;
    let output = dense_spec.output_shape(input)?;
    let padding = resolved_padding(&dense_spec.window, input)?;
    let conditions = &args.conditions;
    let isa = conditions.isa()?;
    let dense = measure_work(Work::Conv2d(dense_spec), input, isa, conditions, "the dense convolution")?;
    let separable = measure_work(Work::Separable(separable_spec), input, isa, conditions, "the separable convolution")?;
    let taps = (args.kernel.0[0] * args.kernel.0[1]) as f64;
    Ok(Savings {
        input: [input.h, input.w, input.c],
        kernel: args.kernel.0,
        stride: args.stride.0,
        padding,
        output: [output.h, output.w, output.c],
        layout: conditions.layout.name(),
        isa: isa.name(),
        threads: conditions.threads,
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
fn measure_work(work: Work, input: Shape, isa: Isa, conditions: &Conditions, what: &str) -> Result<Measured> {
    ensure_room(&work, input, what)?;
    let subject = Subject::new(work, input, SEED, work.op().name())?;
    let oracle = subject.oracle()?;
    let naive = subject.time_naive(conditions.min_time)?;
    let operator = subject.operator(isa)?;
    let crew = Crew::new(conditions.threads)?;
    let mut trial = Trial::new(operator.as_ref(), subject.input()?, &crew)?;
    let fast = trial.time(conditions.min_time)?;
    Ok(Measured {
        naive_us: naive.min_us,
        naive_runs: naive.calls,
        fast_us: fast.min_us,
        kernel: operator.kernel_name().to_owned(),
        err_over_bound: oracle.worst(trial.output())?,
    })
}
