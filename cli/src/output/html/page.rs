//! What is on the page.

use crate::machine::{Bandwidth, Cache};
use crate::measure::Report;

/// Everything on the page.
pub struct Page<'a> {
    /// What was measured.
    pub report: &'a Report,
    /// Caches of the machine.
    pub caches: &'a [Cache],
    /// Bandwidth of every level, for every number of threads in the report.
    pub bandwidths: &'a [Bandwidth],
    /// The command line.
    pub command: String,
    /// When the page was made.
    pub date: String,
}
