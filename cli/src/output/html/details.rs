//! Machine and build: what the figures depend on.

use super::page::Page;
use super::text::Text;
use crate::output::distinct::distinct;
use crate::output::figures::{significant, threads_text};
use crate::output::machine::cache_text;
use crate::output::table;
use sepconv::Isa;
use std::fmt::{self, Formatter};

/// Writes both sections.
pub(super) fn write(f: &mut Formatter<'_>, page: &Page<'_>) -> fmt::Result {
    writeln!(f, "<section>\n<h2>Machine</h2>")?;
    let caches: Vec<String> = page.caches.iter().map(cache_text).collect();
    let isas: Vec<&str> = Isa::available().iter().map(|isa| isa.name()).collect();
    let cpu = &page.report.cpu;
    let physical = cpu.physical_cores.map_or("unknown".to_owned(), |cores| cores.to_string());
    list(
        f,
        &[
            ("CPU", format!("{} ({})", cpu.model, cpu.arch)),
            ("Cores", format!("{} logical, {physical} physical", cpu.logical_cores)),
            ("Data caches", caches.join("; ")),
            ("Instruction sets", isas.join(", ")),
            ("Used here", distinct(page.report.rows.iter().map(|row| row.isa)).join(", ")),
        ],
    )?;
    small_table(f, "FMA peak", &["instruction set", "threads", "GFLOP/s"], table::peaks(&page.report.rows))?;
    bandwidths(f, page)?;
    writeln!(f, "</section>\n<section>\n<h2>Build and run</h2>")?;
    let opt_level = env!("BUILD_OPT_LEVEL");
    let checks = if cfg!(debug_assertions) { "on" } else { "off" };
    list(
        f,
        &[
            ("Program", format!("sepconv {}", env!("CARGO_PKG_VERSION"))),
            ("Compiler", env!("BUILD_RUSTC").to_owned()),
            ("Target", env!("BUILD_TARGET").to_owned()),
            ("Profile", format!("opt-level {opt_level}, debug assertions {checks}")),
            ("Date", page.date.clone()),
            ("Command", page.command.clone()),
            ("Seed", page.report.seed.to_string()),
        ],
    )?;
    writeln!(f, "</section>")
}

fn list(f: &mut Formatter<'_>, entries: &[(&str, String)]) -> fmt::Result {
    writeln!(f, "<dl>")?;
    for (name, value) in entries {
        writeln!(f, "<dt>{name}</dt><dd>{}</dd>", Text(value))?;
    }
    writeln!(f, "</dl>")
}

fn bandwidths(f: &mut Formatter<'_>, page: &Page<'_>) -> fmt::Result {
    let lines = page.bandwidths.iter().map(|b| {
        let mib = b.footprint_bytes as f64 / f64::from(1 << 20);
        let [read, write, copy] = [b.read_gb_s, b.write_gb_s, b.copy_gb_s].map(significant);
        [b.level.clone(), threads_text(b.threads), significant(mib), read, write, copy]
    });
    let headings = ["level", "threads", "MiB in all", "read", "write", "copy"];
    small_table(f, "Bandwidth in GB/s; a copied byte counts twice", &headings, lines)
}

/// A table whose first column names its lines.
fn small_table<const N: usize>(
    f: &mut Formatter<'_>,
    caption: &str,
    headings: &[&str; N],
    lines: impl IntoIterator<Item = [String; N]>,
) -> fmt::Result {
    writeln!(f, "<div class=\"wide\"><table class=\"small\"><caption>{caption}</caption>")?;
    write!(f, "<thead><tr>")?;
    for (i, heading) in headings.iter().enumerate() {
        write!(f, "<th scope=\"col\"{}>{heading}</th>", if i == 0 { "" } else { " class=\"number\"" })?;
    }
    writeln!(f, "</tr></thead>\n<tbody>")?;
    for line in lines {
        write!(f, "<tr>")?;
        for (i, cell) in line.iter().enumerate() {
            match i {
                0 => write!(f, "<th scope=\"row\">{}</th>", Text(cell))?,
                _ => write!(f, "<td class=\"number\">{}</td>", Text(cell))?,
            }
        }
        writeln!(f, "</tr>")?;
    }
    writeln!(f, "</tbody></table></div>")
}
