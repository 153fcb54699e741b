//! Markdown tables that also read well on a terminal: columns padded, numbers to the right.

use comfy_table::{CellAlignment, Table, presets};

/// Where the cells of a column stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A table with these headings; every row has one cell a heading.
pub fn markdown(headings: &[(&str, Align)], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(headings.iter().map(|(heading, _)| *heading));
    table.add_rows(rows);
    for (i, _) in headings.iter().enumerate().filter(|(_, (_, align))| *align == Align::Right) {
        if let Some(column) = table.column_mut(i) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_on_the_right() {
        let rows = [["a", "1"], ["bb", "1000"]].map(|row| row.map(str::to_owned).to_vec());
        let text = markdown(&[("name", Align::Left), ("n", Align::Right)], rows);
        assert_eq!(text, "| name |    n |\n|------|------|\n| a    |    1 |\n| bb   | 1000 |");
    }
}
