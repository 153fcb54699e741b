//! A weight matrix packed for the gemm kernels of one layout, and the walk of its tiles over a block of pixels.

use crate::isa::{Isa, cache_sizes};
use crate::layout::{DType, Layout};
use crate::plan::{activation, blocking, select};
use crate::spec::Activation;
use crate::weights::Weights;
use core::ops::Range;
use sepconv_kernels::buffer::LINE;
use sepconv_kernels::epilogue::{EpilogueArgs, EpilogueKind};
use sepconv_kernels::isa::halved;
use sepconv_kernels::pack::panels::{PackedGemm, Panel, widths, widths_with_half};
use sepconv_kernels::product::GemmArgs;
use sepconv_kernels::registry::{KernelDesc, KernelFn, lanes};
use std::sync::OnceLock;

/// A kernel and the rows of its tile.
pub(super) type Tile = (usize, &'static KernelDesc);

/// Most vectors of columns that a kernel has.
const MAX_VECTORS: usize = 4;

/// The kernels of one layout, instruction set and epilogue.
pub(super) struct Tiles {
    /// Kernels by vectors of columns (index 0: half a vector, if there are any), the tallest first.
    pub by_vectors: [Vec<Tile>; MAX_VECTORS + 1],
    /// Vectors of columns of the widest kernel.
    pub vectors: usize,
    /// Widths that a panel of weights may have.
    pub panels: Vec<usize>,
    /// CHW: the kernel for few pixels, and the vectors of output channels that it makes of a panel.
    pub few: (usize, &'static KernelDesc),
}

impl Tiles {
    /// Those of the registry, through which a process goes once: it takes longer than to pack the weights of a small operator.
    fn of(layout: Layout, isa: Isa, epilogue: EpilogueKind) -> &'static Self {
        static FOUND: [OnceLock<Tiles>; 4 * Isa::ALL.len()] = [const { OnceLock::new() }; 4 * Isa::ALL.len()];
        let index = 4 * isa as usize + 2 * layout as usize + epilogue as usize;
        FOUND[index].get_or_init(|| Self::find(layout, isa, halved(isa), epilogue))
    }

    /// `halved` is an instruction set for half a vector of columns.
    fn find(layout: Layout, isa: Isa, halved: Option<Isa>, epilogue: EpilogueKind) -> Self {
        let vectors = select::gemm_vectors(layout, isa, DType::F32, epilogue);
        let mut by_vectors: [Vec<Tile>; MAX_VECTORS + 1] =
            core::array::from_fn(|vectors| select::gemm(layout, vectors, isa, DType::F32, epilogue));
        if let (Some(halved), Layout::Hwc) = (halved, layout) {
            by_vectors[0] = select::gemm(layout, 1, halved, DType::F32, epilogue);
        }
        let panels = match layout {
            // Panels are as wide as a kernel has columns.
            Layout::Hwc => (1..=MAX_VECTORS).filter(|&v| !by_vectors[v].is_empty()).map(|v| v * lanes(isa)).collect(),
            // Panels are as wide as a kernel has rows.
            Layout::Chw => by_vectors[vectors].iter().map(|&(rows, _)| rows).collect(),
        };
        let few = select::gemm_few(isa, DType::F32, epilogue);
        Self { by_vectors, vectors, panels, few }
    }

    /// Kernels of the widest tiles.
    fn widest(&self) -> &[Tile] {
        &self.by_vectors[self.vectors]
    }
}

/// Packed weights with the kernels that multiply by them.
pub(super) struct Gemm {
    pub packed: PackedGemm,
    pub epilogue: EpilogueArgs,
    pub tiles: &'static Tiles,
    pub lanes: usize,
    /// Whether the weights stay in the second-level cache while all pixels pass.
    stays: bool,
}

/// The k of a sum, as runs in A and B (see [`GemmArgs`]).
#[derive(Debug, Clone, Copy)]
pub(super) struct Runs {
    pub segments: [usize; 2],
    pub run: usize,
    /// Elements of the pixels' side between runs.
    pub pixel_steps: [usize; 2],
    /// Values of k between runs on the weights' side.
    pub weight_steps: [usize; 2],
    /// Values of k before the first run on the weights' side.
    pub weight_start: usize,
}

impl Runs {
    /// One run of all k.
    pub(super) const fn whole(k: usize) -> Self {
        Self { segments: [1, 1], run: k, pixel_steps: [0, 0], weight_steps: [0, 0], weight_start: 0 }
    }
}

/// Which part of its sums a call makes, and what is added to them in the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// Sums start at the bias; else the output holds them so far.
    pub begins: bool,
    /// Sums are complete, activation and residual follow; else they are left in the output for the next part.
    pub ends: bool,
    /// What is added to output 0 of pixel 0, or null, and the elements from pixel to pixel (HWC) or channel to channel (CHW).
    pub residual: *const f32,
    /// See `residual`.
    pub residual_step: usize,
}

impl Part {
    /// All of the sums, nothing added.
    pub(super) const WHOLE: Self = Self { begins: true, ends: true, residual: core::ptr::null(), residual_step: 0 };

    /// Where the residual of pixel `pixels` and channel `channels` (in elements) is; null if there is none.
    pub(super) const fn residual_at(&self, offset: usize) -> *const f32 {
        if self.residual.is_null() { self.residual } else { self.residual.wrapping_add(offset) }
    }
}

/// What to fetch while tiles are computed: from here, so many elements a k, for each pixel so many elements further.
#[derive(Debug, Clone, Copy)]
struct Ahead {
    from: *const f32,
    step: usize,
    pixel: usize,
}

impl Ahead {
    /// `len` elements from `from`, while `count` pixels pass. A hint a k covers a cache line at most: what is too much for
    /// few pixels is fetched in part.
    fn part(from: *const f32, len: usize, count: usize) -> Self {
        Self { from, step: LINE / 2, pixel: len / count }
    }

    /// As seen from pixel `first`.
    fn at(self, first: usize) -> Self {
        Self { from: self.from.wrapping_add(self.pixel * first), ..self }
    }
}

/// Pixels in a line: `count` of them, `in_step` elements apart from `input`, to be written `out_step` apart from `output`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pixels {
    pub input: *const f32,
    pub in_step: usize,
    pub output: *mut f32,
    pub out_step: usize,
    pub count: usize,
    /// Pixels that will be read after these, behind them in memory; 0 if that is not known.
    pub then: usize,
}

impl Gemm {
    pub(super) fn new(
        layout: Layout,
        isa: Isa,
        sizes: [usize; 4],
        weights: Weights<'_>,
        bias: Option<&[f32]>,
        activation: Activation,
    ) -> Self {
        let (kind, _) = activation::epilogue(activation);
        Self::with_tiles(Tiles::of(layout, isa, kind), isa, sizes, weights, bias, activation)
    }

    fn with_tiles(
        tiles: &'static Tiles,
        isa: Isa,
        sizes: [usize; 4],
        weights: Weights<'_>,
        bias: Option<&[f32]>,
        activation: Activation,
    ) -> Self {
        let (_, epilogue) = activation::epilogue(activation);
        let widths = match tiles.by_vectors[0].is_empty() {
            true => widths(sizes[1], &tiles.panels),
            false => widths_with_half(sizes[1], &tiles.panels, lanes(isa) / 2),
        };
        let packed = PackedGemm::new(sizes, &widths, weights.dense_steps(sizes), bias);
        let stays = blocking::weights_stay(size_of_val(packed.as_slice()), cache_sizes());
        Self { packed, epilogue, tiles, lanes: lanes(isa), stays }
    }

    /// The kernel of the largest tile.
    pub(super) fn name(&self) -> &'static str {
        self.tiles.widest()[0].1.name
    }

    /// Columns of the widest tile.
    pub(super) const fn columns(&self) -> usize {
        self.tiles.vectors * self.lanes
    }

    /// Rows of the tallest tile.
    pub(super) fn rows(&self) -> usize {
        self.tiles.widest()[0].0
    }

    /// HWC: output channels of the panels `panels` for all pixels of a line, read in place.
    ///
    /// # Safety
    /// All runs of every pixel must be readable, and the panels' output channels of every pixel writable.
    pub(super) unsafe fn pixel_line(&self, pixels: &Pixels, runs: &Runs, panels: Range<usize>) {
        // SAFETY: the caller's promise.
        unsafe { self.pixel_part(pixels, runs, panels, &Part::WHOLE) }
    }

    /// As [`Gemm::pixel_line`], for a part of the sums.
    ///
    /// # Safety
    /// As there; the output must hold the sums so far unless they begin, and the residual be readable where they end.
    pub(super) unsafe fn pixel_part(&self, pixels: &Pixels, runs: &Runs, panels: Range<usize>, part: &Part) {
        let panels = &self.packed.panels()[panels];
        for (index, panel) in panels.iter().enumerate() {
            let ahead = if pixels.then > 0 && self.stays {
                // The next pixels, an equal part with each panel. Left to the hardware, each of a tile's rows would wait for its lines.
                let part = pixels.then * pixels.in_step / panels.len();
                let next = pixels.input.wrapping_add(pixels.count * pixels.in_step + index * part);
                Some(Ahead::part(next, part, pixels.count))
            } else {
                // The next panel.
                panels.get(index + 1).map(|next| {
                    let weights = self.packed.as_slice()[next.offset..].as_ptr();
                    let len = next.width * runs.run * runs.segments[0] * runs.segments[1];
                    Ahead::part(weights.wrapping_add(runs.weight_start * next.width), len, pixels.count)
                })
            };
            let mut first = 0;
            while first < pixels.count {
                let rest = pixels.count - first;
                let ahead = ahead.map(|ahead| ahead.at(first));
                // SAFETY: pixels `first..first + rows` are among the line's.
                first += unsafe { self.pixel_tiles(pixels, first..first + rest, runs, panel, ahead, part) };
            }
        }
    }

    /// Tiles of a panel, as many of the tallest kernel that fits the pixels `among`; returns how many of these they cover.
    ///
    /// # Safety
    /// As [`Gemm::pixel_part`], for the pixels `among`.
    unsafe fn pixel_tiles(
        &self,
        pixels: &Pixels,
        among: Range<usize>,
        runs: &Runs,
        panel: &Panel,
        ahead: Option<Ahead>,
        part: &Part,
    ) -> usize {
        let (first, rest) = (among.start, among.len());
        let tiles = &self.tiles.by_vectors[panel.width / self.lanes];
        let Some(&(rows, kernel)) = tiles.iter().find(|&&(rows, _)| rows <= rest) else { return rest };
        let weights = self.packed.as_slice()[panel.offset..].as_ptr();
        let ahead = ahead.unwrap_or(Ahead { from: weights, step: 0, pixel: 0 });
        let count = rest / rows;
        let args = GemmArgs {
            a: pixels.input.wrapping_add(first * pixels.in_step),
            a_row: pixels.in_step,
            a_width: 0,
            segments: runs.segments,
            a_steps: runs.pixel_steps,
            b_steps: weight_steps(runs, panel),
            run: runs.run,
            b: weights.wrapping_add((1 + runs.weight_start) * panel.width),
            ahead: ahead.from,
            ahead_step: ahead.step,
            ahead_tile: ahead.pixel * rows,
            bias: weights,
            begins: part.begins,
            ends: part.ends,
            residual: part.residual_at(first * part.residual_step + panel.first),
            residual_row: part.residual_step,
            c: pixels.output.wrapping_add(first * pixels.out_step + panel.first),
            c_row: pixels.out_step,
            rows,
            tiles: count,
            columns: panel.count,
            epilogue: self.epilogue,
        };
        if let KernelFn::Gemm(run) = kernel.run {
            // SAFETY: the operator's ISA was checked when it was made; the caller's promise; the panel was packed for kernels
            // of this width.
            unsafe { run(&args) }
        }
        rows * count
    }
}

/// Elements of a panel between runs.
pub(super) const fn weight_steps(runs: &Runs, panel: &Panel) -> [usize; 2] {
    let [outer, inner] = runs.weight_steps;
    [outer * panel.width, inner * panel.width]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever this CPU's multiply-adds cost, columns in half a vector have the same bits.
    #[cfg(all(target_arch = "x86_64", not(sepconv_portable_only)))]
    #[test]
    fn half_a_vector_changes_no_bit() {
        if !Isa::Avx512.is_available() {
            eprintln!("skipped: half a vector needs AVX-512, which this CPU does not have");
            return;
        }
        let (pixels, k) = (29, 5);
        let values = |len: usize| Vec::from_iter((0..len).map(|i| (i * 37 % 101) as f32 / 7.0 - 6.0));
        let input = values(pixels * k);
        for outputs in 1..=64 {
            for activation in [Activation::Relu6, Activation::Silu] {
                let (weights, bias) = (values(k * outputs), values(outputs));
                let run = |halved: Option<Isa>| {
                    let (kind, _) = activation::epilogue(activation);
                    let tiles = Box::leak(Box::new(Tiles::find(Layout::Hwc, Isa::Avx512, halved, kind)));
                    let (sizes, weights) = ([k, outputs, 1, 1], Weights::torch(&weights));
                    let gemm = Gemm::with_tiles(tiles, Isa::Avx512, sizes, weights, Some(&bias), activation);
                    let mut output = vec![f32::NAN; pixels * outputs];
                    let (from, to) = (input.as_ptr(), output.as_mut_ptr());
                    let line =
                        Pixels { input: from, in_step: k, output: to, out_step: outputs, count: pixels, then: 0 };
                    let panels = gemm.packed.panels().len();
                    // SAFETY: both slices hold all pixels.
                    unsafe { gemm.pixel_line(&line, &Runs::whole(k), 0..panels) };
                    (gemm.packed.panels().last().map(|panel| panel.width), output)
                };
                let ((width, whole), (half, with_half)) = (run(None), run(Some(Isa::Avx2)));
                assert!(width.is_some_and(|width| width >= 16));
                assert_eq!(half == Some(8), (1..=8).contains(&(outputs % 16)), "{outputs} outputs");
                assert!(whole.iter().zip(&with_half).all(|(a, b)| a.to_bits() == b.to_bits()), "{outputs} outputs");
            }
        }
    }

    #[test]
    fn tiles_reach_down_to_one_row() {
        for &isa in Isa::available() {
            for layout in Layout::ALL {
                let gemm = Gemm::new(layout, isa, [3, 5, 1, 1], Weights::torch(&[0.0; 15]), None, Activation::Silu);
                assert_eq!(gemm.tiles.widest().last().map(|&(rows, _)| rows), Some(1));
                assert!(gemm.name().ends_with(isa.name()));
                let kernels = gemm.tiles.by_vectors.iter().flatten();
                assert!(kernels.clone().count() > 0);
                for (_, kernel) in kernels {
                    assert_eq!(kernel.epilogue, EpilogueKind::Curve);
                }
            }
        }
    }
}
