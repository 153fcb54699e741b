//! Bandwidth of every level of the memory: each cache, and what lies behind the last one.

use super::bandwidth::{Bandwidth, Direction, stream_bandwidth};
use super::caches::Cache;
use sepconv::{Isa, Result};
use std::time::Duration;

/// Bandwidths of so many threads together, the nearest level first, looking for about `time` at each figure.
pub fn level_bandwidths(isa: Isa, threads: usize, caches: &[Cache], time: Duration) -> Result<Vec<Bandwidth>> {
    let levels = footprints(caches, threads).into_iter();
    let measure = |(level, bytes)| {
        let rate = |direction| stream_bandwidth(isa, threads, bytes, direction, time);
        Ok(Bandwidth {
            level,
            threads,
            footprint_bytes: threads * bytes,
            read_gb_s: rate(Direction::Read)?,
            write_gb_s: rate(Direction::Write)?,
            copy_gb_s: rate(Direction::Copy)?,
        })
    };
    levels.map(measure).collect()
}

/// What each of `threads` threads has to go through so that it comes from one level: half of the thread's share of a cache, and for
/// memory, all together, four times the last cache.
fn footprints(caches: &[Cache], threads: usize) -> Vec<(String, usize)> {
    const LEAST_FOR_MEMORY: usize = 64 << 20;
    const MOST_FOR_MEMORY: usize = 512 << 20;
    let share = |cache: &Cache| {
        // Without knowledge: the last level is shared by all, the others by none.
        let by_default = if cache.level >= 3 { threads } else { 1 };
        cache.bytes / cache.shared_by.unwrap_or(by_default).clamp(1, threads)
    };
    let mut footprints: Vec<_> = caches.iter().map(|cache| (format!("L{}", cache.level), share(cache) / 2)).collect();
    let last = caches.iter().map(|cache| cache.bytes).max().unwrap_or(0);
    let memory = (4 * last).clamp(LEAST_FOR_MEMORY, MOST_FOR_MEMORY);
    footprints.push(("memory".to_owned(), memory / threads));
    footprints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn footprints_share_what_is_shared() {
        let cache = |level, bytes, shared_by| Cache { level, bytes, shared_by };
        let caches = [cache(1, 32 << 10, Some(1)), cache(2, 1 << 20, Some(2)), cache(3, 32 << 20, Some(8))];
        let sizes = |threads| footprints(&caches, threads).into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>();
        assert_eq!(sizes(1), [16 << 10, 512 << 10, 16 << 20, 128 << 20]);
        assert_eq!(sizes(4), [16 << 10, 256 << 10, 4 << 20, 32 << 20]);
    }
}
