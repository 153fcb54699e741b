//! A benchmark as one self-contained HTML page: roofline pictures, the table, machine and build. It loads nothing from elsewhere,
//! needs no script, and follows the reader's choice of light or dark.

mod ceilings;
mod details;
mod labels;
mod page;
mod results;
mod roofline;
mod scale;
mod series;
mod text;

pub use page::Page;

use super::distinct::distinct;
use super::machine::cpu_line;
use super::table;
use std::fmt::{self, Display, Formatter};
use text::Text;

impl Display for Page<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let rows = &self.report.rows;
        let title = format!("sepconv bench: {}", distinct(rows.iter().map(|row| row.suite.as_str())).join(", "));
        writeln!(
            f,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>",
            Text(&title),
            include_str!("page.css")
        )?;
        writeln!(f, "<h1>{}</h1>\n<p>{}<br>{}</p>", Text(&title), Text(&cpu_line(&self.report.cpu)), Text(&self.date))?;
        for line in table::summary(rows) {
            writeln!(f, "<p>{}</p>", Text(&line))?;
        }
        self.pictures(f)?;
        results::write(f, rows)?;
        details::write(f, self)?;
        writeln!(f, "</main>\n</body>\n</html>")
    }
}

impl Page<'_> {
    /// One picture for each number of threads: its ceilings are its own.
    fn pictures(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "<section>\n<h2>Roofline</h2>")?;
        writeln!(
            f,
            "<p>Each point is one row of the table below. To the right: more operations for each byte that has to be moved \
             (input, weights and output once). Upwards: faster. Ceilings were measured in this run; the sloping ones are the \
             rates at which each level of the memory is copied.</p>"
        )?;
        for threads in self.report.thread_counts() {
            roofline::write(f, &self.report.rows, self.bandwidths, threads)?;
        }
        writeln!(f, "</section>")
    }
}
