//! The harness's way to measure: warm-up, then rounds of samples; a sample is as many calls as last half a millisecond.

use crate::machine::CpuTime;
use anyhow::Result;
use serde::Serialize;
use std::time::{Duration, Instant};

/// How long to measure.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Seconds of all rounds together.
    pub seconds: f64,
    /// Rounds.
    pub rounds: u32,
}

/// Times in microseconds per call, under the names of the harness.
#[derive(Debug, Serialize)]
pub struct Timing {
    /// The fastest sample.
    pub us_min: f64,
    /// The median sample.
    pub us_med: f64,
    /// The median of each round.
    pub round_med: Vec<f64>,
    /// Number of samples.
    pub samples: usize,
    /// Calls of a sample.
    pub k: u32,
    /// Cores that other processes used meanwhile.
    pub other_cpus: f64,
}

const WARM_UP: Duration = Duration::from_millis(60);
const SAMPLE: Duration = Duration::from_micros(500);

/// Times `call`.
pub fn measure(budget: Budget, mut call: impl FnMut() -> Result<()>) -> Result<Timing> {
    let (begun, before) = (Instant::now(), CpuTime::now());
    let mut fastest = Duration::MAX;
    for calls in 1.. {
        let start = Instant::now();
        call()?;
        fastest = fastest.min(start.elapsed());
        if calls >= 3 && begun.elapsed() >= WARM_UP {
            break;
        }
    }
    let k = (SAMPLE.as_nanos() / fastest.as_nanos().max(100)).max(1) as u32;
    let (mut all, mut round_med) = (vec![], vec![]);
    for _ in 0..budget.rounds {
        let (round, mut samples) = (Instant::now(), vec![]);
        while samples.is_empty() || round.elapsed().as_secs_f64() < budget.seconds / f64::from(budget.rounds) {
            let start = Instant::now();
            for _ in 0..k {
                call()?;
            }
            samples.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(k));
        }
        round_med.push(median(&mut samples));
        all.append(&mut samples);
    }
    let others = CpuTime::now().others_since(&before) / begun.elapsed().as_secs_f64();
    let us_med = median(&mut all);
    Ok(Timing {
        us_min: all[0],
        us_med,
        round_med,
        samples: all.len(),
        k,
        other_cpus: (others * 100.0).round() / 100.0,
    })
}

/// The middle of at least one value, which are sorted by the way.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}
