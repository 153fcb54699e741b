//! Tables of the manual that repeat what the code says: made from it, and compared with what stands between the markers
//! `<!-- generated: NAME -->` and `<!-- /generated -->`.

mod matrix;
mod tiles;
mod unsafe_files;

use std::path::Path;

/// A file, the name of a table in it, and what makes it.
type Table = (&'static str, &'static str, fn(&Path) -> Result<String, String>);

const TABLES: [Table; 3] = [
    ("docs/kernels.md", "tiles", |_| tiles::tiles()),
    ("docs/dispatch.md", "kernel-counts", |_| Ok(tiles::counts())),
    ("docs/dispatch.md", "matrix", matrix::table),
];

/// Compares, or writes what is stale. Then holds the list of files with unsafe code against the files.
pub fn run(update: bool) -> Result<(), String> {
    let root = crate::repository();
    let mut problems = Vec::new();
    for (file, name, make) in TABLES {
        let path = root.join(file);
        let text = read(&path)?;
        let made = make(&root)?;
        let written = region(&text, name).ok_or_else(|| format!("{file} has no markers of a table {name}"))?;
        if written.trim() == made.trim() {
            continue;
        }
        if update {
            let new = text.replacen(written, &format!("\n{}\n\n", made.trim_end()), 1);
            std::fs::write(&path, new).map_err(|e| format!("cannot write {file}: {e}"))?;
            println!("tables: wrote {name} in {file}");
        } else {
            problems.push(format!("{file}: the table {name} is stale\n{}", difference(written, &made)));
        }
    }
    if !problems.is_empty() {
        problems.push("cargo run -p xtask -- tables --update writes them".to_owned());
    }
    problems.extend(unsafe_files::problems(&root)?);
    if !problems.is_empty() {
        return Err(problems.join("\n"));
    }
    println!("tables: {} tables and the list of files with unsafe code are as the code is", TABLES.len());
    Ok(())
}

/// What stands between the markers of a table: with a line break at its beginning.
fn region<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<!-- generated: {name} -->\n"))?;
    rest.split_once("<!-- /generated -->").map(|(inside, _)| inside)
}

/// Lines that stand in one of two texts only.
fn difference(old: &str, new: &str) -> String {
    let lines = |text: &str, other: &str, sign: &str| {
        let alone = |line: &&str| !line.trim().is_empty() && other.lines().all(|its| its != *line);
        text.lines().filter(alone).map(|line| format!("{sign} {line}\n")).collect::<String>()
    };
    lines(old, new, "-") + &lines(new, old, "+")
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
}

/// A table in Markdown. The columns of numbers stand on the right.
fn markdown(header: &[String], numbers: bool, rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        format!("| {} |\n", cells.join(" | ")).replace("|  |", "| |").replace("|  |", "| |")
    };
    let rule = format!("|{}\n", if numbers { "--:|" } else { "---|" }.repeat(header.len()));
    line(header) + &rule + &rows.iter().map(|row| line(row)).collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_what_its_own_markers_enclose() {
        let text = "<!-- generated: a -->\nx\n<!-- /generated -->\n<!-- generated: b -->\ny\n<!-- /generated -->\n";
        assert_eq!(region(text, "b"), Some("y\n"));
        assert_eq!(region(text, "c"), None);
        assert_eq!(region("<!-- generated: a -->\nx\n", "a"), None);
    }

    #[test]
    fn a_difference_has_the_lines_of_one_side_only() {
        assert_eq!(difference("same\nold\n", "same\nnew\n"), "- old\n+ new\n");
    }

    #[test]
    fn empty_cells_are_one_blank() {
        let cells = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>();
        let made = markdown(&cells(&["a", "b", "c"]), true, &[cells(&["1", "", ""])]);
        assert_eq!(made, "| a | b | c |\n|--:|--:|--:|\n| 1 | | |\n");
    }
}
