//! What each shim must look like: its name and the multiply-adds of its hot loop, both from the library's tile table.

use crate::asm::{Arch, Instruction};
use crate::kernels::expand;
use crate::kernels::table::{TILES, Tile};
use crate::kernels::target::Target;

/// A shim as the table declares it.
#[derive(Debug, Clone)]
pub struct Shim {
    /// The kernel's name, as in the registry.
    pub name: String,
    /// Registers of the instruction set.
    pub vectors: Vectors,
    /// Multiply-adds of vectors in one round of the hot loop, at least. `None` for kernels that only move memory.
    pub fmas: Option<usize>,
}

/// How an instruction set multiplies and adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vectors {
    /// One fused instruction on registers of this class.
    Fused(&'static str),
    /// One fused instruction for each of so many NEON registers that make up a vector.
    Lanes(usize),
    /// A multiplication and an addition for each of so many SSE registers that make up a vector.
    Pairs(usize),
}

impl Vectors {
    /// Multiply-adds of whole vectors.
    pub fn multiply_adds(self, code: &[&Instruction]) -> usize {
        let count = |wanted: &dyn Fn(&Instruction) -> bool| code.iter().filter(|one| wanted(one)).count();
        match self {
            Self::Fused(class) => {
                count(&|one| one.mnemonic.starts_with("vfmadd") && one.mnemonic.ends_with("ps") && one.uses(class))
            }
            Self::Lanes(registers) => {
                let whole = |one: &Instruction| one.operands.first().is_some_and(|to| to.ends_with(".4s"));
                count(&|one| one.mnemonic == "fmla" && whole(one)) / registers
            }
            Self::Pairs(registers) => {
                count(&|one| one.mnemonic == "mulps").min(count(&|one| one.mnemonic == "addps")) / registers
            }
        }
    }
}

/// All shims that the build generates for an architecture.
pub fn all(arch: Arch) -> Vec<Shim> {
    let of_arch = |tile: &&Tile| tile.target.arch.is_empty() || tile.target.arch == arch.name();
    TILES.iter().filter(of_arch).flat_map(|tile| of_tile(tile, arch)).collect()
}

/// The kernels of a build for any architecture, by its name.
pub fn names(arch: &str) -> Vec<String> {
    names_of(TILES, arch)
}

/// The kernels of these rows, as the generator names them.
pub fn names_of(tiles: &[Tile], arch: &str) -> Vec<String> {
    let source = expand::registry(tiles, arch);
    source.split("unsafe fn ").skip(1).filter_map(|rest| rest.split('(').next()).map(str::to_owned).collect()
}

/// The shims of one row of the table.
fn of_tile(tile: &Tile, arch: Arch) -> Vec<Shim> {
    let names = names_of(std::slice::from_ref(tile), arch.name()).into_iter();
    let (vectors, fmas) = (vectors(tile.target, arch), tile.family().multiply_adds(&tile.target));
    names.map(|name| Shim { name, vectors, fmas }).collect()
}

fn vectors(target: Target, arch: Arch) -> Vectors {
    match target.features {
        _ if arch == Arch::Aarch64 => Vectors::Lanes(target.per_vector),
        features if features.contains("avx512f") => Vectors::Fused("zmm"),
        features if features.contains("fma") => Vectors::Fused("ymm"),
        _ => Vectors::Pairs(target.per_vector),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_has_shims_with_the_name_of_its_instruction_set() {
        for tile in TILES {
            let shims = of_tile(tile, if tile.target.arch == "aarch64" { Arch::Aarch64 } else { Arch::X86_64 });
            assert!(!shims.is_empty(), "{tile:?}");
            for shim in shims {
                assert!(shim.name.starts_with("f32_") && shim.name.ends_with(tile.target.name), "{}", shim.name);
            }
        }
    }

    #[test]
    fn an_architecture_without_rows_of_its_own_has_the_portable_kernels() {
        let names = names("s390x");
        assert!(!names.is_empty() && names.iter().all(|name| name.ends_with("__portable")), "{names:?}");
        assert_eq!(super::names("x86_64").len(), all(Arch::X86_64).len());
    }

    #[test]
    fn declared_multiply_adds_follow_from_the_shape() {
        for (name, expected) in [
            ("f32_dw_hwc_nx7s2_1x7__avx512", Some(49)),
            ("f32_dw_hwc_3x3s1_3x7x1v__avx512", Some(63)),
            ("f32_dw_chw_3x3s2_2x3v__avx512", Some(18)),
            ("f32_dw_chw_5xns1_7x1_2c__avx512", Some(15)),
            ("f32_dw_chw_7xns2_7x1_2c__avx512", Some(25)),
            ("f32_dw_hwc_generic_1x8__avx2", Some(8)),
            ("f32_pw_chw_8x2v__avx512", Some(16)),
            ("f32_pw_hwc_6x4v__neon", Some(96)),
            ("f32_pw_chw_8x3v__neon", Some(48)),
            ("f32_pw_chw_2x3v__neon", Some(6)),
            ("f32_pw_chw_2vx4__neon", Some(16)),
            ("f32_copy_row__avx2", None),
        ] {
            let shims = [Arch::X86_64, Arch::Aarch64].map(all).concat();
            let fmas = shims.iter().find(|shim| shim.name == name).map(|shim| shim.fmas);
            assert_eq!(fmas, Some(expected), "{name}");
        }
    }

    #[test]
    fn registers_follow_from_the_features() {
        let of = |name: &str, arch| {
            TILES.iter().map(|tile| tile.target).find(|target| target.name == name).map(|target| vectors(target, arch))
        };
        assert_eq!(of("avx512", Arch::X86_64), Some(Vectors::Fused("zmm")));
        assert_eq!(of("avx2", Arch::X86_64), Some(Vectors::Fused("ymm")));
        assert_eq!(of("portable", Arch::X86_64), Some(Vectors::Pairs(2)));
        assert_eq!(of("portable", Arch::Aarch64), Some(Vectors::Lanes(2)));
        assert_eq!(of("neon", Arch::Aarch64), Some(Vectors::Lanes(1)));
    }
}
