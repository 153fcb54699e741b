//! Option values and options that several commands share. Errors say what would have been right.

use clap::Args;
use sepconv::{Isa, Layout};
use sepconv_console::options;
use std::time::Duration;

/// How a command runs what it measures.
#[derive(Debug, Args)]
pub struct Conditions {
    /// hwc or chw
    #[arg(long, value_parser = options::layout, default_value = "hwc")]
    pub layout: Layout,
    /// portable, avx2, avx512 or neon [default: the best one here, or SEPCONV_ISA]
    #[arg(long, value_parser = options::isa)]
    isa: Option<Isa>,
    /// Threads; the naive path always has one
    #[arg(long, value_parser = threads, default_value = "1")]
    pub threads: usize,
    /// Seconds for each measurement
    #[arg(allow_negative_numbers = true, long, value_parser = seconds, default_value = "0.2")]
    pub min_time: Duration,
}

impl Conditions {
    /// The instruction set that was asked for, or the best one here.
    pub fn isa(&self) -> sepconv::Result<Isa> {
        Ok(self.isa.map_or_else(Isa::preferred, Ok)?)
    }
}

/// Threads beyond any machine: a mistake.
const MOST_THREADS: usize = 1024;

/// Reads a number of threads.
pub fn threads(text: &str) -> Result<usize, String> {
    let threads = text.trim().parse().ok().filter(|threads| (1..=MOST_THREADS).contains(threads));
    threads.ok_or_else(|| format!("threads are a number from 1 to {MOST_THREADS}"))
}

/// Reads a time in seconds.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.trim().parse().ok().filter(|seconds| (0.0..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "seconds are a number from 0 to 3600".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_their_ranges() {
        assert!(threads("0").is_err() && threads("100000").is_err() && threads("x").is_err());
        assert!(seconds("-1").is_err() && seconds("NaN").is_err() && seconds("inf").is_err());
        assert_eq!((threads("2"), seconds("0.5")), (Ok(2), Ok(Duration::from_millis(500))));
    }
}
