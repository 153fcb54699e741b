//! Every kernel of this build, as data: the shims that `build.rs` made from the tile table, and what each is for.

use crate::copy_rows::{self, RowArgs};
use crate::depthwise::column_hwc::ColumnArgs;
use crate::depthwise::curve_rows;
use crate::depthwise::line::{self, LineArgs};
use crate::depthwise::line_generic;
use crate::depthwise::taps::{Broadcast, PerLane};
#[cfg(target_arch = "x86_64")]
use crate::depthwise::{column_chw, column_hwc, line_two_channels};
use crate::epilogue::{Clamp, Curve, EpilogueKind};
use crate::isa::Isa;
use crate::layout::{DType, Layout};
use crate::probe::{self, ProbeArgs};
use crate::product::few_pixels;
use crate::product::tile::{self, GemmArgs};
use crate::simd::{Simd, portable};
#[cfg(target_arch = "x86_64")]
use crate::simd::{avx2, avx512};
#[cfg(sepconv_neon)]
use crate::{product::tile_by_lane, simd::neon};

/// A row of the registry.
#[derive(Debug)]
pub struct KernelDesc {
    /// Unique; starts with the element type and ends with `__` and the instruction set.
    pub name: &'static str,
    /// Instruction set that it is compiled for.
    pub isa: Isa,
    /// Element type of maps and weights.
    pub dtype: DType,
    /// Which activations it knows.
    pub epilogue: EpilogueKind,
    /// What it computes.
    pub kind: KernelKind,
    /// Its entry.
    pub run: KernelFn,
}

/// What a kernel computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KernelKind {
    /// A line of depthwise outputs.
    Line {
        /// Layout of the map.
        layout: Layout,
        /// (taps, stride) along the line, `None` for any with any dilation.
        window: Option<(usize, usize)>,
        /// Outputs of a tile.
        outputs: usize,
    },
    /// A line of depthwise outputs of two channels (CHW), for maps no wider than half a vector.
    PairedLine {
        /// (taps, stride) along the line.
        window: (usize, usize),
        /// Outputs of a tile.
        outputs: usize,
    },
    /// Columns of depthwise tiles (HWC).
    Walk {
        /// (taps, stride), both ways.
        window: (usize, usize),
        /// Pixels of a tile.
        pixels: usize,
        /// Vectors of channels of a tile.
        vectors: usize,
        /// Whether registers hold all taps.
        held: bool,
    },
    /// Columns of depthwise outputs, vectors of columns (CHW).
    WalkColumns {
        /// (taps, stride), both ways.
        window: (usize, usize),
    },
    /// A tile of a matrix product.
    Gemm {
        /// Layout of the map.
        layout: Layout,
        /// Rows of the tile: pixels (HWC) or output channels (CHW).
        rows: usize,
        /// Vectors of a row.
        vectors: usize,
    },
    /// A few pixels of a matrix product (CHW).
    GemmFew {
        /// Vectors of output channels in a panel, at most.
        vectors: usize,
    },
    /// A copy of a piece of a row.
    Rows,
    /// Measurements of the CPU.
    Probe {
        /// Independent chains of multiply-adds.
        chains: usize,
    },
}

/// A kernel's entry. Calling it requires the CPU features of its row's `isa` and the contract of its family.
#[derive(Debug, Clone, Copy)]
pub enum KernelFn {
    /// Depthwise: a line, or columns in CHW.
    Line(unsafe fn(&LineArgs)),
    /// Depthwise: columns in HWC.
    Walk(unsafe fn(&ColumnArgs)),
    /// A matrix product.
    Gemm(unsafe fn(&GemmArgs)),
    /// A copy.
    Rows(unsafe fn(&RowArgs)),
    /// A measurement.
    Probe(unsafe fn(&ProbeArgs)),
}

/// Floats in a vector of an instruction set.
#[inline]
pub const fn lanes(isa: Isa) -> usize {
    match isa {
        Isa::Portable => portable::Portable::LANES,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => avx2::Avx2::LANES,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => avx512::Avx512::LANES,
        #[cfg(not(target_arch = "x86_64"))]
        Isa::Avx2 | Isa::Avx512 => 1,
        #[cfg(sepconv_neon)]
        Isa::Neon => neon::Neon::LANES,
        #[cfg(not(sepconv_neon))]
        Isa::Neon => 1,
    }
}

include!(concat!(env!("OUT_DIR"), "/registry.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever a spec asks for, some kernel of every instruction set answers.
    #[test]
    fn every_isa_has_a_kernel_for_every_operation() {
        let isas: std::collections::HashSet<Isa> = KERNELS.iter().map(|kernel| kernel.isa).collect();
        assert!(isas.contains(&Isa::Portable));
        for isa in isas {
            for epilogue in [EpilogueKind::Clamp, EpilogueKind::Curve] {
                let has = |wanted: &dyn Fn(KernelKind) -> bool| {
                    KERNELS.iter().any(|k| k.isa == isa && k.epilogue.serves(epilogue) && wanted(k.kind))
                };
                assert!(has(&|kind| matches!(kind, KernelKind::GemmFew { .. })), "{isa} few pixels {epilogue:?}");
                for wanted in Layout::ALL {
                    let generic =
                        |kind| matches!(kind, KernelKind::Line { layout, window: None, .. } if layout == wanted);
                    assert!(has(&generic), "{isa} {wanted} generic depthwise {epilogue:?}");
                    let gemm = |kind| matches!(kind, KernelKind::Gemm { layout, rows: 1, .. } if layout == wanted);
                    assert!(has(&gemm), "{isa} {wanted} one-row gemm {epilogue:?}");
                }
            }
            assert!(KERNELS.iter().any(|k| k.isa == isa && k.kind == KernelKind::Rows), "{isa} row copy");
            let probe = |k: &KernelDesc| k.isa == isa && matches!(k.kind, KernelKind::Probe { .. });
            assert!(KERNELS.iter().any(probe), "{isa} probe");
        }
    }

    #[test]
    fn names_are_unique_and_carry_dtype_and_isa() {
        let mut seen = std::collections::HashSet::new();
        for kernel in KERNELS {
            assert!(seen.insert(kernel.name), "{} twice", kernel.name);
            assert!(kernel.name.starts_with(kernel.dtype.name()), "{}", kernel.name);
            assert!(kernel.name.ends_with(&format!("__{}", kernel.isa)), "{}", kernel.name);
        }
    }

    #[test]
    fn kinds_and_functions_agree() {
        for kernel in KERNELS {
            let agree = matches!(
                (kernel.kind, kernel.run),
                (
                    KernelKind::Line { .. } | KernelKind::PairedLine { .. } | KernelKind::WalkColumns { .. },
                    KernelFn::Line(_)
                ) | (KernelKind::Walk { .. }, KernelFn::Walk(_))
                    | (KernelKind::Gemm { .. } | KernelKind::GemmFew { .. }, KernelFn::Gemm(_))
                    | (KernelKind::Rows, KernelFn::Rows(_))
                    | (KernelKind::Probe { .. }, KernelFn::Probe(_))
            );
            assert!(agree, "{}", kernel.name);
        }
    }
}
