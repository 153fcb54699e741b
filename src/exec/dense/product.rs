//! A weight matrix packed for the kernels of one layout, and the walk of its tiles over pixels that are rows (HWC).

use super::runs::Runs;
use super::sum::SumAt;
use super::tiles::TileKernels;
use crate::isa::{Isa, cache_sizes};
use crate::kernel_info::KernelInfo;
use crate::layout::Layout;
use crate::plan::blocking;
use crate::plan::describe::{self, Asked};
use crate::plan::select::TileKernel;
use crate::spec::Activation;
use crate::weights::Weights;
use core::ops::Range;
use sepconv_kernels::buffer::LINE;
use sepconv_kernels::epilogue::EpilogueArgs;
use sepconv_kernels::pack::panels::{PackedGemm, Panel, widths, widths_with_half};
use sepconv_kernels::product::GemmArgs;
use sepconv_kernels::registry::lanes;

/// Packed weights with the kernels that multiply by them.
pub(crate) struct Product {
    pub packed: PackedGemm,
    pub epilogue: EpilogueArgs,
    pub tiles: &'static TileKernels,
    pub lanes: usize,
    /// Whether the weights stay in the second-level cache while all pixels pass.
    stays: bool,
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
    /// few pixels is fetched no further.
    fn over(from: *const f32, len: usize, count: usize) -> Self {
        Self { from, step: LINE / 2, pixel: len / count }
    }

    /// As seen from pixel `first`.
    fn at(self, first: usize) -> Self {
        Self { from: self.from.wrapping_add(self.pixel * first), ..self }
    }
}

/// Pixels at equal distances: `count` of them, `in_step` elements apart from `input`, to be written `out_step` apart from `output`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pixels {
    pub input: *const f32,
    pub in_step: usize,
    pub output: *mut f32,
    pub out_step: usize,
    pub count: usize,
    /// Pixels that will be read after these, behind them in memory; 0 if that is not known.
    pub then: usize,
}

impl Product {
    pub(crate) fn new(
        layout: Layout,
        isa: Isa,
        sizes: [usize; 4],
        weights: Weights<'_>,
        bias: Option<&[f32]>,
        activation: Activation,
    ) -> Self {
        let (kind, _) = crate::plan::activation::epilogue(activation);
        Self::with_tiles(TileKernels::of(layout, isa, kind), isa, sizes, weights, bias, activation)
    }

    fn with_tiles(
        tiles: &'static TileKernels,
        isa: Isa,
        sizes: [usize; 4],
        weights: Weights<'_>,
        bias: Option<&[f32]>,
        activation: Activation,
    ) -> Self {
        let (_, epilogue) = crate::plan::activation::epilogue(activation);
        let widths = match tiles.by_vectors[0].is_empty() {
            true => widths(sizes[1], &tiles.panels),
            false => widths_with_half(sizes[1], &tiles.panels, lanes(isa) / 2),
        };
        let packed = PackedGemm::new(sizes, &widths, weights.dense_steps(sizes), bias);
        let stays = blocking::weights_stay(size_of_val(packed.as_slice()), cache_sizes());
        Self { packed, epilogue, tiles, lanes: lanes(isa), stays }
    }

    /// The kernel of the largest tile.
    pub(crate) fn name(&self) -> &'static str {
        self.tiles.widest()[0].1.name
    }

    /// Columns of the widest tile.
    pub(crate) const fn columns(&self) -> usize {
        self.tiles.vectors * self.lanes
    }

    /// Rows of the tallest tile.
    pub(crate) fn rows(&self) -> usize {
        self.tiles.widest()[0].0
    }

    /// HWC: the kernel that makes most outputs of so many pixels.
    pub(crate) fn pixel_kernel(&self, pixels: usize, asked: Asked<'_>) -> KernelInfo {
        let width = self.widest_panel();
        let (rows, kernel) = self.tile(width, pixels.max(1));
        let why = format!(
            "{pixels} pixels, {width} output channels at a time, {} products a sum: {rows} is the tallest tile that they fill",
            self.packed.k()
        );
        describe::product(kernel, asked, why)
    }

    /// Columns of the widest panel.
    pub(super) fn widest_panel(&self) -> usize {
        self.packed.panels().iter().map(|panel| panel.width).max().unwrap_or(self.lanes)
    }

    /// HWC: the tallest tile that so many pixels fill, for a panel of a width.
    #[inline(always)]
    fn tile(&self, width: usize, pixels: usize) -> TileKernel {
        let fitting = self.tiles.by_vectors[width / self.lanes].iter().find(|&&(rows, _)| rows <= pixels);
        *fitting.expect("every width of a panel has tiles down to one row")
    }

    /// HWC: output channels of the panels `panels` for all of the pixels, read in place.
    ///
    /// # Safety
    /// All runs of every pixel must be readable, and the panels' output channels of every pixel writable.
    pub(crate) unsafe fn pixels(&self, pixels: &Pixels, runs: &Runs, panels: Range<usize>) {
        // SAFETY: sums that begin read no output, and those without a residual read none: the rest is asked for here, too.
        unsafe { self.add_pixels(pixels, runs, panels, &SumAt::ALL) }
    }

    /// As [`Product::pixels`], for some of the products of each sum.
    ///
    /// # Safety
    /// As there; the output must hold the sums so far unless they begin, and the residual be readable where they end.
    pub(crate) unsafe fn add_pixels(&self, pixels: &Pixels, runs: &Runs, panels: Range<usize>, sum: &SumAt) {
        let panels = &self.packed.panels()[panels];
        for (index, panel) in panels.iter().enumerate() {
            let ahead = if pixels.then > 0 && self.stays {
                // The next pixels, an equal share with each panel. Left to the hardware, each of a tile's rows would wait for its lines.
                let share = pixels.then * pixels.in_step / panels.len();
                let next = pixels.input.wrapping_add(pixels.count * pixels.in_step + index * share);
                Some(Ahead::over(next, share, pixels.count))
            } else {
                // The next panel.
                panels.get(index + 1).map(|next| {
                    let weights = self.packed.as_slice()[next.offset..].as_ptr();
                    let len = next.width * runs.run * runs.segments[0] * runs.segments[1];
                    Ahead::over(weights.wrapping_add(runs.weight_start * next.width), len, pixels.count)
                })
            };
            let mut first = 0;
            while first < pixels.count {
                let rest = pixels.count - first;
                let ahead = ahead.map(|ahead| ahead.at(first));
                // SAFETY: `first..first + rest` are among `pixels`, for which the same is asked for here.
                first += unsafe { self.pixel_tiles(pixels, first..first + rest, runs, panel, ahead, sum) };
            }
        }
    }

    /// Tiles of a panel, as many of the tallest kernel that fits the pixels `among`; returns how many of these they cover.
    ///
    /// # Safety
    /// As [`Product::add_pixels`], for the pixels `among`.
    unsafe fn pixel_tiles(
        &self,
        pixels: &Pixels,
        among: Range<usize>,
        runs: &Runs,
        panel: &Panel,
        ahead: Option<Ahead>,
        sum: &SumAt,
    ) -> usize {
        let (first, rest) = (among.start, among.len());
        let (rows, kernel) = self.tile(panel.width, rest);
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
            begins: sum.begins,
            ends: sum.ends,
            residual: sum.residual_at(first * sum.residual_step + panel.first),
            residual_row: sum.residual_step,
            c: pixels.output.wrapping_add(first * pixels.out_step + panel.first),
            c_row: pixels.out_step,
            rows,
            tiles: count,
            columns: panel.count,
            epilogue: self.epilogue,
        };
        // SAFETY: the kernels are those of an ISA that `DenseStage::new` required; `rows · count` pixels are at most the `rest` that
        // are `among` the readable and writable ones; the panel was packed for kernels of this width.
        unsafe { (kernel.run)(&args) }
        rows * count
    }
}

/// Elements of a panel between runs.
pub(crate) const fn weight_steps(runs: &Runs, panel: &Panel) -> [usize; 2] {
    let [outer, inner] = runs.weight_steps;
    [outer * panel.width, inner * panel.width]
}

#[cfg(test)]
mod tests {
    use super::*;
    use sepconv_kernels::epilogue::EpilogueKind;

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
                    let (kind, _) = crate::plan::activation::epilogue(activation);
                    let tiles = Box::leak(Box::new(TileKernels::find(Layout::Hwc, Isa::Avx512, halved, kind)));
                    let (sizes, weights) = ([k, outputs, 1, 1], Weights::torch(&weights));
                    let product = Product::with_tiles(tiles, Isa::Avx512, sizes, weights, Some(&bias), activation);
                    let mut output = vec![f32::NAN; pixels * outputs];
                    let (from, to) = (input.as_ptr(), output.as_mut_ptr());
                    let pixels =
                        Pixels { input: from, in_step: k, output: to, out_step: outputs, count: pixels, then: 0 };
                    let panels = product.packed.panels().len();
                    // SAFETY: both slices hold all pixels.
                    unsafe { product.pixels(&pixels, &Runs::whole(k), 0..panels) };
                    (product.packed.panels().last().map(|panel| panel.width), output)
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
                let product =
                    Product::new(layout, isa, [3, 5, 1, 1], Weights::torch(&[0.0; 15]), None, Activation::Silu);
                assert_eq!(product.tiles.widest().last().map(|&(rows, _)| rows), Some(1));
                assert!(product.name().ends_with(isa.name()));
                let kernels = product.tiles.by_vectors.iter().flatten();
                assert!(kernels.clone().count() > 0);
                for (_, kernel) in kernels {
                    assert_eq!(kernel.epilogue, EpilogueKind::Curve);
                }
            }
        }
    }
}
