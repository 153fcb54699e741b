//! Numbers and shapes as people read them.

use crate::measure::Row;

/// `1 thread`, `2 threads`, …
pub fn threads_text(threads: usize) -> String {
    if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") }
}

/// `112×112×32 3×3/2 → 64`: height, width and input channels, kernel and stride, output channels.
pub fn shape(row: &Row) -> String {
    let mut text = String::new();
    if row.n > 1 {
        text += &format!("{}×", row.n);
    }
    text += &format!("{}×{}×{} {}×{}", row.h, row.w, row.c, row.kh, row.kw);
    match row.stride {
        [1, 1] => {}
        [h, w] if h == w => text += &format!("/{h}"),
        [h, w] => text += &format!("/{h}×{w}"),
    }
    match row.dilation {
        [1, 1] => {}
        [h, w] => text += &format!(" dilated {h}×{w}"),
    }
    text + &format!(" → {}", row.cout)
}

/// Three significant digits, as many as a benchmark is worth.
pub fn significant(value: f64) -> String {
    let digits = match value.abs() {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.9995 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits() {
        for (value, text) in
            [(1234.5, "1234"), (99.96, "100"), (12.345, "12.3"), (9.999, "10.0"), (1.2345, "1.23"), (0.01234, "0.012")]
        {
            assert_eq!(significant(value), text);
        }
    }
}
