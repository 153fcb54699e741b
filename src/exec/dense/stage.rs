//! A dense convolution (pointwise is its 1×1 case) ready to run: chooses a nest when it is made, and cuts a run into tasks of panels and
//! output rows.

use super::chw::Chw;
use super::hwc::Hwc;
use super::product::Product;
use super::sum::Sum;
use crate::error::Result;
use crate::exec::run::checks::{check_bias, workspace_overflow};
use crate::exec::run::executor::Executor;
use crate::exec::run::image::Image;
use crate::exec::run::map::{Source, Target};
use crate::exec::run::operator::Prepared;
use crate::exec::run::scratch::Scratch;
use crate::exec::run::single::Single;
use crate::exec::run::tasks::{self, Grid};
use crate::exec::run::window::{self, Laid};
use crate::isa::{CacheSizes, Isa, cache_sizes};
use crate::kernel_info::KernelInfo;
use crate::layout::{Layout, Shape};
use crate::plan::describe::Asked;
use crate::plan::{blocking, select};
use crate::spec::Conv2dSpec;
use crate::weights::Weights;
use core::ops::Range;
use sepconv_kernels::pack::panels::Panel;

/// A dense or pointwise convolution ready to run, alone or in a chain.
pub(crate) struct DenseStage {
    pub spec: Conv2dSpec,
    isa: Isa,
    caches: CacheSizes,
    nest: Nest,
}

/// The loops of the layout.
enum Nest {
    Hwc(Hwc),
    Chw(Chw),
}

impl DenseStage {
    /// `names` are those of weights and bias in errors.
    pub(crate) fn new(
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
        let (in_channels, out_channels) = (spec.in_channels, spec.out_channels);
        let product =
            Product::new(spec.layout, isa, [in_channels, out_channels, kh, kw], weights, bias, spec.activation);
        let exact_padding = !weights.all_finite();
        let copy = select::row_copy(isa, spec.dtype);
        let caches = cache_sizes();
        let tile = match spec.layout {
            Layout::Hwc => [product.rows(), product.columns()],
            Layout::Chw => [product.columns(), product.rows()],
        };
        let block = blocking::product_rows(product.packed.k(), out_channels, tile, caches);
        let nest = match spec.layout {
            Layout::Hwc => Nest::Hwc(Hwc::new(spec, product, block, copy, exact_padding, caches)),
            Layout::Chw => Nest::Chw(Chw::new(in_channels, product, block, copy, exact_padding)),
        };
        Ok(Self { spec: *spec, isa, caches, nest })
    }

    /// The packed weights with their kernels.
    const fn product(&self) -> &Product {
        match &self.nest {
            Nest::Hwc(nest) => &nest.product,
            Nest::Chw(nest) => &nest.product,
        }
    }

    /// The panels of the weights.
    pub(crate) fn panels(&self) -> &[Panel] {
        self.product().packed.panels()
    }

    /// The window laid on maps of this shape.
    #[inline(always)]
    pub(crate) fn lay(&self, input: Shape) -> Result<Laid> {
        let channels = [self.spec.in_channels, self.spec.out_channels];
        let ([rows, columns], output) = window::lay(&self.spec.window, input, channels)?;
        let scratch = match &self.nest {
            Nest::Hwc(nest) => nest.scratch_len(rows, columns),
            Nest::Chw(nest) => nest.scratch_len(rows, columns),
        };
        let Some(scratch) = scratch else { return Err(workspace_overflow(input)) };
        Ok(Laid { axes: [rows, columns], output, scratch })
    }

    /// The whole convolution, in parallel; for a pointwise one at stride 1 perhaps with a residual to add.
    pub(crate) fn run_laid(
        &self,
        laid: &Laid,
        source: Source,
        target: Target,
        residual: Option<Source>,
        workspace: &mut [f32],
        executor: &dyn Executor,
    ) -> Result<()> {
        let Laid { axes: [rows, columns], scratch, .. } = *laid;
        let panels = self.panels().len();
        let (threads, grid) = self.cut(target.shape, executor.threads())?;
        tasks::for_each(executor, threads, workspace, scratch, target.shape.n * grid.tasks(), |task, scratch| {
            let (n, [panels, band]) = grid.cell(task, (panels, 1), (rows.output, 1));
            let image = Image { source: source.image(n), target: target.image(n), rows, columns };
            match residual {
                Some(map) => {
                    let sum = Sum::all(self.spec.in_channels, Some(map.image(n)));
                    self.sum(&image, band, panels, &sum, scratch);
                }
                None => self.band(&image, band, panels, scratch),
            }
        });
        Ok(())
    }

    /// On how many of the available threads a run makes `output`, and how they cut each image.
    fn cut(&self, output: Shape, available: usize) -> Result<(usize, Grid)> {
        let packed = &self.product().packed;
        let threads = blocking::threads(output.len()?.saturating_mul(packed.k()), available);
        let streams = size_of_val(packed.as_slice()) > self.caches.l2 / 4;
        Ok((threads, grid([packed.panels().len(), output.h, output.n], threads, streams)))
    }

    /// The kernels of a run on all of the available threads, the one that makes most outputs first.
    pub(crate) fn kernels_of_run(&self, laid: &Laid, available: usize) -> Result<Vec<KernelInfo>> {
        let (_, grid) = self.cut(laid.output, available)?;
        let (_, [_, rows]) = grid.cell(0, (self.panels().len(), 1), (laid.output.h, 1));
        Ok(self.kernels_of_band(laid, rows.len()))
    }

    /// The kernels for so many output rows at a time.
    pub(crate) fn kernels_of_band(&self, laid: &Laid, rows: usize) -> Vec<KernelInfo> {
        let asked = Asked { window: &self.spec.window, activation: self.spec.activation };
        match &self.nest {
            Nest::Hwc(nest) => vec![nest.kernel(laid.axes, rows, asked)],
            Nest::Chw(nest) => nest.kernels(laid.axes, rows, asked),
        }
    }

    /// Output rows `rows` of the panels `panels` of one image, on the calling thread.
    pub(crate) fn band(&self, image: &Image, rows: Range<usize>, panels: Range<usize>, scratch: Scratch) {
        if rows.is_empty() || panels.is_empty() {
            return;
        }
        match &self.nest {
            Nest::Hwc(nest) => nest.band(image, rows, panels, scratch),
            Nest::Chw(nest) => nest.band(image, rows, panels, scratch),
        }
    }

    /// Adds to the sums of the output rows `rows` of the panels `panels` of one image of a pointwise convolution at stride 1.
    pub(crate) fn sum(&self, image: &Image, rows: Range<usize>, panels: Range<usize>, sum: &Sum, scratch: Scratch) {
        debug_assert!(image.reads_every_pixel());
        if rows.is_empty() || panels.is_empty() {
            return;
        }
        match &self.nest {
            Nest::Hwc(nest) => nest.sum(image, rows, panels, sum),
            Nest::Chw(nest) => nest.sum(image, rows, panels, sum, scratch),
        }
    }
}

impl Prepared for DenseStage {
    type Schedule = Single;

    fn layout(&self) -> Layout {
        self.spec.layout
    }

    fn isa(&self) -> Isa {
        self.isa
    }

    fn kernel_name(&self) -> &str {
        self.product().name()
    }

    fn kernels(&self, input: Shape, threads: usize) -> Result<Vec<KernelInfo>> {
        self.kernels_of_run(&self.lay(input)?, threads)
    }

    #[inline(always)]
    fn schedule(&self, input: Shape, threads: usize) -> Result<Single> {
        Ok(Single::new(self.lay(input)?, threads))
    }

    fn run(
        &self,
        schedule: &Single,
        source: Source,
        target: Target,
        workspace: &mut [f32],
        executor: &dyn Executor,
    ) -> Result<()> {
        self.run_laid(&schedule.laid, source, target, None, workspace, executor)
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
        // Where some threads would get a portion more than others, all share its rows.
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
    fn threads_get_as_many_portions() {
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
