//! Measures problem after problem. All checking and naive timing of a problem is over before its first timing starts,
//! and nothing else runs while a clock does.

use super::row::{Row, SCHEMA};
use crate::machine::{Peaks, logical_cores, mixed_bandwidth};
use crate::measure::{Timing, measure, measure_slow};
use crate::problem::{
    AlignedVec, Crew, Oracle, Parameters, Problem, Traffic, Work, build, compulsory_traffic, random_input, reference,
    resolved_padding, seeded,
};
use sepconv::{Isa, Layout, Operator, Result, TensorMut, TensorRef, Workspace};
use std::hint::black_box;
use std::time::Duration;

/// What to measure of every problem.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Memory layouts.
    pub layouts: Vec<Layout>,
    /// Instruction sets.
    pub isas: Vec<Isa>,
    /// Numbers of threads.
    pub threads: Vec<usize>,
    /// Time for each measurement.
    pub min_time: Duration,
    /// Whether to time the scalar reference.
    pub naive: bool,
    /// Whether to check results.
    pub verify: bool,
    /// Seed of the data.
    pub seed: u64,
}

/// Runs a plan and collects rows.
pub struct Runner {
    plan: Plan,
    crews: Vec<(usize, Crew)>,
    peaks: Peaks,
    measured: Vec<Measured>,
}

/// A measurement whose comparison with the peak has to wait for the last sample of the peak.
struct Measured {
    problem: Problem,
    work: Work,
    kernel: String,
    isa: Isa,
    threads: usize,
    timing: Timing,
    traffic: Traffic,
    /// Bandwidth of this footprint, GB/s.
    bandwidth: f64,
    naive: Option<Timing>,
    err_over_bound: Option<f64>,
}

/// A problem with its data in one layout, and what the reference says of it.
struct Prepared<'a> {
    problem: &'a Problem,
    work: Work,
    parameters: Parameters,
    input: AlignedVec,
    oracle: Option<Oracle>,
    naive: Option<Timing>,
}

const PEAK_TIME: Duration = Duration::from_millis(12);
const BANDWIDTH_TIME: Duration = Duration::from_millis(15);

impl Runner {
    /// Makes the thread pools.
    pub fn new(plan: Plan) -> Result<Self> {
        let crews = plan.threads.iter().map(|&threads| Ok((threads, Crew::new(threads)?))).collect::<Result<_>>()?;
        Ok(Self { plan, crews, peaks: Peaks::default(), measured: vec![] })
    }

    /// Measures one problem in one layout with every instruction set and number of threads of the plan.
    pub fn measure(&mut self, problem: &Problem, layout: Layout) -> Result<()> {
        let prepared = self.prepare(problem, layout)?;
        for &isa in &self.plan.isas {
            let operator = build(&prepared.work, &prepared.parameters, isa)?;
            for (threads, crew) in &self.crews {
                self.peaks.sample(isa, *threads, PEAK_TIME)?;
                let measured = measure_one(&prepared, operator.as_ref(), *threads, crew, self.plan.min_time)?;
                self.peaks.sample(isa, *threads, PEAK_TIME)?;
                self.measured.push(measured);
            }
        }
        Ok(())
    }

    fn prepare<'a>(&self, problem: &'a Problem, layout: Layout) -> Result<Prepared<'a>> {
        let work = problem.work.with_layout(layout);
        let mut rng = seeded(self.plan.seed, &problem.name);
        let parameters = Parameters::random(&work, &mut rng)?;
        let input = random_input(problem.input, &mut rng)?;
        let compute = || Oracle::compute(&work, &parameters, input.as_slice(), problem.input, logical_cores());
        let oracle = self.plan.verify.then(compute).transpose()?;
        let time_naive = || -> Result<_> {
            let view = TensorRef::new(input.as_slice(), problem.input, layout)?;
            measure_slow(self.plan.min_time, || {
                black_box(reference::<f32>(&work, &parameters, &view)?);
                Ok(())
            })
        };
        let naive = self.plan.naive.then(time_naive).transpose()?;
        Ok(Prepared { problem, work, parameters, input, oracle, naive })
    }

    /// Measurements whose samples were far apart.
    pub fn noisy(&self) -> usize {
        self.measured.iter().filter(|measured| measured.timing.is_noisy()).count()
    }

    /// The rows, compared with the best peaks seen.
    pub fn finish(self, cpu: &str) -> Vec<Row> {
        let peaks = &self.peaks;
        self.measured.iter().map(|m| m.row(peaks.best(m.isa, m.threads), cpu)).collect()
    }
}

/// Checks one operator on one number of threads, then times it.
fn measure_one(
    prepared: &Prepared<'_>,
    operator: &dyn Operator,
    threads: usize,
    crew: &Crew,
    min_time: Duration,
) -> Result<Measured> {
    let shape = prepared.problem.input;
    let output_shape = operator.output_shape(shape)?;
    let input = TensorRef::new(prepared.input.as_slice(), shape, operator.layout())?;
    // NaN, so that an output that is never written is found out.
    let mut data = AlignedVec::filled(output_shape.len()?, f32::NAN);
    let mut workspace = Workspace::new(operator.workspace_len(shape, threads)?);
    let executor = crew.executor();
    let mut output = TensorMut::new(data.as_mut_slice(), output_shape, operator.layout())?;
    operator.run(&input, &mut output, &mut workspace, executor)?;
    let err_over_bound = prepared.oracle.as_ref().map(|oracle| oracle.worst(data.as_slice())).transpose()?;
    let mut output = TensorMut::new(data.as_mut_slice(), output_shape, operator.layout())?;
    let timing = crew.install(|| measure(min_time, || operator.run(&input, &mut output, &mut workspace, executor)))?;
    let traffic = compulsory_traffic(&prepared.work, shape)?;
    Ok(Measured {
        problem: prepared.problem.clone(),
        work: prepared.work,
        kernel: operator.kernel_name().to_owned(),
        isa: operator.isa(),
        threads,
        timing,
        traffic,
        bandwidth: mixed_bandwidth(operator.isa(), threads, traffic, BANDWIDTH_TIME)?,
        naive: prepared.naive,
        err_over_bound,
    })
}

impl Measured {
    fn row(&self, peak: f64, cpu: &str) -> Row {
        let (work, input, window) = (&self.work, self.problem.input, self.work.window());
        // All of these were asked before and gave no error then.
        let macs = work.multiplications(input).map_or(0, |count| count.inside);
        let cout = work.output_shape(input).map_or(0, |shape| shape.c);
        let padding = resolved_padding(&window, input).unwrap_or_default();
        let min_us = self.timing.min_us;
        let gflops = 2.0 * macs as f64 / (min_us * 1e3);
        let bytes = self.traffic.total();
        let roofline_us = (2.0 * macs as f64 / (peak * 1e3)).max(bytes as f64 / (self.bandwidth * 1e3));
        let naive_us = self.naive.map(|timing| timing.min_us);
        // JSON knows no infinity: a result with NaN in it is as wrong as a number can say.
        let err_over_bound = self.err_over_bound.map(|error| error.min(f64::MAX));
        Row {
            schema: SCHEMA,
            suite: self.problem.suite.clone(),
            name: self.problem.name.clone(),
            op: work.op().name(),
            layout: work.layout().name(),
            dtype: sepconv::DType::F32.name(),
            n: input.n,
            c: input.c,
            h: input.h,
            w: input.w,
            kh: window.kernel[0],
            kw: window.kernel[1],
            stride: window.stride,
            dilation: window.dilation,
            padding,
            multiplier: work.multiplier(),
            cout,
            threads: self.threads,
            isa: self.isa.name(),
            kernel: self.kernel.clone(),
            macs,
            min_us,
            median_us: self.timing.median_us,
            gflops,
            pct_fma_peak: 100.0 * gflops / peak,
            fma_peak_gflops: peak,
            bytes,
            gb_s: bytes as f64 / (min_us * 1e3),
            roofline_us,
            pct_roofline: 100.0 * roofline_us / min_us,
            naive_us,
            speedup_vs_naive: naive_us.map(|naive| naive / min_us),
            naive_runs: self.naive.map_or(0, |timing| timing.calls),
            err_over_bound,
            verified: err_over_bound.is_some_and(|error| error <= 1.0),
            cpu: cpu.to_owned(),
        }
    }
}
