//! `sepconv info`: what this CPU is, and the ceilings that it has, measured.

use crate::args::InfoArgs;
use crate::exit::Outcome;
use crate::machine::{Bandwidth, Cache, Cpu, Direction, data_caches, fma_peak, logical_cores, stream_bandwidth};
use crate::output::{self, Align, TextOrJson, markdown};
use anyhow::Result;
use sepconv::Isa;
use serde::Serialize;
use std::io::Write;
use std::time::{Duration, Instant};

/// Everything that `info` says.
#[derive(Debug, Serialize)]
struct Info {
    cpu: Cpu,
    caches: Vec<Cache>,
    isas: Vec<IsaInfo>,
    /// Instruction set that operators use unless told otherwise.
    chosen_isa: &'static str,
    fma_peak: Vec<Peak>,
    bandwidth: Vec<Bandwidth>,
    ridge: Vec<Ridge>,
    /// How long finding this out took.
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct IsaInfo {
    name: &'static str,
    available: bool,
}

#[derive(Debug, Serialize)]
struct Peak {
    isa: &'static str,
    threads: usize,
    gflops: f64,
}

/// Operations per byte from memory above which the chosen instruction set's peak is the limit, below which memory is.
#[derive(Debug, Serialize)]
struct Ridge {
    threads: usize,
    flops_per_byte: f64,
}

const PEAK_TIME: Duration = Duration::from_millis(80);
const BANDWIDTH_TIME: Duration = Duration::from_millis(60);

/// Measures and prints.
pub fn run(args: &InfoArgs) -> Result<Outcome> {
    let info = gather()?;
    let mut out = std::io::stdout().lock();
    match args.output {
        TextOrJson::Json => output::write_json(&mut out, &info)?,
        TextOrJson::Text => write_text(&mut out, &info)?,
    }
    Ok(Outcome::Right)
}

fn gather() -> Result<Info> {
    let begun = Instant::now();
    let chosen = Isa::preferred()?;
    let caches = data_caches();
    let mut thread_counts = vec![1, logical_cores()];
    thread_counts.dedup();
    let (mut peaks, mut bandwidths, mut ridges) = (vec![], vec![], vec![]);
    for &threads in &thread_counts {
        for &isa in Isa::available() {
            peaks.push(Peak { isa: isa.name(), threads, gflops: fma_peak(isa, threads, PEAK_TIME)? });
        }
        for (level, bytes) in footprints(&caches, threads) {
            bandwidths.push(bandwidth(chosen, threads, level, bytes)?);
        }
        let peak = peaks.iter().rev().find(|peak| peak.isa == chosen.name()).map_or(0.0, |peak| peak.gflops);
        let memory = bandwidths.last().map_or(f64::INFINITY, |memory| memory.read_gb_s);
        ridges.push(Ridge { threads, flops_per_byte: peak / memory });
    }
    let isas = Isa::ALL.iter().map(|isa| IsaInfo { name: isa.name(), available: isa.is_available() }).collect();
    Ok(Info {
        cpu: Cpu::detect(),
        caches,
        isas,
        chosen_isa: chosen.name(),
        fma_peak: peaks,
        bandwidth: bandwidths,
        ridge: ridges,
        seconds: begun.elapsed().as_secs_f64(),
    })
}

fn bandwidth(isa: Isa, threads: usize, level: String, bytes: usize) -> sepconv::Result<Bandwidth> {
    let rate = |direction| stream_bandwidth(isa, threads, bytes, direction, BANDWIDTH_TIME);
    Ok(Bandwidth {
        level,
        threads,
        footprint_bytes: threads * bytes,
        read_gb_s: rate(Direction::Read)?,
        write_gb_s: rate(Direction::Write)?,
        copy_gb_s: rate(Direction::Copy)?,
    })
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

fn write_text(out: &mut dyn Write, info: &Info) -> std::io::Result<()> {
    writeln!(out, "{}", output::cpu_line(&info.cpu))?;
    let caches: Vec<String> = info.caches.iter().map(cache_text).collect();
    writeln!(out, "Data caches: {}", caches.join("; "))?;
    let names = |available| {
        let names: Vec<&str> = info.isas.iter().filter(|isa| isa.available == available).map(|isa| isa.name).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    let (here, missing) = (names(true), names(false));
    writeln!(out, "Instruction sets: {here} (missing: {missing}); chosen: {}", info.chosen_isa)?;

    writeln!(out, "\n{}\n\n{}\n", peak_table(&info.fma_peak), bandwidth_table(&info.bandwidth))?;
    for ridge in &info.ridge {
        let threads = if ridge.threads == 1 { "1 thread".to_owned() } else { format!("{} threads", ridge.threads) };
        let ridge = ridge.flops_per_byte;
        writeln!(out, "Ridge point, {}, {threads}: {ridge:.1} operations per byte read from memory", info.chosen_isa)?;
    }
    writeln!(out, "Measured in {:.1} s. A copied byte counts twice: read and written.", info.seconds)
}

fn peak_table(peaks: &[Peak]) -> String {
    let headings = [("FMA peak", Align::Left), ("threads", Align::Right), ("GFLOP/s", Align::Right)];
    let row = |peak: &Peak| vec![peak.isa.to_owned(), peak.threads.to_string(), format!("{:.1}", peak.gflops)];
    markdown(&headings, peaks.iter().map(row))
}

fn bandwidth_table(bandwidths: &[Bandwidth]) -> String {
    let numbers = ["threads", "MiB in all", "read GB/s", "write GB/s", "copy GB/s"].map(|name| (name, Align::Right));
    let headings = [&[("bandwidth", Align::Left)], &numbers[..]].concat();
    let row = |b: &Bandwidth| {
        let mib = b.footprint_bytes as f64 / f64::from(1 << 20);
        let rates = [b.read_gb_s, b.write_gb_s, b.copy_gb_s].map(|rate| format!("{rate:.1}"));
        [vec![b.level.clone(), b.threads.to_string(), format!("{mib:.2}")], rates.to_vec()].concat()
    };
    markdown(&headings, bandwidths.iter().map(row))
}

fn cache_text(cache: &Cache) -> String {
    let size = match cache.bytes {
        bytes if bytes >= 1 << 20 => format!("{} MiB", bytes >> 20),
        bytes => format!("{} KiB", bytes >> 10),
    };
    let sharing = match cache.shared_by {
        None => String::new(),
        Some(1) => ", own".to_owned(),
        Some(cores) => format!(", shared by {cores} logical cores"),
    };
    format!("L{} {size}{sharing}", cache.level)
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
