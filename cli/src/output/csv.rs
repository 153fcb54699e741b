//! Comma-separated values: the fields of a row in their order, lists joined by `x`, absent values empty.

use serde::Serialize;
use serde_json::Value;
use std::io::{Result, Write};

/// Writes a header and one line a row.
pub fn write<R: Serialize>(out: &mut dyn Write, rows: &[R]) -> Result<()> {
    for (i, row) in rows.iter().enumerate() {
        let Value::Object(fields) = serde_json::to_value(row)? else { continue };
        if i == 0 {
            writeln!(out, "{}", join(fields.keys().cloned()))?;
        }
        writeln!(out, "{}", join(fields.values().map(plain)))?;
    }
    Ok(())
}

fn join(cells: impl Iterator<Item = String>) -> String {
    cells.map(|cell| quoted(&cell)).collect::<Vec<_>>().join(",")
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join("x"),
        other => other.to_string(),
    }
}

/// Quotes what would end a cell (RFC 4180).
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Example {
        name: &'static str,
        stride: [usize; 2],
        time: Option<f64>,
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let rows = [
            Example { name: "plain", stride: [2, 1], time: Some(1.5) },
            Example { name: "a \"b\", c", stride: [1, 1], time: None },
        ];
        let mut text = vec![];
        write(&mut text, &rows).unwrap();
        let expected = "name,stride,time\nplain,2x1,1.5\n\"a \"\"b\"\", c\",1x1,\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }
}
