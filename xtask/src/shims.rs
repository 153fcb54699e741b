//! What each shim must look like: its name and the multiply-adds of its hot loop, both from the library's tile table.

use crate::asm::{Arch, Instruction};
use crate::expand;
use crate::tiles::{self, Shape, Target, Tile};

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
    tiles::TILES.iter().filter(of_arch).flat_map(|tile| of_tile(tile, arch)).collect()
}

/// The kernels of a build for any architecture, by its name.
pub fn names(arch: &str) -> Vec<String> {
    names_of(tiles::TILES, arch)
}

/// The kernels of these rows, as the generator names them.
pub fn names_of(tiles: &[Tile], arch: &str) -> Vec<String> {
    let source = expand::registry(tiles, arch);
    source.split("unsafe fn ").skip(1).filter_map(|rest| rest.split('(').next()).map(str::to_owned).collect()
}

/// The shims of one row of the table.
fn of_tile(tile: &Tile, arch: Arch) -> Vec<Shim> {
    let names = names_of(std::slice::from_ref(tile), arch.name()).into_iter();
    let (vectors, fmas) = (vectors(tile.target, arch), multiply_adds(tile.shape, tile.target.by_lane));
    names.map(|name| Shim { name, vectors, fmas }).collect()
}

/// Multiply-adds of vectors in one round of a tile's hot loop.
fn multiply_adds(shape: Shape, by_lane: usize) -> Option<usize> {
    match shape {
        Shape::LineHwc { kernel, outputs, .. } | Shape::LineChw { kernel, outputs, .. } => Some(kernel * outputs),
        // Maps for pairs are as low as they are narrow: inputs at the ends are always held against the border.
        Shape::PairedChw { kernel, stride, outputs } => {
            let never_tested = kernel - 1..=(outputs - 1) * stride;
            let reached = |input: usize| (0..kernel).filter(move |tap| (input - tap).is_multiple_of(stride));
            Some(never_tested.flat_map(reached).count())
        }
        Shape::GenericHwc { outputs } | Shape::GenericChw { outputs } => Some(outputs),
        // Of one input row: those outside the map are skipped.
        Shape::WalkHwc { kernel, stride, pixels, vectors } => Some(kernel * pixels * vectors * kernel.div_ceil(stride)),
        Shape::WalkChw { kernel, stride, vectors } => Some(kernel * vectors * kernel.div_ceil(stride)),
        // Rows are read a vector of k at a time.
        Shape::GemmHwc { rows, vectors } if by_lane > 0 => Some(rows * vectors * by_lane),
        // Two values of k a round.
        Shape::GemmChw { rows, vectors } if by_lane > 0 && rows % by_lane == 0 => Some(2 * rows * vectors),
        Shape::GemmHwc { rows, vectors } | Shape::GemmChw { rows, vectors } => Some(rows * vectors),
        Shape::GemmFew { vectors, pixels } => Some(2 * vectors * pixels),
        Shape::Rows => None,
        Shape::Probe { chains } => Some(chains),
    }
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
        for tile in tiles::TILES {
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
        assert_eq!(multiply_adds(Shape::LineHwc { kernel: 7, stride: 2, outputs: 14 }, 0), Some(98));
        assert_eq!(multiply_adds(Shape::WalkHwc { kernel: 3, stride: 1, pixels: 7, vectors: 1 }, 0), Some(63));
        assert_eq!(multiply_adds(Shape::WalkChw { kernel: 3, stride: 2, vectors: 3 }, 0), Some(18));
        assert_eq!(multiply_adds(Shape::PairedChw { kernel: 5, stride: 1, outputs: 7 }, 0), Some(15));
        assert_eq!(multiply_adds(Shape::PairedChw { kernel: 7, stride: 2, outputs: 7 }, 0), Some(25));
        assert_eq!(multiply_adds(Shape::GemmChw { rows: 8, vectors: 2 }, 0), Some(16));
        assert_eq!(multiply_adds(Shape::GemmHwc { rows: 6, vectors: 4 }, 4), Some(96));
        assert_eq!(multiply_adds(Shape::GemmChw { rows: 8, vectors: 3 }, 4), Some(48));
        assert_eq!(multiply_adds(Shape::GemmChw { rows: 2, vectors: 3 }, 4), Some(6));
        assert_eq!(multiply_adds(Shape::GemmFew { vectors: 2, pixels: 4 }, 4), Some(16));
        assert_eq!(multiply_adds(Shape::Rows, 0), None);
    }

    #[test]
    fn registers_follow_from_the_features() {
        let of = |name: &str, arch| {
            tiles::TILES
                .iter()
                .map(|tile| tile.target)
                .find(|target| target.name == name)
                .map(|target| vectors(target, arch))
        };
        assert_eq!(of("avx512", Arch::X86_64), Some(Vectors::Fused("zmm")));
        assert_eq!(of("avx2", Arch::X86_64), Some(Vectors::Fused("ymm")));
        assert_eq!(of("portable", Arch::X86_64), Some(Vectors::Pairs(2)));
        assert_eq!(of("portable", Arch::Aarch64), Some(Vectors::Lanes(2)));
        assert_eq!(of("neon", Arch::Aarch64), Some(Vectors::Lanes(1)));
    }
}
