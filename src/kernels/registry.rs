//! Every kernel of this build, as data: the shims that `build.rs` made from the tile table, and what each is for.

use super::curve_rows;
use super::gemm::{self, GemmArgs};
use super::gemm_few;
use super::line::{self, Broadcast, LineArgs, PerLane};
use super::line_generic;
use super::probe::{self, ProbeArgs};
use super::rows::{self, RowArgs};
use super::walk_hwc::WalkArgs;
#[cfg(target_arch = "x86_64")]
use super::{line_paired, walk_chw, walk_hwc};
use crate::epilogue::{Clamp, Curve, EpilogueKind};
use crate::isa::Isa;
use crate::layout::{DType, Layout};
use crate::simd::{Simd, portable};
#[cfg(target_arch = "x86_64")]
use crate::simd::{avx2, avx512};
#[cfg(sepconv_neon)]
use {super::gemm_lane, crate::simd::neon};

/// A row of the registry.
#[derive(Debug)]
pub(crate) struct KernelDesc {
    pub name: &'static str,
    pub isa: Isa,
    pub dtype: DType,
    pub epilogue: EpilogueKind,
    pub kind: KernelKind,
    pub run: KernelFn,
}

/// What a kernel computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KernelKind {
    /// A line of depthwise outputs; `window` is (taps, stride) along the line, `None` for any with any dilation.
    Line { layout: Layout, window: Option<(usize, usize)>, outputs: usize },
    /// A line of depthwise outputs of two channels (CHW), for maps no wider than half a vector.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only AVX-512 has pairs"))]
    PairedLine { window: (usize, usize), outputs: usize },
    /// Columns of depthwise tiles of so many pixels and vectors of channels (HWC), `window` both ways; `held` if registers hold all taps.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only x86-64 has walks"))]
    Walk { window: (usize, usize), pixels: usize, vectors: usize, held: bool },
    /// Columns of depthwise outputs, vectors of columns (CHW).
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only AVX-512 has these"))]
    WalkColumns { window: (usize, usize) },
    /// A tile of a matrix product.
    Gemm { layout: Layout, rows: usize, vectors: usize },
    /// A few pixels of a matrix product (CHW), for panels of at most so many vectors of output channels.
    GemmFew { vectors: usize },
    /// A copy of a piece of a row.
    Rows,
    /// Measurements of the CPU.
    Probe { chains: usize },
}

/// A kernel's entry. Calling it requires the CPU features of its row's `isa` and the contract of its family.
#[derive(Debug, Clone, Copy)]
pub(crate) enum KernelFn {
    Line(unsafe fn(&LineArgs)),
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only x86-64 has walks"))]
    Walk(unsafe fn(&WalkArgs)),
    Gemm(unsafe fn(&GemmArgs)),
    Rows(unsafe fn(&RowArgs)),
    Probe(unsafe fn(&ProbeArgs)),
}

/// Floats in a vector of an instruction set.
pub(crate) const fn lanes(isa: Isa) -> usize {
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
