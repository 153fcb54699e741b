//! All that can be said about one layer: asked, computed and measured.

use super::choice::Choice;
use super::working_set::{WorkingSet, smallest_level, working_sets};
use crate::machine::{Cpu, data_caches, mixed_bandwidth};
use crate::measure::{Plan, Row, Runner};
use crate::options::Conditions;
use crate::problem::{Problem, compulsory_traffic};
use anyhow::{Result, bail};
use serde::Serialize;
use std::time::Duration;

/// Everything about one layer.
#[derive(Debug, Serialize)]
pub(super) struct Explanation {
    /// What the library chose.
    pub choice: Choice,
    /// What is used again and again, and the nearest level of the memory that holds it.
    pub working_sets: Vec<WorkingSet>,
    /// What nothing can undercut.
    pub bound: Bound,
    /// The measurement, as `bench` gives it.
    pub row: Row,
}

/// The two times that nothing can undercut, and which of them counts.
#[derive(Debug, Serialize)]
pub(super) struct Bound {
    /// Multiply-adds at the FMA peak.
    pub compute_us: f64,
    /// Compulsory bytes at the bandwidth of their footprint and mix.
    pub memory_us: f64,
    /// That bandwidth.
    pub gb_s: f64,
    /// Nearest level that holds the compulsory bytes.
    pub level: String,
    /// `"compute"`, or `level`.
    pub by: String,
}

const BANDWIDTH_TIME: Duration = Duration::from_millis(30);

impl Explanation {
    /// Asks the library and measures.
    pub fn of(problem: &Problem, conditions: &Conditions) -> Result<Self> {
        let &Conditions { layout, threads, min_time, .. } = conditions;
        let isa = conditions.isa()?;
        let work = problem.work.with_layout(layout);
        let choice = Choice::of(&work, problem.input, isa, threads)?;
        let caches = data_caches();
        let sets = working_sets(&work, problem.input, choice.band_rows, &caches)?;
        let plan = Plan { isas: vec![isa], threads: vec![threads], min_time, naive: false, verify: true, seed: 1 };
        let mut runner = Runner::new(plan)?;
        runner.measure(problem, layout)?;
        let Some(row) = runner.finish(&Cpu::detect().model).pop() else { bail!("nothing was measured") };
        let traffic = compulsory_traffic(&work, problem.input)?;
        let gb_s = mixed_bandwidth(isa, threads, traffic, BANDWIDTH_TIME)?;
        let compute_us = row.compute_us();
        let memory_us = row.bytes as f64 / (gb_s * 1e3);
        let level = smallest_level(row.bytes, &caches);
        let by = if compute_us >= memory_us { "compute".to_owned() } else { level.clone() };
        Ok(Self { choice, working_sets: sets, bound: Bound { compute_us, memory_us, gb_s, level, by }, row })
    }
}
