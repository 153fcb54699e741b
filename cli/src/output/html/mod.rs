//! A benchmark as one self-contained HTML page: roofline pictures, the table, machine and build. It loads nothing from elsewhere,
//! needs no script, and follows the reader's choice of light or dark.

mod details;
mod labels;
mod results;
mod roofline;
mod scale;
mod series;

use super::cpu_line;
use crate::bench::{Report, Row};
use crate::machine::{Bandwidth, Cache};
use std::fmt::{self, Display, Formatter};

/// Everything on the page.
pub struct Page<'a> {
    /// What was measured.
    pub report: &'a Report,
    /// Caches of the machine.
    pub caches: &'a [Cache],
    /// Bandwidth of every level, for every number of threads in the report.
    pub bandwidths: &'a [Bandwidth],
    /// The command line.
    pub command: String,
    /// When the page was made.
    pub date: String,
}

impl Display for Page<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let rows = &self.report.rows;
        let title = format!("sepconv bench: {}", names(rows, |row| &row.suite).join(", "));
        writeln!(
            f,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>",
            Text(&title),
            include_str!("page.css")
        )?;
        writeln!(f, "<h1>{}</h1>\n<p>{}<br>{}</p>", Text(&title), Text(&cpu_line(&self.report.cpu)), Text(&self.date))?;
        for line in super::table::summary(rows) {
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
        let mut thread_counts: Vec<usize> = self.report.rows.iter().map(|row| row.threads).collect();
        thread_counts.sort_unstable();
        thread_counts.dedup();
        for threads in thread_counts {
            roofline::write(f, &self.report.rows, self.bandwidths, threads)?;
        }
        writeln!(f, "</section>")
    }
}

/// `1 thread`, `2 threads`, …
fn threads_text(threads: usize) -> String {
    if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") }
}

/// Different values of a field, in the order in which they first occur.
fn names<'a>(rows: &'a [Row], field: impl Fn(&'a Row) -> &'a str) -> Vec<&'a str> {
    let mut names = vec![];
    for name in rows.iter().map(field) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Text that is no markup, in elements and in quoted attributes.
struct Text<'a>(&'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                _ => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_names_stays_text() {
        let text = Text("<b a=\"1\">&amp;").to_string();
        assert_eq!(text, "&lt;b a=&quot;1&quot;&gt;&amp;amp;");
    }
}
