//! The machine that things are measured on: what it says of itself, and what it can do at most.

mod bandwidth;
mod busy;
mod caches;
mod cpu;
mod gang;
mod levels;
mod memory;
mod peak;

pub use bandwidth::{Bandwidth, mixed_bandwidth};
pub use busy::busy_cores;
pub use caches::{Cache, data_caches};
pub use cpu::{Cpu, logical_cores};
pub use levels::level_bandwidths;
pub use memory::ensure_memory;
pub use peak::{Peaks, fma_peak};
