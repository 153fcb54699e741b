//! Times of a thing that is done again and again: warm-up, a time budget, minimum and median.

use std::time::{Duration, Instant};

/// What came out of the measurements of one thing, in microseconds per call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// The fastest sample.
    pub min_us: f64,
    /// The middle one.
    pub median_us: f64,
    /// How often the thing was done while the clock ran.
    pub calls: u64,
}

impl Timing {
    /// A median far above the minimum: something else was running.
    pub fn is_noisy(&self) -> bool {
        self.median_us > 1.3 * self.min_us
    }

    fn from_samples(mut samples: Vec<f64>, calls: u64) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |i: usize| samples.get(i).copied().unwrap_or(0.0);
        let middle = samples.len() / 2;
        let median_us =
            if samples.len() % 2 == 1 { at(middle) } else { (at(middle.saturating_sub(1)) + at(middle)) / 2.0 };
        Self { min_us: at(0), median_us, calls }
    }
}

/// A sample shorter than this is made of several calls: reading the clock takes some 25 ns.
const SHORTEST_SAMPLE: Duration = Duration::from_micros(50);
const FEWEST_SAMPLES: usize = 3;

/// Times `call` for `budget` after a warm-up of a quarter of it, three samples at least.
pub fn measure<E>(budget: Duration, mut call: impl FnMut() -> Result<(), E>) -> Result<Timing, E> {
    let warm_up = Instant::now();
    let mut fastest = Duration::MAX;
    loop {
        let start = Instant::now();
        call()?;
        fastest = fastest.min(start.elapsed());
        if warm_up.elapsed() >= budget / 4 {
            break;
        }
    }
    let per_sample = SHORTEST_SAMPLE.as_nanos().div_ceil(fastest.as_nanos().max(1)).max(1) as u32;
    let (mut samples, begun) = (vec![], Instant::now());
    while samples.len() < FEWEST_SAMPLES || begun.elapsed() < budget {
        let start = Instant::now();
        for _ in 0..per_sample {
            call()?;
        }
        samples.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(per_sample));
    }
    let calls = samples.len() as u64 * u64::from(per_sample);
    Ok(Timing::from_samples(samples, calls))
}

/// Times something slow: once in any case, without warm-up, then again while `budget` lasts.
pub fn measure_slow<E>(budget: Duration, mut call: impl FnMut() -> Result<(), E>) -> Result<Timing, E> {
    let (mut samples, begun) = (vec![], Instant::now());
    loop {
        let start = Instant::now();
        call()?;
        samples.push(start.elapsed().as_secs_f64() * 1e6);
        if begun.elapsed() >= budget {
            let calls = samples.len() as u64;
            return Ok(Timing::from_samples(samples, calls));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minimum_and_median_of_samples() {
        let odd = Timing::from_samples(vec![5.0, 1.0, 3.0], 3);
        assert_eq!((odd.min_us, odd.median_us), (1.0, 3.0));
        let even = Timing::from_samples(vec![4.0, 1.0, 2.0, 3.0], 4);
        assert_eq!((even.min_us, even.median_us), (1.0, 2.5));
        assert!(odd.is_noisy());
        assert!(!Timing::from_samples(vec![1.0, 1.1, 1.2], 3).is_noisy());
    }

    #[test]
    fn a_sleep_takes_as_long_as_it_takes() {
        let sleep = || -> Result<(), ()> {
            std::thread::sleep(Duration::from_millis(2));
            Ok(())
        };
        let timing = measure(Duration::from_millis(1), sleep).unwrap();
        assert!(timing.min_us >= 2000.0 && timing.calls >= 3, "{timing:?}");
        let slow = measure_slow(Duration::ZERO, sleep).unwrap();
        assert!(slow.min_us >= 2000.0 && slow.calls == 1, "{slow:?}");
    }

    #[test]
    fn short_things_are_done_many_times_per_clock_reading() {
        let mut done = 0u64;
        let timing = measure(Duration::from_millis(4), || -> Result<(), ()> {
            done = std::hint::black_box(done + 1);
            Ok(())
        });
        let timing = timing.unwrap();
        assert!(timing.min_us < 1.0 && timing.calls > 1000 && done > timing.calls, "{timing:?}");
    }

    #[test]
    fn errors_end_the_measurement() {
        assert_eq!(measure(Duration::from_secs(60), || Err("no")), Err("no"));
        assert_eq!(measure_slow(Duration::from_secs(60), || Err("no")), Err("no"));
    }
}
