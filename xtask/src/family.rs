//! Families of kernels as what they cost is told: found by a kernel's name, and by the module that an instance is written in.

use crate::table::Level;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    Line,
    GenericLine,
    Column,
    Product,
    FewPixels,
    /// Copies and measurements.
    Memory,
}

/// Paths that a family is written below; of two that fit, the first.
const MODULES: [(&str, Family); 8] = [
    ("depthwise::line_generic::", Family::GenericLine),
    ("depthwise::column", Family::Column),
    // What lines share with other depthwise kernels counts as theirs.
    ("depthwise::", Family::Line),
    ("product::few_pixels::", Family::FewPixels),
    ("product::", Family::Product),
    ("copy_rows::", Family::Memory),
    ("probe::", Family::Memory),
    ("curve_in_place::", Family::Line),
];

impl Family {
    pub const ALL: [Self; 6] =
        [Self::Line, Self::GenericLine, Self::Column, Self::Product, Self::FewPixels, Self::Memory];

    pub fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::GenericLine => "generic-line",
            Self::Column => "column",
            Self::Product => "product",
            Self::FewPixels => "few-pixels",
            Self::Memory => "memory",
        }
    }

    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }

    /// The family of a kernel, by its name with or without element type and level.
    pub fn of_kernel(kernel: &str) -> Option<Self> {
        let name = kernel.strip_prefix("f32_").unwrap_or(kernel);
        if name.starts_with("copy_row") || name.starts_with("probe") {
            return Some(Self::Memory);
        }
        let (operation, rest) = name.split_once('_')?;
        let (_, tile) = rest.split_once('_')?;
        let window = tile.split('_').next().unwrap_or_default();
        match operation {
            "pw" if window.contains("vx") => Some(Self::FewPixels),
            "pw" => Some(Self::Product),
            "dw" if window == "generic" => Some(Self::GenericLine),
            "dw" if window.starts_with("nx") || window.contains("xn") => Some(Self::Line),
            "dw" => Some(Self::Column),
            _ => None,
        }
    }

    /// The family of a function, by its path as the compiler or a symbol writes it. A shim's name decides, also as an argument.
    pub fn of_path(path: &str) -> Option<Self> {
        if let Some(kernel) = kernel_in(path) {
            return Self::of_kernel(kernel);
        }
        let found = MODULES.iter().filter_map(|&(module, family)| Some((path.find(module)?, family)));
        found.min_by_key(|&(at, _)| at).map(|(_, family)| family)
    }
}

/// The name of the first shim in a path.
fn kernel_in(path: &str) -> Option<&str> {
    let from = &path[path.find("::f32_")? + 2..];
    let end = from.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(from.len());
    Some(&from[..end])
}

/// The level of a function: that of a shim's name in its path, else that of the first vector type.
pub fn level_of_path(path: &str, levels: &[Level]) -> Option<&'static str> {
    if let Some((_, name)) = kernel_in(path).and_then(|kernel| kernel.rsplit_once("__")) {
        return levels.iter().find(|level| level.name == name).map(|level| level.name);
    }
    let found = levels.iter().filter_map(|level| Some((path.find(level.token)?, level.name)));
    found.min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table;

    #[test]
    fn every_kernel_has_a_family() {
        for row in table::rows() {
            assert!(Family::of_kernel(&row.name).is_some(), "{}", row.name);
        }
        for (kernel, family) in [
            ("f32_dw_hwc_nx3s1_1x7__avx2", Family::Line),
            ("f32_dw_chw_5xns2_7x1_2c__avx512", Family::Line),
            ("dw_chw_generic_8x1", Family::GenericLine),
            ("dw_hwc_3x3s1_3x2x2v", Family::Column),
            ("dw_chw_3x3s2_2x3v", Family::Column),
            ("f32_pw_chw_14x2v_curve__avx512", Family::Product),
            ("pw_chw_1vx4", Family::FewPixels),
            ("f32_probe__portable", Family::Memory),
        ] {
            assert_eq!(Family::of_kernel(kernel), Some(family), "{kernel}");
        }
        assert_eq!(Family::of_kernel("xy_z"), None);
    }

    #[test]
    fn the_first_module_of_a_path_decides_unless_a_shim_stands_in_it() {
        let descend = "depthwise::column::descend::<simd::avx2::Avx2, depthwise::lanes::Clipped<simd::avx2::Avx2>>";
        assert_eq!(Family::of_path(descend), Some(Family::Column));
        assert_eq!(Family::of_path("<depthwise::lanes::All as Loader>::load"), Some(Family::Line));
        let after = "depthwise::curve_rows::after::<simd::portable::Portable, \
                     {closure@registry::portable_dw::f32_dw_hwc_generic_1x4__portable::{closure#0}}>";
        assert_eq!(Family::of_path(after), Some(Family::GenericLine));
        assert_eq!(Family::of_path("<&isa::Isa as std::fmt::Display>::fmt"), None);
    }

    #[test]
    fn the_level_of_a_path_is_that_of_its_shim_or_of_its_first_vectors() {
        let levels = table::levels();
        let of = |path| level_of_path(path, &levels);
        assert_eq!(of("product::tile::store::<simd::avx512::Avx512, simd::avx2::Avx2>"), Some("avx512"));
        assert_eq!(of("sepconv_kernels::registry::avx2_pw::f32_pw_hwc_1x1v__avx2"), Some("avx2"));
        assert_eq!(of("depthwise::border::output_of"), None);
    }
}
