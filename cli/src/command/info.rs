//! `sepconv info`: what this CPU is, and the ceilings that it has, measured.

use crate::machine::{Bandwidth, Cache, Cpu, data_caches, fma_peak, level_bandwidths, logical_cores};
use crate::output::{cache_text, cpu_line, threads_text};
use anyhow::Result;
use clap::Args;
use sepconv::Isa;
use sepconv_console::exit::Outcome;
use sepconv_console::print::TextOrJson;
use sepconv_console::{Align, markdown};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

/// Options of `info`.
#[derive(Debug, Args)]
pub struct InfoArgs {
    /// Output format
    #[arg(short, long, value_enum, default_value_t = TextOrJson::Text)]
    output: TextOrJson,
}

/// Everything that `info` says.
#[derive(Debug, Serialize)]
struct Info {
    cpu: Cpu,
    caches: Vec<Cache>,
    isas: Vec<IsaInfo>,
    /// Features of the CPU that are worth knowing, and whether it has them.
    features: BTreeMap<&'static str, bool>,
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
    args.output.print(&info, |out| write_text(out, &info))?;
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
        bandwidths.extend(level_bandwidths(chosen, threads, &caches, BANDWIDTH_TIME)?);
        let peak = peaks.iter().rev().find(|peak| peak.isa == chosen.name()).map_or(0.0, |peak| peak.gflops);
        let memory = bandwidths.last().map_or(f64::INFINITY, |memory| memory.read_gb_s);
        ridges.push(Ridge { threads, flops_per_byte: peak / memory });
    }
    let isas = Isa::ALL.iter().map(|isa| IsaInfo { name: isa.name(), available: isa.is_available() }).collect();
    Ok(Info {
        cpu: Cpu::detect(),
        caches,
        isas,
        features: sepconv::isa::features().iter().map(|feature| (feature.name, feature.available)).collect(),
        chosen_isa: chosen.name(),
        fma_peak: peaks,
        bandwidth: bandwidths,
        ridge: ridges,
        seconds: begun.elapsed().as_secs_f64(),
    })
}

fn write_text(out: &mut dyn Write, info: &Info) -> std::io::Result<()> {
    writeln!(out, "{}", cpu_line(&info.cpu))?;
    let caches: Vec<String> = info.caches.iter().map(cache_text).collect();
    writeln!(out, "Data caches: {}", caches.join("; "))?;
    let names = |available| {
        let names: Vec<&str> = info.isas.iter().filter(|isa| isa.available == available).map(|isa| isa.name).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    let (here, missing) = (names(true), names(false));
    writeln!(out, "Instruction sets: {here} (missing: {missing}); chosen: {}", info.chosen_isa)?;
    let features = |present| {
        let names = info.features.iter().filter(|&(_, &available)| available == present).map(|(name, _)| *name);
        names.collect::<Vec<_>>().join(", ")
    };
    if !info.features.is_empty() {
        writeln!(out, "Features: {} (missing: {})", features(true), features(false))?;
    }

    writeln!(out, "\n{}\n\n{}\n", peak_table(&info.fma_peak), bandwidth_table(&info.bandwidth))?;
    for ridge in &info.ridge {
        let (threads, ridge) = (threads_text(ridge.threads), ridge.flops_per_byte);
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
