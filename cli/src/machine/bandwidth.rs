//! Memory bandwidth at a given footprint: from a cache if the footprint fits one, from memory otherwise.

use super::gang::{Looks, best_rate};
use crate::problem::{AlignedVec, Traffic};
use sepconv::{Isa, Result, probe};
use serde::Serialize;
use std::time::Duration;

/// What is done with the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// All of it is read.
    Read,
    /// All of it is written.
    Write,
    /// One half is copied to the other.
    Copy,
}

/// Bandwidth of one footprint in GB/s (10⁹ bytes), all threads together; a copied byte counts twice: read and written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bandwidth {
    /// `"L1"`, `"L2"`, … or `"memory"`.
    pub level: String,
    /// Threads.
    pub threads: usize,
    /// Bytes that all threads together went through.
    pub footprint_bytes: usize,
    /// Reading.
    pub read_gb_s: f64,
    /// Writing.
    pub write_gb_s: f64,
    /// Copying.
    pub copy_gb_s: f64,
}

/// GB/s of so many threads that each go through `bytes` of their own, looking for about `time`.
pub fn stream_bandwidth(isa: Isa, threads: usize, bytes: usize, direction: Direction, time: Duration) -> Result<f64> {
    let (read, written) = match direction {
        Direction::Read => (bytes, 0),
        Direction::Write => (0, bytes),
        Direction::Copy => (bytes / 2, bytes / 2),
    };
    rate(isa, threads, [floats(read), floats(written)], time)
}

/// GB/s of this mix of reading and writing, its footprint shared out among the threads, looking for about `time`.
///
/// What can be copied is copied, the rest is only read or only written.
pub fn mixed_bandwidth(isa: Isa, threads: usize, traffic: Traffic, time: Duration) -> Result<f64> {
    let share = |bytes: u64| floats(usize::try_from(bytes).unwrap_or(usize::MAX).div_ceil(threads));
    rate(isa, threads, [share(traffic.read), share(traffic.written)], time)
}

/// Floats that a call of a probe goes through at least.
const CALL_FLOATS: usize = 1 << 17;

/// The probes go by 64 floats.
const fn floats(bytes: usize) -> usize {
    bytes.div_ceil(size_of::<f32>()).next_multiple_of(64)
}

/// GB/s of threads that each read and write so many floats of their own.
fn rate(isa: Isa, threads: usize, [read, written]: [usize; 2], time: Duration) -> Result<f64> {
    let isa = isa.require()?;
    let looks = Looks { rounds: 3, window: time / 3 };
    let both = read.min(written);
    // A call goes through so much memory that finding and calling the kernel no longer counts.
    let passes = (CALL_FLOATS / (read + written).max(1)).max(1);
    let prepare = |_| (AlignedVec::filled(read, 1.0), AlignedVec::filled(written, 1.0));
    let per_second = best_rate(threads, looks, prepare, |(from, to)| -> Result<u64> {
        let (copied, only_read) = from.as_slice().split_at(both);
        let (copied_to, only_written) = to.as_mut_slice().split_at_mut(both);
        let mut bytes = 0;
        if both > 0 {
            bytes += probe::copy(isa, copied, copied_to, passes)?;
        }
        if !only_read.is_empty() {
            bytes += probe::read(isa, only_read, passes)?;
        }
        if !only_written.is_empty() {
            bytes += probe::write(isa, only_written, passes)?;
        }
        Ok(bytes)
    })?;
    Ok(per_second / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_direction_and_mix_has_a_rate() {
        let time = Duration::from_millis(2);
        for direction in [Direction::Read, Direction::Write, Direction::Copy] {
            assert!(stream_bandwidth(Isa::Portable, 2, 4096, direction, time).unwrap() > 0.0);
        }
        for (read, written) in [(0, 4096), (4096, 0), (100_000, 777), (1, 1)] {
            let gb_s = mixed_bandwidth(Isa::Portable, 1, Traffic { read, written }, time).unwrap();
            assert!(gb_s > 0.0 && gb_s.is_finite(), "{read} read, {written} written: {gb_s}");
        }
    }
}
