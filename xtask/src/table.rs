//! The table of rows as documents and limits see it: names, levels, registers. What they know of `kernels/build/` stands here.

use crate::asm::Arch;
use crate::kernels::table::{TILES, Tile};
use crate::shims;

/// A level as the table has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// As kernel names end.
    pub name: &'static str,
    /// Path of its type, as it ends in what the compiler prints.
    pub token: &'static str,
    /// Vector registers.
    pub registers: usize,
    /// Registers that one vector takes.
    pub per_vector: usize,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Family and tile, as between element type and level in kernel names.
    pub name: String,
    pub level: &'static str,
    /// Vectors live in the hot loop.
    pub live: usize,
    /// Whether one of its instances ends in curves in registers.
    pub curve: bool,
}

/// The levels, in the table's order.
pub fn levels() -> Vec<Level> {
    let mut levels: Vec<Level> = Vec::new();
    for target in TILES.iter().map(|tile| tile.target) {
        if levels.iter().all(|level| level.name != target.name) {
            let (name, token) = (target.name, target.token);
            levels.push(Level { name, token, registers: target.registers, per_vector: target.per_vector });
        }
    }
    levels
}

/// The rows, in the table's order.
pub fn rows() -> Vec<Row> {
    let row = |tile: &Tile| {
        let arch = if tile.target.arch.is_empty() { Arch::X86_64.name() } else { tile.target.arch };
        let names = shims::names_of(std::slice::from_ref(tile), arch);
        let name = names.iter().filter_map(|name| stem(name)).min_by_key(|name| name.len());
        Row {
            name: name.expect("every row of the table has a shim").to_owned(),
            level: tile.target.name,
            live: tile.live_vectors(),
            curve: names.iter().any(|name| name.contains("_curve__")),
        }
    };
    TILES.iter().map(row).collect()
}

/// Family and tile of a kernel's name, its epilogue included: what stands between element type and level.
fn stem(name: &str) -> Option<&str> {
    Some(name.strip_prefix("f32_")?.split_once("__")?.0)
}

/// The kernels of a level, by name.
pub fn kernels(level: &str) -> Vec<String> {
    let tiles: Vec<Tile> = TILES.iter().filter(|tile| tile.target.name == level).copied().collect();
    let arch = tiles.first().map_or("", |tile| tile.target.arch);
    shims::names_of(&tiles, if arch.is_empty() { Arch::X86_64.name() } else { arch })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_the_name_without_epilogue_and_level() {
        let rows = rows();
        assert_eq!(rows.len(), TILES.len());
        for row in &rows {
            assert!(!row.name.contains("_curve") && !row.name.contains("__") && row.live > 0, "{row:?}");
        }
        assert_eq!(stem("f32_pw_hwc_6x2v_curve__avx2"), Some("pw_hwc_6x2v_curve"));
    }

    #[test]
    fn a_row_has_a_kernel_and_one_more_for_curves() {
        for level in levels() {
            let of_level = rows().into_iter().filter(|row| row.level == level.name);
            let expected: usize = of_level.map(|row| 1 + usize::from(row.curve)).sum();
            assert_eq!(kernels(level.name).len(), expected, "{level:?}");
        }
    }
}
