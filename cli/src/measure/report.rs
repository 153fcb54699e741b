//! Everything that a benchmark gave.

use super::row::Row;
use crate::machine::Cpu;
use sepconv_console::exit::Outcome;

/// Rows with the processor and the seed that they share.
pub struct Report {
    /// The processor.
    pub cpu: Cpu,
    /// Seed of the data.
    pub seed: u64,
    /// What was measured, in the order of the suites.
    pub rows: Vec<Row>,
}

impl Report {
    /// Whether no checked result was wrong.
    pub fn outcome(&self) -> Outcome {
        Outcome::from_errors(self.rows.iter().filter_map(|row| row.err_over_bound))
    }

    /// The numbers of threads in it, each once, the smallest first.
    pub fn thread_counts(&self) -> Vec<usize> {
        let mut counts: Vec<usize> = self.rows.iter().map(|row| row.threads).collect();
        counts.sort_unstable();
        counts.dedup();
        counts
    }
}
