//! The tiles of each level and the number of its kernels, from the names of the table's rows.

use super::markdown;
use crate::table::{self, Level, Row};
use std::collections::BTreeMap;

/// A row of the table as a line and a cell of the document.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    product: bool,
    /// Lines are sorted by this.
    rank: [usize; 3],
    line: String,
    layout: String,
    tile: String,
}

/// Lines of the document as they are sorted: those of products last.
type Lines = BTreeMap<(bool, [usize; 3], String), Vec<(Entry, Row)>>;

/// Two tables: depthwise tiles, products.
pub fn tiles() -> Result<String, String> {
    let levels = table::levels();
    let mut lines = Lines::new();
    for row in table::rows() {
        if matches!(row.name.as_str(), "copy_row" | "probe") {
            continue;
        }
        let entry = entry(&row.name).ok_or_else(|| format!("docs/kernels.md has no place for {}", row.name))?;
        lines.entry((entry.product, entry.rank, entry.line.clone())).or_default().push((entry, row));
    }
    let made = |wanted: bool| {
        let of_kind = lines.iter().filter(|((product, ..), _)| *product == wanted);
        let rows = of_kind.map(|((_, _, line), entries)| {
            let cells = levels.iter().map(|level| {
                let here: Vec<_> = entries.iter().filter(|(_, row)| row.level == level.name).collect();
                if wanted { products(&here) } else { depthwise(&here) }
            });
            [line.clone()].into_iter().chain(cells).collect()
        });
        let first = if wanted { "product tile" } else { "depthwise tile" };
        let header: Vec<String> = [first.to_owned()].into_iter().chain(levels.iter().map(heading)).collect();
        markdown(&header, false, &rows.collect::<Vec<_>>())
    };
    Ok(format!("{}\n{}", made(false), made(true)))
}

/// Kernels of each level, epilogues counted.
pub fn counts() -> String {
    let levels = table::levels();
    let names: Vec<String> = levels.iter().map(|level| level.name.to_owned()).collect();
    let counts = levels.iter().map(|level| table::kernels(level.name).len().to_string());
    markdown(&names, true, &[counts.collect()])
}

fn heading(level: &Level) -> String {
    let per_vector = if level.per_vector > 1 { format!(", {} a vector", level.per_vector) } else { String::new() };
    format!("{}: {} registers{per_vector}", level.name, level.registers)
}

/// The tiles of a line and level, by layout where they differ.
fn depthwise(here: &[&(Entry, Row)]) -> String {
    let of = |layout: &str| {
        let tiles = here.iter().filter(|(entry, _)| entry.layout == layout);
        let each = tiles.map(|(entry, row)| format!("{} ({}){}", entry.tile, row.live, mark(row.curve)));
        each.collect::<Vec<_>>().join(", ")
    };
    match (of("HWC"), of("CHW")) {
        (hwc, chw) if hwc == chw && !hwc.is_empty() => format!("both {hwc}"),
        (hwc, chw) => {
            let parts = [("HWC ", hwc), ("CHW ", chw)].into_iter().filter(|(_, tiles)| !tiles.is_empty());
            parts.map(|(layout, tiles)| format!("{layout}{tiles}")).collect::<Vec<_>>().join("; ")
        }
    }
}

/// The heights of a line's tiles, and the registers of the largest.
fn products(here: &[&(Entry, Row)]) -> String {
    let Some(live) = here.iter().map(|(_, row)| row.live).max() else { return String::new() };
    let marked = here.iter().any(|(_, row)| row.curve) && here.iter().any(|(_, row)| !row.curve);
    let tile = |(entry, row): &&(Entry, Row)| format!("{}{}", entry.tile, mark(marked && row.curve));
    let all = here.iter().all(|(_, row)| row.curve);
    format!("{} ({live}){}", here.iter().map(tile).collect::<Vec<_>>().join(", "), mark(all))
}

fn mark(curve: bool) -> &'static str {
    if curve { " c" } else { "" }
}

/// Reads a name by the grammar that docs/kernels.md has.
fn entry(name: &str) -> Option<Entry> {
    let words: Vec<&str> = name.split('_').collect();
    let (product, layout) = (words[0] == "pw", words.get(1)?.to_uppercase());
    let new = |rank, line, tile| Some(Entry { product, rank, line, layout: layout.clone(), tile });
    match words.as_slice() {
        ["dw", _, "generic", tile] => new([3, 0, 0], "generic".to_owned(), outputs(tile)?.to_string()),
        ["dw", _, window, tile] if window.contains('n') => {
            let (taps, stride) = line_window(window)?;
            let plural = if taps == 1 { "" } else { "s" };
            new([0, taps, stride], format!("{taps} tap{plural}, stride {stride}"), outputs(tile)?.to_string())
        }
        ["dw", _, window, tile, "2c"] => {
            let (taps, stride) = line_window(window)?;
            new([2, taps, stride], format!("two channels, {taps} taps, stride {stride}"), outputs(tile)?.to_string())
        }
        ["dw", _, window, tile] => {
            let (size, stride) = window.split_once('s')?;
            let (taps, _) = size.split_once('x')?;
            let [taps, stride] = [taps.parse().ok()?, stride.parse().ok()?];
            let line = format!("column {taps}×{taps}, stride {stride}");
            new([1, taps, stride], line, tile.strip_suffix('v')?.replace('x', "×"))
        }
        ["pw", _, tile] if tile.contains("vx") => {
            new([2, 0, 0], format!("few pixels, {layout}: V × P"), tile.replace("vx", "×"))
        }
        ["pw", _, tile] => {
            let (rows, vectors) = tile.strip_suffix('v')?.split_once('x')?;
            let wide: usize = vectors.parse().ok()?;
            let rank = [usize::from(layout != "HWC"), usize::MAX - wide, 0];
            new(rank, format!("{layout}, NV = {wide}"), rows.to_owned())
        }
        _ => None,
    }
}

/// Taps and stride of `nx3s1` or `3xns1`.
fn line_window(window: &str) -> Option<(usize, usize)> {
    let (size, stride) = window.split_once('s').filter(|(size, _)| size.contains('n'))?;
    let taps = size.trim_matches(['n', 'x']);
    Some((taps.parse().ok()?, stride.parse().ok()?))
}

/// Outputs of `1x7` or `7x1`.
fn outputs(tile: &str) -> Option<usize> {
    let (down, along) = tile.split_once('x')?;
    Some(down.parse::<usize>().ok()? * along.parse::<usize>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_by_their_grammar() {
        let of = |name| entry(name).map(|entry| (entry.line, entry.layout, entry.tile));
        let is = |line: &str, layout: &str, tile: &str| Some((line.to_owned(), layout.to_owned(), tile.to_owned()));
        assert_eq!(of("dw_hwc_nx5s2_1x7"), is("5 taps, stride 2", "HWC", "7"));
        assert_eq!(of("dw_chw_1xns1_14x1"), is("1 tap, stride 1", "CHW", "14"));
        assert_eq!(of("dw_chw_7xns2_7x1_2c"), is("two channels, 7 taps, stride 2", "CHW", "7"));
        assert_eq!(of("dw_hwc_3x3s2_2x7x1v"), is("column 3×3, stride 2", "HWC", "2×7×1"));
        assert_eq!(of("dw_chw_generic_8x1"), is("generic", "CHW", "8"));
        assert_eq!(of("pw_hwc_14x2v"), is("HWC, NV = 2", "HWC", "14"));
        assert_eq!(of("pw_chw_1vx4"), is("few pixels, CHW: V × P", "CHW", "1×4"));
        for name in ["dw_hwc", "pw_hwc_14", "dw_hwc_3x3_2", "copy_row", "dw_hwc_nxs1_1x7"] {
            assert_eq!(entry(name), None, "{name}");
        }
    }

    #[test]
    fn a_cell_joins_layouts_that_are_alike_and_marks_curves() {
        let line = |name: &str, curve| {
            let row = Row { name: name.to_owned(), level: "avx2", live: 11, curve };
            (entry(name).unwrap(), row)
        };
        let (hwc, chw, wide) =
            (line("dw_hwc_nx3s1_1x7", true), line("dw_chw_3xns1_7x1", true), line("dw_chw_3xns1_14x1", false));
        assert_eq!(depthwise(&[&hwc, &chw]), "both 7 (11) c");
        assert_eq!(depthwise(&[&hwc, &wide, &chw]), "HWC 7 (11) c; CHW 14 (11), 7 (11) c");
        assert_eq!(depthwise(&[]), "");
        let (tall, one) = (line("pw_hwc_6x2v", true), line("pw_hwc_1x2v", true));
        assert_eq!(products(&[&tall, &one]), "6, 1 (11) c");
        let plain = line("pw_hwc_1x2v", false);
        assert_eq!(products(&[&tall, &plain]), "6 c, 1 (11)");
    }

    #[test]
    fn every_row_of_the_table_has_a_place() {
        let text = tiles().unwrap();
        assert!(text.contains("| generic | both 8 (9)") && text.contains("few pixels"), "{text}");
        assert_eq!(counts().lines().count(), 3);
    }
}
