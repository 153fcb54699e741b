//! The table for people: what is the same in all rows stands above it, not in it.

use super::distinct::distinct;
use super::figures::{shape, significant, threads_text};
use crate::measure::{Report, Row};
use sepconv_console::{Align, markdown};
use std::io::{Result, Write};

/// A column: its heading and its cells.
pub(super) struct Column {
    /// What it is.
    pub heading: &'static str,
    /// One text a row.
    pub cells: Vec<String>,
    /// Text or numbers.
    pub align: Align,
}

/// Writes what the rows share, the table, and a summary.
pub fn write(out: &mut dyn Write, report: &Report) -> Result<()> {
    let (shared, columns) = split_shared(columns(&report.rows));
    writeln!(out, "{}, seed {}", shared.join(", "), report.seed)?;
    for [isa, threads, gflops] in peaks(&report.rows) {
        writeln!(out, "FMA peak, {isa}, {threads}: {gflops} GFLOP/s")?;
    }
    writeln!(out, "\n{}\n", table(&columns))?;
    summary(&report.rows).iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn table(columns: &[Column]) -> String {
    let headings: Vec<_> = columns.iter().map(|column| (column.heading, column.align)).collect();
    let rows = columns.first().map_or(0, |column| column.cells.len());
    markdown(&headings, (0..rows).map(|row| columns.iter().map(|column| column.cells[row].clone()).collect()))
}

/// The columns of all rows.
pub(super) fn columns(rows: &[Row]) -> Vec<Column> {
    let column = |heading, align, cell: &dyn Fn(&Row) -> String| Column {
        heading,
        cells: rows.iter().map(cell).collect(),
        align,
    };
    let (text, number) = (Align::Left, Align::Right);
    vec![
        column("suite", text, &|row| row.suite.clone()),
        column("layer", text, &|row| row.name.clone()),
        column("op", text, &|row| row.op.to_owned()),
        column("shape", text, &shape),
        column("layout", text, &|row| row.layout.to_owned()),
        column("dtype", text, &|row| row.dtype.to_owned()),
        column("isa", text, &|row| row.isa.to_owned()),
        column("threads", number, &|row| row.threads.to_string()),
        column("naive ms", number, &|row| row.naive_us.map_or("-".into(), |us| significant(us / 1e3))),
        column("fast µs", number, &|row| significant(row.min_us)),
        column("speed-up", number, &|row| row.speedup_vs_naive.map_or("-".into(), |x| format!("{}×", significant(x)))),
        column("GFLOP/s", number, &|row| significant(row.gflops)),
        column("% peak", number, &|row| format!("{:.0}", row.pct_fma_peak)),
        column("% roofline", number, &|row| format!("{:.0}", row.pct_roofline)),
        column("check", text, &check),
    ]
}

/// Takes the columns about circumstances that never change out of the table.
pub(super) fn split_shared(columns: Vec<Column>) -> (Vec<String>, Vec<Column>) {
    let (mut shared, mut kept) = (vec![], vec![]);
    for column in columns {
        let constant = column.cells.windows(2).all(|pair| pair[0] == pair[1]);
        match column.heading {
            "suite" | "op" | "layout" | "dtype" | "isa" | "threads" if constant => {
                let value = column.cells.into_iter().next().unwrap_or_default();
                shared.push(match (column.heading, value.parse()) {
                    ("threads", Ok(threads)) => threads_text(threads),
                    _ => value,
                });
            }
            _ => kept.push(column),
        }
    }
    (shared, kept)
}

fn check(row: &Row) -> String {
    match row.err_over_bound {
        None => "not checked".into(),
        Some(error) if row.verified => format!("ok, {error:.3} of bound"),
        Some(error) => format!("WRONG, {error:.3e} of bound"),
    }
}

/// Instruction set, number of threads and GFLOP/s of every peak that rows were compared with.
pub(super) fn peaks(rows: &[Row]) -> Vec<[String; 3]> {
    let peak = |row: &Row| [row.isa.to_owned(), threads_text(row.threads), significant(row.fma_peak_gflops)];
    distinct(rows.iter().map(peak))
}

/// Speed-up and check, a sentence each.
pub(super) fn summary(rows: &[Row]) -> Vec<String> {
    let mut lines = vec![];
    let speed_ups: Vec<f64> = rows.iter().filter_map(|row| row.speedup_vs_naive).collect();
    if !speed_ups.is_empty() {
        let mean = (speed_ups.iter().map(|x| x.ln()).sum::<f64>() / speed_ups.len() as f64).exp();
        let least = speed_ups.iter().copied().fold(f64::INFINITY, f64::min);
        let runs = rows.iter().map(|row| row.naive_runs);
        let runs = (runs.clone().min().unwrap_or(0), runs.max().unwrap_or(0));
        let runs = if runs.0 == runs.1 { runs.0.to_string() } else { format!("{} to {}", runs.0, runs.1) };
        lines.push(format!(
            "Speed-up over the naive reference: at least {}, geometric mean {} (naive measured {runs} times a row, fastest counts).",
            significant(least),
            significant(mean)
        ));
    }
    let wrong = rows.iter().filter(|row| row.err_over_bound.is_some() && !row.verified).count();
    let checked = rows.iter().filter(|row| row.err_over_bound.is_some());
    let worst = checked.clone().filter_map(|row| row.err_over_bound).fold(0.0, f64::max);
    let checked = checked.count();
    lines.push(match (checked, wrong) {
        (0, _) => "Results were not checked.".into(),
        (_, 0) => format!(
            "Every output of all {checked} rows is within its error bound (largest error {worst:.3} of the bound)."
        ),
        _ => format!("{wrong} of {checked} rows have WRONG results."),
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_changes_leaves_the_table() {
        let column = |heading, cells: &[&str]| Column {
            heading,
            cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
            align: Align::Left,
        };
        let columns =
            vec![column("layout", &["hwc", "hwc"]), column("threads", &["1", "2"]), column("layer", &["a", "a"])];
        let (shared, kept) = split_shared(columns);
        assert_eq!(shared, ["hwc"]);
        assert_eq!(kept.iter().map(|column| column.heading).collect::<Vec<_>>(), ["threads", "layer"]);
    }
}
