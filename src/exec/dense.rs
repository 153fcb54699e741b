//! Dense convolution (pointwise is its 1×1 case) ready to run: an implicit matrix product on the gemm kernels, never an
//! im2col copy of the whole map.

use super::depthwise::{check_bias, workspace_overflow};
use super::executor::Executor;
use super::gemm::{Gemm, Part, Runs};
use super::map::{Source, Target, open};
use super::split::{self, Grid, Scratch};
use super::window::{Axis, Laid};
use super::{dense_chw, dense_hwc, window};
use crate::buffer::Workspace;
use crate::error::Result;
use crate::isa::{CacheSizes, Isa, cache_sizes};
use crate::layout::{Layout, Shape};
use crate::plan::{blocking, select};
use crate::spec::Conv2dSpec;
use crate::tensor::{TensorMut, TensorRef};
use crate::weights::Weights;
use core::ops::Range;
use sepconv_kernels::registry::KernelDesc;

/// A dense or pointwise convolution ready to run, alone or as a part of another operator.
pub(super) struct DenseStage {
    pub spec: Conv2dSpec,
    pub isa: Isa,
    pub gemm: Gemm,
    /// Copies rows into scratch.
    pub copy: &'static KernelDesc,
    /// Whether the padding's zeros must be kept away from the sums (a weight is infinite or NaN).
    pub exact_padding: bool,
    /// Pixels that meet all weights before the next ones do.
    pub block: usize,
    pub caches: CacheSizes,
}

/// One image of a run, with its window laid on it.
#[derive(Clone, Copy)]
pub(super) struct DenseImage {
    pub source: Source,
    pub target: Target,
    pub rows: Axis,
    pub columns: Axis,
}

/// A part of the sums of a pointwise convolution at stride 1.
#[derive(Clone)]
pub(super) struct Sum {
    /// Input channels whose products are added.
    pub channels: Range<usize>,
    /// Whether sums start at the bias; else the output holds them so far.
    pub begins: bool,
    /// Whether they are complete after this: then activation and residual follow.
    pub ends: bool,
    /// What is added behind the activation: a map of the output's shape.
    pub residual: Option<Source>,
}

impl Sum {
    /// The part of the sums that the gemm kernels are to make, for output pixel `(y, x)` and those after it;
    /// `along_pixels` if their rows are pixels.
    pub(super) fn part(&self, y: usize, x: usize, along_pixels: bool) -> Part {
        let (begins, ends) = (self.begins, self.ends);
        match &self.residual {
            Some(map) => {
                let residual_step = if along_pixels { map.strides.w } else { map.strides.c };
                Part { begins, ends, residual: map.at(0, y as isize, x as isize), residual_step }
            }
            None => Part { begins, ends, ..Part::WHOLE },
        }
    }

    /// Whether the rows of the residual follow each other without gaps, `row` elements each.
    pub(super) fn is_flat(&self, row: usize) -> bool {
        self.residual.is_none_or(|map| map.strides.h == row)
    }
}

impl DenseStage {
    /// `names` are those of weights and bias in errors.
    pub(super) fn new(
        spec: &Conv2dSpec,
        weights: Weights<'_>,
        bias: Option<&[f32]>,
        isa: Isa,
        names: [&'static str; 2],
    ) -> Result<Self> {
        spec.check()?;
        let isa = isa.require()?;
        weights.check(names[0], spec.weights_len()?)?;
        check_bias(names[1], bias, spec.out_channels)?;
        let [kh, kw] = spec.window.kernel;
        let sizes = [spec.in_channels, spec.out_channels, kh, kw];
        let gemm = Gemm::new(spec.layout, isa, sizes, weights, bias, spec.activation);
        let exact_padding = !weights.all_finite();
        let copy = select::rows(isa, spec.dtype);
        let caches = cache_sizes();
        let tile = match spec.layout {
            Layout::Hwc => [gemm.rows(), gemm.columns()],
            Layout::Chw => [gemm.columns(), gemm.rows()],
        };
        let block = blocking::gemm_rows(gemm.packed.k(), spec.out_channels, tile, caches);
        Ok(Self { spec: *spec, isa, gemm, copy, exact_padding, block, caches })
    }

    /// Whether the window is one tap that reads every pixel: then rows need not be told apart.
    pub(super) fn reads_every_pixel(&self) -> bool {
        let window = &self.spec.window;
        window.kernel == [1, 1] && window.stride == [1, 1]
    }

    /// The window laid on maps of this shape.
    #[inline(always)]
    pub(super) fn lay(&self, input: Shape) -> Result<Laid> {
        let channels = [self.spec.in_channels, self.spec.out_channels];
        let ([rows, columns], output) = window::lay(&self.spec.window, input, channels)?;
        let scratch = match self.spec.layout {
            Layout::Hwc => dense_hwc::scratch_len(self, rows, columns),
            Layout::Chw => dense_chw::scratch_len(self, rows, columns),
        };
        let Some(scratch) = scratch else { return Err(workspace_overflow(input)) };
        Ok(Laid { axes: [rows, columns], output, scratch })
    }

    pub(super) fn workspace_len(&self, input: Shape, threads: usize) -> Result<usize> {
        split::scratch_len(threads, self.lay(input)?.scratch).ok_or_else(|| workspace_overflow(input))
    }

    /// A run of this stage alone.
    pub(super) fn run_in(
        &self,
        input: &TensorRef<'_>,
        output: &mut TensorMut<'_>,
        workspace: &mut Workspace,
        executor: &dyn Executor,
    ) -> Result<()> {
        let laid = self.lay(input.shape())?;
        let (source, target) = open(self.spec.layout, laid.output, input, output)?;
        let Some(needed) = split::scratch_len(executor.threads(), laid.scratch) else {
            return Err(workspace_overflow(source.shape));
        };
        self.run(&laid, source, target, None, workspace.get(needed)?, executor)
    }

    /// The whole convolution, in parallel; for a pointwise one at stride 1 perhaps with a residual to add.
    pub(super) fn run(
        &self,
        laid: &Laid,
        source: Source,
        target: Target,
        residual: Option<Source>,
        workspace: &mut [f32],
        executor: &dyn Executor,
    ) -> Result<()> {
        debug_assert!(residual.is_none() || self.reads_every_pixel());
        let Laid { axes: [rows, columns], scratch, .. } = *laid;
        let products = target.shape.len()?.saturating_mul(self.gemm.packed.k());
        let threads = blocking::threads(products, executor.threads());
        let panels = self.gemm.packed.panels().len();
        let weights = size_of_val(self.gemm.packed.as_slice());
        let grid = grid([panels, rows.output, target.shape.n], threads, weights > self.caches.l2 / 4);
        split::for_each(executor, threads, workspace, scratch, target.shape.n * grid.tasks(), |task, scratch| {
            let (n, [panels, band]) = grid.cell(task, (panels, 1), (rows.output, 1));
            let image = DenseImage { source: source.image(n), target: target.image(n), rows, columns };
            match residual {
                Some(map) => {
                    let channels = 0..self.spec.in_channels;
                    let sum = Sum { channels, begins: true, ends: true, residual: Some(map.image(n)) };
                    self.sum(&image, band, panels, &sum, scratch);
                }
                None => self.band(&image, band, panels, scratch),
            }
        });
        Ok(())
    }

    /// Output rows `rows` of the panels `panels` of one image, on the calling thread.
    pub(super) fn band(&self, image: &DenseImage, rows: Range<usize>, panels: Range<usize>, scratch: Scratch) {
        if rows.is_empty() || panels.is_empty() {
            return;
        }
        match self.spec.layout {
            Layout::Hwc => dense_hwc::band(self, image, rows, panels, scratch),
            Layout::Chw => dense_chw::band(self, image, rows, panels, scratch),
        }
    }

    /// Output rows `rows` of the panels `panels` of one image of a pointwise convolution at stride 1: a part of their sums.
    pub(super) fn sum(
        &self,
        image: &DenseImage,
        rows: Range<usize>,
        panels: Range<usize>,
        sum: &Sum,
        scratch: Scratch,
    ) {
        debug_assert!(self.reads_every_pixel());
        if rows.is_empty() || panels.is_empty() {
            return;
        }
        match self.spec.layout {
            Layout::Hwc => dense_hwc::sum(self, image, rows, panels, sum),
            Layout::Chw => dense_chw::sum(self, image, rows, panels, sum, scratch),
        }
    }

    /// Panels whose weights stay in the second-level cache while the pixels pass.
    pub(super) fn panel_block(&self) -> usize {
        let panel = self.gemm.packed.panels()[0].width * (self.gemm.packed.k() + 1) * size_of::<f32>();
        (self.caches.l2 / 2 / panel).max(1)
    }

    /// The taps of the output whose window starts at `(y, x)` that are inside the map, as runs of one tap each:
    /// first tap `[ky, kx]`, and the runs on the weights' side. `None` if there are none.
    pub(super) fn taps_inside(&self, image: &DenseImage, y: isize, x: isize) -> Option<([usize; 2], Runs)> {
        let ([ky, ky_end], [kx, kx_end]) = (image.rows.taps_inside(y), image.columns.taps_inside(x));
        let (cin, kw) = (self.spec.in_channels, self.spec.window.kernel[1]);
        let runs = Runs {
            segments: [ky_end - ky, kx_end - kx],
            run: cin,
            pixel_steps: [0, 0],
            weight_steps: [kw * cin, cin],
            weight_start: (ky * kw + kx) * cin,
        };
        (ky < ky_end && kx < kx_end).then_some(([ky, kx], runs))
    }
}

/// How threads cut each of `images` images of so many panels and rows: panels, and rows of these. `stream`: the weights do not stay in a cache.
fn grid([panels, rows, images]: [usize; 3], threads: usize, stream: bool) -> Grid {
    if threads == 1 {
        return Grid::WHOLE;
    }
    let wanted = (4 * threads).div_ceil(images);
    // Weights that leave the cache are read once in all if each thread keeps to panels of its own.
    if panels >= 2 * threads && (stream || rows < wanted) {
        let outer = panels.min(wanted);
        // Where some threads would get a part more than others, all share its rows.
        let even = (images * outer).is_multiple_of(threads);
        return Grid { outer, inner: if even { 1 } else { threads.min(rows) } };
    }
    let inner = wanted.min(rows);
    Grid { outer: wanted.div_ceil(inner).min(panels), inner }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_get_as_many_parts() {
        for (sizes, threads, stream, outer, inner) in [
            ([32, 7, 1], 1, true, 1, 1),
            // Panels of one's own, where the weights stream or there are few rows.
            ([32, 7, 1], 2, true, 8, 1),
            ([32, 7, 1], 2, false, 8, 1),
            ([32, 14, 1], 2, false, 1, 8),
            // Five panels for two threads: rows of each for both; not if images even that out.
            ([5, 7, 1], 2, true, 5, 2),
            ([5, 1, 1], 2, true, 5, 1),
            ([5, 7, 2], 2, true, 4, 1),
            ([3, 7, 1], 2, true, 2, 7),
            ([1, 2, 1], 2, false, 1, 2),
        ] {
            let expected = Grid { outer, inner };
            assert_eq!(grid(sizes, threads, stream), expected, "{sizes:?}, {threads} threads, {stream}");
        }
    }
}
