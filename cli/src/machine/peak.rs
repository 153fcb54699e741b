//! The floating-point peak: multiply-adds in registers and nothing else.

use super::gang::{Looks, best_rate};
use sepconv::{Isa, Result, probe};
use std::time::Duration;

/// Multiply-add rounds of one call of the probe: some ten microseconds.
const ROUNDS: usize = 4096;

/// GFLOP/s (a multiply-add is two) of so many threads together, looking for about `time`.
pub fn fma_peak(isa: Isa, threads: usize, time: Duration) -> Result<f64> {
    let isa = isa.require()?;
    let looks = Looks { rounds: 4, window: time / 4 };
    let per_second = best_rate(threads, looks, |_| (), |()| probe::multiply_add(isa, ROUNDS))?;
    Ok(per_second / 1e9)
}

/// The best peaks seen during a run, per instruction set and number of threads.
///
/// Clock rates drift, so the peak is measured again and again between the rows that are compared with it.
#[derive(Debug, Default)]
pub struct Peaks {
    best: Vec<(Isa, usize, f64)>,
}

impl Peaks {
    /// Measures once more.
    pub fn sample(&mut self, isa: Isa, threads: usize, time: Duration) -> Result<()> {
        let seen = fma_peak(isa, threads, time)?;
        match self.best.iter_mut().find(|(i, t, _)| (*i, *t) == (isa, threads)) {
            Some((_, _, best)) => *best = best.max(seen),
            None => self.best.push((isa, threads, seen)),
        }
        Ok(())
    }

    /// The best so far; 0 if never measured.
    pub fn best(&self, isa: Isa, threads: usize) -> f64 {
        self.best.iter().find(|(i, t, _)| (*i, *t) == (isa, threads)).map_or(0.0, |&(_, _, best)| best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_sample_is_kept_per_instruction_set_and_threads() {
        let mut peaks = Peaks::default();
        peaks.sample(Isa::Portable, 1, Duration::from_millis(1)).unwrap();
        let first = peaks.best(Isa::Portable, 1);
        peaks.sample(Isa::Portable, 1, Duration::from_millis(1)).unwrap();
        assert!(first > 0.0 && peaks.best(Isa::Portable, 1) >= first);
        assert_eq!(peaks.best(Isa::Portable, 2), 0.0);
    }
}
