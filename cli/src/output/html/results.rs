//! The table of results, numbered as the points of the pictures.

use super::text::Text;
use crate::measure::Row;
use crate::output::figures::significant;
use crate::output::table::{Column, columns, split_shared};
use sepconv_console::Align;
use std::fmt::{self, Formatter};

/// Writes what all rows share, then the table.
pub(super) fn write(f: &mut Formatter<'_>, rows: &[Row]) -> fmt::Result {
    let (shared, mut columns) = split_shared(columns(rows));
    columns.retain(|column| column.cells.iter().any(|cell| cell != "-"));
    columns.insert(
        0,
        Column { heading: "#", cells: (1..=rows.len()).map(|i| i.to_string()).collect(), align: Align::Right },
    );
    insert_after(&mut columns, "fast µs", "median µs", Align::Right, rows.iter().map(|row| significant(row.median_us)));
    insert_after(&mut columns, "% roofline", "bound", Align::Left, rows.iter().map(|row| bound(row).to_owned()));

    writeln!(f, "<section>\n<h2>Results</h2>\n<p>All rows: {}.</p>", Text(&shared.join(", ")))?;
    writeln!(f, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Results\">\n<table>\n<thead><tr>")?;
    for column in &columns {
        writeln!(f, "<th scope=\"col\"{}>{}</th>", class(column), column.heading)?;
    }
    writeln!(f, "</tr></thead>\n<tbody>")?;
    for (i, row) in rows.iter().enumerate() {
        line(f, i, row, &columns)?;
    }
    writeln!(f, "</tbody>\n</table>\n</div>\n<p class=\"small\">{NOTE}</p>\n</section>")
}

const NOTE: &str = "Rates and percentages come from the fastest sample. Speed-up: over the scalar reference on one thread. \
    Roofline: the longer of computing at the peak and moving the compulsory bytes at the bandwidth measured at the row's own \
    footprint; <i>bound</i> says which of the two. A layer's kernels show when the pointer rests on its name.";

fn insert_after(
    columns: &mut Vec<Column>,
    after: &str,
    heading: &'static str,
    align: Align,
    cells: impl Iterator<Item = String>,
) {
    let place = columns.iter().position(|column| column.heading == after).map_or(columns.len(), |i| i + 1);
    columns.insert(place, Column { heading, cells: cells.collect(), align });
}

fn line(f: &mut Formatter<'_>, i: usize, row: &Row, columns: &[Column]) -> fmt::Result {
    let wrong = if row.err_over_bound.is_some() && !row.verified { " class=\"wrong\"" } else { "" };
    write!(f, "<tr{wrong}>")?;
    for column in columns {
        let cell = Text(&column.cells[i]);
        match column.heading {
            "layer" => write!(f, "<th scope=\"row\" title=\"{}\">{cell}</th>", Text(&row.kernel))?,
            // A bar behind the number: its length is the percentage.
            "% roofline" => {
                let share = row.pct_roofline.clamp(0.0, 100.0);
                write!(f, "<td class=\"number bar\" style=\"--share:{share:.0}%\">{cell}</td>")?;
            }
            _ => write!(f, "<td{}>{cell}</td>", class(column))?,
        }
    }
    writeln!(f, "</tr>")
}

fn class(column: &Column) -> &'static str {
    if column.align == Align::Right { " class=\"number\"" } else { "" }
}

/// What limits a row: computing at the peak, or moving its bytes.
fn bound(row: &Row) -> &'static str {
    if row.roofline_us > row.compute_us() * (1.0 + 1e-9) { "memory" } else { "compute" }
}
