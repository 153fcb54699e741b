//! Reads the names of kernels. No other file does.

use sepconv::Layout;
use serde::Serialize;

/// A kernel and what its name says (`docs/kernels.md` has the grammar).
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Kernel {
    /// Name in the library's registry.
    pub name: String,
    /// Register tile.
    pub tile: String,
    /// What the lanes of a vector are.
    pub lanes: &'static str,
}

/// The kernels of a name that an operator gives: one a stage.
pub(super) fn kernels(names: &str, layout: Layout) -> Vec<Kernel> {
    names.split(" + ").map(|name| Kernel::new(name, layout)).collect()
}

impl Kernel {
    /// Reads a name such as `f32_dw_hwc_nx3s1_1x7__avx2`: the tile is the last part before the instruction set that has an `x`.
    fn new(name: &str, layout: Layout) -> Self {
        let stem = name.split("__").next().unwrap_or(name);
        let tile = stem.rsplit('_').find(|part| part.contains('x') && part.starts_with(|c: char| c.is_ascii_digit()));
        let has = |part: &str| stem.contains(part);
        let (unit, lanes) = match () {
            () if has("dw_hwc") => ("rows × pixels", "channels"),
            // A map of few channels: its rows are taken as they lie in memory.
            () if has("dw_chw") && layout == Layout::Hwc => ("rows × vectors", "elements of a row"),
            () if has("dw_chw") => ("rows × vectors", "columns"),
            () if has("_hwc") => ("pixels × vectors of output channels", "output channels"),
            () if has("_chw") => ("output channels × vectors of pixels", "pixels"),
            () => ("", "unknown"),
        };
        let size = tile.map_or("unknown".to_owned(), |tile| tile.trim_end_matches('v').replace('x', "×"));
        Self { name: name.to_owned(), tile: format!("{size} {unit}").trim_end().to_owned(), lanes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_by_the_documented_grammar() {
        let read = |name| {
            let kernel = Kernel::new(name, Layout::Chw);
            (kernel.tile, kernel.lanes)
        };
        assert_eq!(read("f32_dw_hwc_nx3s1_1x7__avx2"), ("1×7 rows × pixels".into(), "channels"));
        assert_eq!(read("f32_dw_chw_3xns2_7x1_curve__avx512"), ("7×1 rows × vectors".into(), "columns"));
        let gemm = read("f32_pw_hwc_14x2v__avx512");
        assert_eq!(gemm, ("14×2 pixels × vectors of output channels".into(), "output channels"));
        assert_eq!(Kernel::new("f32_dw_chw_3xns1_7x1__avx2", Layout::Hwc).lanes, "elements of a row");
        assert_eq!(read("something"), ("unknown".into(), "unknown"));
    }
}
