//! The kernels of matrix products that a layout, an instruction set and an epilogue have.

use crate::isa::Isa;
use crate::layout::{DType, Layout};
use crate::plan::select::{self, FewPixelsKernel, TileKernel};
use sepconv_kernels::epilogue::EpilogueKind;
use sepconv_kernels::registry::lanes;
use std::sync::OnceLock;

/// Most vectors of columns that a kernel has.
const MAX_VECTORS: usize = 4;

/// The kernels of one layout, instruction set and epilogue.
pub(crate) struct TileKernels {
    /// Kernels by vectors of columns (index 0: half a vector, if there are any), the tallest first.
    pub by_vectors: [Vec<TileKernel>; MAX_VECTORS + 1],
    /// Vectors of columns of the widest kernel.
    pub vectors: usize,
    /// Widths that a panel of weights may have.
    pub panels: Vec<usize>,
    /// CHW: the kernel for few pixels, and the vectors of output channels that it makes of a panel.
    pub few: FewPixelsKernel,
}

impl TileKernels {
    /// Those of the registry, through which a process goes once: it takes longer than to pack the weights of a small operator.
    pub(crate) fn of(layout: Layout, isa: Isa, epilogue: EpilogueKind) -> &'static Self {
        static FOUND: [OnceLock<TileKernels>; 4 * Isa::ALL.len()] = [const { OnceLock::new() }; 4 * Isa::ALL.len()];
        let index = 4 * isa as usize + 2 * layout as usize + epilogue as usize;
        FOUND[index].get_or_init(|| Self::find(layout, isa, sepconv_kernels::isa::half_level(isa), epilogue))
    }

    /// `half` is an instruction set for half a vector of columns.
    pub(crate) fn find(layout: Layout, isa: Isa, half: Option<Isa>, epilogue: EpilogueKind) -> Self {
        let vectors = select::tile_vectors(layout, isa, DType::F32, epilogue);
        let mut by_vectors: [Vec<TileKernel>; MAX_VECTORS + 1] =
            core::array::from_fn(|vectors| select::tiles(layout, vectors, isa, DType::F32, epilogue));
        if let (Some(half), Layout::Hwc) = (half, layout) {
            by_vectors[0] = select::tiles(layout, 1, half, DType::F32, epilogue);
        }
        let panels = match layout {
            // Panels are as wide as a kernel has columns.
            Layout::Hwc => (1..=MAX_VECTORS).filter(|&v| !by_vectors[v].is_empty()).map(|v| v * lanes(isa)).collect(),
            // Panels are as wide as a kernel has rows.
            Layout::Chw => by_vectors[vectors].iter().map(|&(rows, _)| rows).collect(),
        };
        let few = select::few_pixels(isa, DType::F32, epilogue);
        Self { by_vectors, vectors, panels, few }
    }

    /// Kernels of the widest tiles.
    pub(crate) fn widest(&self) -> &[TileKernel] {
        &self.by_vectors[self.vectors]
    }
}
