//! Writes benchmark reports: a Markdown table for people, CSV and JSON for programs.

mod csv;
mod html;
mod markdown;
mod table;

pub use html::Page;
pub use markdown::{Align, markdown};
pub use table::{shape, significant};

use crate::bench::{Report, SCHEMA};
use crate::machine::{Cache, Cpu};
use clap::ValueEnum;
use std::io::{Result, Write};

/// Formats of `bench`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A Markdown table, made to be read.
    Md,
    /// Comma-separated values with a header.
    Csv,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Jsonl,
}

/// Formats of the other commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    /// Made to be read.
    Text,
    /// One JSON document.
    Json,
}

/// One line about the processor.
pub fn cpu_line(cpu: &Cpu) -> String {
    let cores = match cpu.physical_cores {
        Some(physical) if physical != cpu.logical_cores => {
            format!("{} logical cores on {physical} physical ones", cpu.logical_cores)
        }
        _ => format!("{} {}", cpu.logical_cores, if cpu.logical_cores == 1 { "core" } else { "cores" }),
    };
    format!("CPU: {} ({}), {cores}", cpu.model, cpu.arch)
}

/// One cache: level, size, who shares it.
pub fn cache_text(cache: &Cache) -> String {
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

/// Writes a report; the line about the CPU comes before a Markdown table and was written already.
pub fn write_report(out: &mut dyn Write, report: &Report, format: Format) -> Result<()> {
    match format {
        Format::Md => table::write(out, report),
        Format::Csv => csv::write(out, &report.rows),
        Format::Json => {
            let Report { cpu, seed, rows } = report;
            write_json(out, &serde_json::json!({ "schema": SCHEMA, "cpu": cpu, "seed": seed, "rows": rows }))
        }
        Format::Jsonl => report.rows.iter().try_for_each(|row| writeln!(out, "{}", serde_json::to_string(row)?)),
    }
}

/// Writes one indented JSON document.
pub fn write_json(out: &mut dyn Write, document: &impl serde::Serialize) -> Result<()> {
    writeln!(out, "{}", serde_json::to_string_pretty(document)?)
}
