//! The explanation for people.

use super::explanation::Explanation;
use crate::output::{shape, significant};
use sepconv_console::{Align, markdown};
use std::io::{Result, Write};

/// Writes one layer.
pub(super) fn write(out: &mut dyn Write, explanation: &Explanation) -> Result<()> {
    let Explanation { choice, working_sets, bound, row } = explanation;
    writeln!(out, "\n{} {}: {} {}, {}, {}", row.suite, row.name, row.op, shape(row), row.layout, row.dtype)?;
    writeln!(out, "\nChosen")?;
    writeln!(out, "  instruction set  {}", choice.isa)?;
    for kernel in &choice.kernels {
        writeln!(out, "  kernel           {} (family {})", kernel.name, kernel.family)?;
        let (tile, lanes, count, epilogue) = (&kernel.tile, kernel.lanes, kernel.lane_count, kernel.epilogue);
        writeln!(out, "    tile           {tile}, the {count} lanes are {lanes}; {epilogue}")?;
        writeln!(out, "    why            {}", kernel.why)?;
    }
    writeln!(out, "  threads          {} at most", choice.threads)?;
    match (choice.fused, choice.band_rows) {
        (Some(true), Some(rows)) => {
            writeln!(out, "  fused            yes: the stages take turns, {rows} output rows at a time")?
        }
        (Some(_), _) => writeln!(out, "  fused            no: each stage is finished before the next one starts")?,
        (None, _) => {}
    }
    writeln!(out, "  scratch          {} KiB", kib(choice.workspace_bytes))?;

    let headings = [("working set", Align::Left), ("KiB", Align::Right), ("fits", Align::Left)];
    let lines = working_sets.iter().map(|set| vec![set.what.to_owned(), kib(set.bytes), set.level.clone()]);
    writeln!(out, "\n{}\n", markdown(&headings, lines))?;

    writeln!(out, "Bound by {}", bound.by)?;
    let (flops, peak) = (significant(2.0 * row.macs as f64 / 1e6), significant(row.fma_peak_gflops));
    writeln!(
        out,
        "  computing  {} µs: {flops} MFLOP at the FMA peak of {peak} GFLOP/s",
        significant(bound.compute_us)
    )?;
    let (moved, rate) = (kib(row.bytes), significant(bound.gb_s));
    writeln!(
        out,
        "  moving     {} µs: {moved} KiB at {rate} GB/s, they fit {}",
        significant(bound.memory_us),
        bound.level
    )?;
    let predicted = bound.compute_us.max(bound.memory_us);
    writeln!(
        out,
        "Time: {} µs measured, {} µs predicted by the bound ({:.0} % of it reached)",
        significant(row.min_us),
        significant(predicted),
        100.0 * predicted / row.min_us
    )?;
    match row.verified {
        true => writeln!(out, "Every output is within its error bound."),
        false => {
            writeln!(out, "The result is WRONG: error {:.3e} of its bound.", row.err_over_bound.unwrap_or(f64::NAN))
        }
    }
}

fn kib(bytes: u64) -> String {
    significant(bytes as f64 / 1024.0)
}
