//! Measures problem after problem. All checking and naive timing of a problem is over before its first timing starts,
//! and nothing else runs while a clock does.

use super::row::{Row, SCHEMA};
use super::subject::Subject;
use super::timing::Timing;
use super::trial::Trial;
use crate::machine::{Peaks, mixed_bandwidth};
use crate::problem::{Crew, Problem, Traffic, Work, compulsory_traffic, resolved_padding};
use sepconv::{Isa, Layout, Result};
use std::time::Duration;

/// What to measure of every problem.
#[derive(Debug, Clone)]
pub struct Plan {
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
    crews: Vec<Crew>,
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

const PEAK_TIME: Duration = Duration::from_millis(12);
const BANDWIDTH_TIME: Duration = Duration::from_millis(15);

impl Runner {
    /// Makes the thread pools.
    pub fn new(plan: Plan) -> Result<Self> {
        let crews = plan.threads.iter().map(|&threads| Crew::new(threads)).collect::<Result<_>>()?;
        Ok(Self { plan, crews, peaks: Peaks::default(), measured: vec![] })
    }

    /// Measures one problem in one layout with every instruction set and number of threads of the plan.
    pub fn measure(&mut self, problem: &Problem, layout: Layout) -> Result<()> {
        let work = problem.work.with_layout(layout);
        let subject = Subject::new(work, problem.input, self.plan.seed, &problem.name)?;
        let oracle = self.plan.verify.then(|| subject.oracle()).transpose()?;
        let naive = self.plan.naive.then(|| subject.time_naive(self.plan.min_time)).transpose()?;
        let traffic = compulsory_traffic(&work, problem.input)?;
        for &isa in &self.plan.isas {
            let operator = subject.operator(isa)?;
            for crew in &self.crews {
                let threads = crew.threads();
                self.peaks.sample(isa, threads, PEAK_TIME)?;
                let mut trial = Trial::new(operator.as_ref(), subject.input()?, crew)?;
                trial.run()?;
                let err_over_bound = oracle.as_ref().map(|oracle| oracle.worst(trial.output())).transpose()?;
                let timing = trial.time(self.plan.min_time)?;
                self.measured.push(Measured {
                    problem: problem.clone(),
                    work,
                    kernel: operator.kernel_name().to_owned(),
                    isa: operator.isa(),
                    threads,
                    timing,
                    traffic,
                    bandwidth: mixed_bandwidth(isa, threads, traffic, BANDWIDTH_TIME)?,
                    naive,
                    err_over_bound,
                });
                self.peaks.sample(isa, threads, PEAK_TIME)?;
            }
        }
        Ok(())
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
            err_over_bound: self.err_over_bound,
            verified: self.err_over_bound.is_some_and(|error| error <= 1.0),
            cpu: cpu.to_owned(),
        }
    }
}
