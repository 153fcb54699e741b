//! A depthwise convolution ready to run: chooses a nest when it is made, and cuts a run into tasks of output rows and channels.

use super::chw::Chw;
use super::hwc::Hwc;
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
use crate::spec::DepthwiseSpec;
use crate::weights::Weights;
use core::ops::Range;
use sepconv_kernels::pack::depthwise::{LaneAxis, PackedDepthwise};
use sepconv_kernels::registry::lanes;

/// A depthwise convolution ready to run, alone or in a chain.
pub(crate) struct DepthwiseStage {
    pub spec: DepthwiseSpec,
    pub isa: Isa,
    pub caches: CacheSizes,
    lane_axis: LaneAxis,
    nest: Nest,
}

/// The loops that suit the layout and the channels.
enum Nest {
    Hwc(Hwc),
    Chw(Chw),
}

impl DepthwiseStage {
    pub(crate) fn new(spec: &DepthwiseSpec, weights: Weights<'_>, bias: Option<&[f32]>, isa: Isa) -> Result<Self> {
        spec.check()?;
        let isa = isa.require()?;
        weights.check("the depthwise weights", spec.weights_len()?)?;
        check_bias("the depthwise bias", bias, spec.out_channels()?)?;
        let (kind, epilogue) = crate::plan::activation::epilogue(spec.activation);
        let choice = select::depthwise(spec, isa, kind, weights.all_finite());
        let lane_axis = choice.lane_axis;
        let packed = PackedDepthwise::new(
            [spec.channels, spec.multiplier, spec.window.kernel[0], spec.window.kernel[1]],
            lane_axis,
            lanes(isa),
            |c, q, ky, kx| weights.depthwise_at(spec, c, q, ky, kx),
            bias,
        );
        let caches = cache_sizes();
        let nest = match lane_axis {
            LaneAxis::Channels => Nest::Hwc(Hwc::new(spec, lanes(isa), choice, packed, epilogue, caches)),
            LaneAxis::Columns | LaneAxis::Elements => {
                Nest::Chw(Chw::new(spec, lanes(isa), choice, packed, epilogue, caches))
            }
        };
        Ok(Self { spec: *spec, isa, caches, lane_axis, nest })
    }

    /// Fewest of `rows` output rows that a kernel makes at a time without leaving some of its tile unused.
    pub(crate) fn tile_rows(&self, rows: usize) -> usize {
        match &self.nest {
            Nest::Hwc(nest) => nest.tile_rows(rows),
            Nest::Chw(nest) => nest.tile_rows(rows),
        }
    }

    /// Output channels.
    const fn out_channels(&self) -> usize {
        self.spec.channels * self.spec.multiplier
    }

    /// The window laid on maps of this shape.
    #[inline(always)]
    pub(crate) fn lay(&self, input: Shape) -> Result<Laid> {
        let channels = [self.spec.channels, self.out_channels()];
        let ([rows, columns], output) = window::lay(&self.spec.window, input, channels)?;
        let scratch = match &self.nest {
            Nest::Hwc(nest) => nest.scratch_len(input),
            Nest::Chw(nest) => nest.scratch_len(rows, columns),
        };
        let Some(scratch) = scratch else { return Err(workspace_overflow(input)) };
        Ok(Laid { axes: [rows, columns], output, scratch })
    }

    /// The scratch that one thread needs for an input whose pixels do not compete for cache sets.
    pub(crate) fn least_scratch_len(&self, input: Shape) -> Result<usize> {
        match &self.nest {
            Nest::Hwc(nest) => nest.offsets_len().ok_or_else(|| workspace_overflow(input)),
            Nest::Chw(_) => Ok(self.lay(input)?.scratch),
        }
    }

    /// The whole convolution, in parallel.
    pub(crate) fn run_laid(
        &self,
        laid: &Laid,
        source: Source,
        target: Target,
        workspace: &mut [f32],
        executor: &dyn Executor,
    ) -> Result<()> {
        let Laid { axes: [rows, columns], scratch, .. } = *laid;
        let (threads, grid) = self.cut(target.shape, executor.threads())?;
        let (channels, unit) = (self.out_channels(), self.unit());
        tasks::for_each(executor, threads, workspace, scratch, target.shape.n * grid.tasks(), |task, scratch| {
            let (n, [band, channels]) = grid.cell(task, (rows.output, 1), (channels, unit));
            let image = Image { source: source.image(n), target: target.image(n), rows, columns };
            self.band(&image, band, channels, scratch);
        });
        Ok(())
    }

    /// On how many of the available threads a run makes `output`, and how they cut each image.
    fn cut(&self, output: Shape, available: usize) -> Result<(usize, Grid)> {
        let taps = self.spec.window.kernel[0].saturating_mul(self.spec.window.kernel[1]);
        let products = output.len()?.saturating_mul(taps);
        let threads = blocking::threads(products.saturating_mul(blocking::DEPTHWISE_WEIGHT), available);
        Ok((threads, self.grid(output.h, output.n, threads)))
    }

    /// Of what the channels of a portion are a multiple.
    fn unit(&self) -> usize {
        if self.lane_axis == LaneAxis::Channels { lanes(self.isa) } else { 1 }
    }

    /// The kernel of a run on all of the available threads.
    pub(crate) fn kernel_of_run(&self, laid: &Laid, available: usize) -> Result<KernelInfo> {
        let (_, grid) = self.cut(laid.output, available)?;
        let (_, [rows, channels]) = grid.cell(0, (laid.output.h, 1), (self.out_channels(), self.unit()));
        Ok(self.kernel_of_band(laid, self.spec.channels, [rows.len(), channels.len()]))
    }

    /// The kernel for so many output rows and channels at a time, of inputs with `pixel` elements between neighbouring pixels (HWC).
    pub(crate) fn kernel_of_band(&self, laid: &Laid, pixel: usize, counts: [usize; 2]) -> KernelInfo {
        let asked = Asked { window: &self.spec.window, activation: self.spec.activation };
        match &self.nest {
            Nest::Hwc(nest) => nest.kernel(laid.axes, pixel, counts, asked),
            Nest::Chw(nest) => nest.kernel(laid.axes, counts, asked),
        }
    }

    /// How each image is cut: rows, and channels of these.
    fn grid(&self, rows: usize, images: usize, threads: usize) -> Grid {
        if threads == 1 {
            return Grid::WHOLE;
        }
        let wanted = (4 * threads).div_ceil(images);
        let vectors = match self.lane_axis {
            // Threads share no cache line of the output where they work on 64 channels or more.
            LaneAxis::Channels => self.out_channels().div_ceil(lanes(self.isa).max(64)),
            LaneAxis::Columns => self.out_channels(),
            LaneAxis::Elements => 1,
        };
        let by_channels = self.lane_axis == LaneAxis::Columns && vectors >= wanted;
        if by_channels || rows < 4 * wanted {
            let inner = vectors.min(wanted);
            return Grid { outer: wanted.div_ceil(inner).min(rows), inner };
        }
        Grid { outer: wanted, inner: 1 }
    }

    /// Output rows `rows` of output channels `channels` of one image, on the calling thread.
    pub(crate) fn band(&self, image: &Image, rows: Range<usize>, channels: Range<usize>, scratch: Scratch) {
        if rows.is_empty() || channels.is_empty() {
            return;
        }
        match &self.nest {
            Nest::Hwc(nest) => nest.band(image, rows, channels, scratch),
            Nest::Chw(nest) => nest.band(image, rows, channels, scratch),
        }
    }
}

impl Prepared for DepthwiseStage {
    type Schedule = Single;

    fn layout(&self) -> Layout {
        self.spec.layout
    }

    fn isa(&self) -> Isa {
        self.isa
    }

    fn kernel_name(&self) -> &str {
        match &self.nest {
            Nest::Hwc(nest) => nest.kernel_name(),
            Nest::Chw(nest) => nest.kernel_name(),
        }
    }

    fn kernels(&self, input: Shape, threads: usize) -> Result<Vec<KernelInfo>> {
        Ok(vec![self.kernel_of_run(&self.lay(input)?, threads)?])
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
        self.run_laid(&schedule.laid, source, target, workspace, executor)
    }
}
