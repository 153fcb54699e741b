//! The depthwise operator: cuts a run into tasks of output rows and channels, and walks each with the chosen kernels.

use super::executor::Executor;
use super::map::{Source, Target, open};
use super::operator::Operator;
use super::split::{self, Grid, Scratch};
use super::window::{Axis, Laid};
use super::{channels, strips, window};
use crate::buffer::Workspace;
use crate::error::{Error, Result};
use crate::isa::{CacheSizes, Isa, cache_sizes};
use crate::layout::{Layout, Shape};
use crate::plan::lines::Lines;
use crate::plan::select::{self, DepthwiseChoice};
use crate::plan::{activation, blocking};
use crate::spec::DepthwiseSpec;
use crate::tensor::{TensorMut, TensorRef};
use crate::weights::Weights;
use core::ops::Range;
use sepconv_kernels::epilogue::EpilogueArgs;
use sepconv_kernels::pack::depthwise::{LaneAxis, PackedDepthwise};
use sepconv_kernels::registry::lanes;
use std::sync::Arc;

/// A prepared depthwise convolution. Cloning shares the packed weights.
///
/// ```
/// use sepconv::{Depthwise, DepthwiseSpec, Layout, Operator, Padding, Serial, Shape, TensorRef, Weights};
/// // 3×3 box sums of a 4×4 map with one channel.
/// let spec = DepthwiseSpec::new(1, [3, 3]).padding(Padding::Same);
/// let sums = Depthwise::new(&spec, Weights::torch(&[1.0; 9]), None)?;
/// let input = TensorRef::new(&[1.0; 16], Shape::new(1, 1, 4, 4), Layout::Hwc)?;
/// assert_eq!(sums.run_to_vec(&input, &Serial)?[..5], [4.0, 6.0, 6.0, 4.0, 6.0]);
/// # Ok::<(), sepconv::Error>(())
/// ```
#[derive(Clone)]
pub struct Depthwise {
    stage: Arc<DepthwiseStage>,
}

impl Depthwise {
    /// Packs `weights` (`C·M·kh·kw` elements) and `bias` (`C·M` elements) for the preferred instruction set.
    pub fn new(spec: &DepthwiseSpec, weights: Weights<'_>, bias: Option<&[f32]>) -> Result<Self> {
        Self::with_isa(spec, weights, bias, Isa::preferred()?)
    }

    /// As [`Depthwise::new`], for this instruction set; an error if it is not available.
    pub fn with_isa(spec: &DepthwiseSpec, weights: Weights<'_>, bias: Option<&[f32]>, isa: Isa) -> Result<Self> {
        Ok(Self { stage: Arc::new(DepthwiseStage::new(spec, weights, bias, isa)?) })
    }

    /// What the operator was made for.
    pub fn spec(&self) -> &DepthwiseSpec {
        &self.stage.spec
    }
}

impl Operator for Depthwise {
    fn output_shape(&self, input: Shape) -> Result<Shape> {
        self.stage.spec.output_shape(input)
    }

    fn workspace_len(&self, input: Shape, threads: usize) -> Result<usize> {
        self.stage.workspace_len(input, threads)
    }

    fn run(
        &self,
        input: &TensorRef<'_>,
        output: &mut TensorMut<'_>,
        workspace: &mut Workspace,
        executor: &dyn Executor,
    ) -> Result<()> {
        let laid = self.stage.lay(input.shape())?;
        let (source, target) = open(self.layout(), laid.output, input, output)?;
        let Some(needed) = split::scratch_len(executor.threads(), laid.scratch) else {
            return Err(workspace_overflow(source.shape));
        };
        self.stage.run(&laid, source, target, workspace.get(needed)?, executor)
    }

    fn layout(&self) -> Layout {
        self.stage.spec.layout
    }

    fn isa(&self) -> Isa {
        self.stage.isa
    }

    fn kernel_name(&self) -> &str {
        self.stage.kernel_name()
    }
}

/// A depthwise convolution ready to run, alone or as a part of another operator.
pub(super) struct DepthwiseStage {
    pub spec: DepthwiseSpec,
    pub isa: Isa,
    pub lanes: usize,
    pub choice: DepthwiseChoice,
    pub packed: PackedDepthwise,
    pub epilogue: EpilogueArgs,
    pub caches: CacheSizes,
}

/// One image of a run, with its window laid on it.
#[derive(Clone, Copy)]
pub(super) struct Image {
    pub source: Source,
    pub target: Target,
    pub rows: Axis,
    pub columns: Axis,
}

impl DepthwiseStage {
    pub(super) fn new(spec: &DepthwiseSpec, weights: Weights<'_>, bias: Option<&[f32]>, isa: Isa) -> Result<Self> {
        spec.check()?;
        let isa = isa.require()?;
        weights.check("the depthwise weights", spec.weights_len()?)?;
        check_bias("the depthwise bias", bias, spec.out_channels()?)?;
        let (kind, epilogue) = activation::epilogue(spec.activation);
        let choice = select::depthwise(spec, isa, kind, weights.all_finite());
        let ([kh, kw], tap) = (spec.window.kernel, |c, q, ky, kx| weights.depthwise_at(spec, c, q, ky, kx));
        let sizes = [spec.channels, spec.multiplier, kh, kw];
        let packed = PackedDepthwise::new(sizes, choice.lane_axis, lanes(isa), tap, bias);
        Ok(Self { spec: *spec, isa, lanes: lanes(isa), choice, packed, epilogue, caches: cache_sizes() })
    }

    pub(super) fn kernel_name(&self) -> &'static str {
        self.choice.walks.first().copied().unwrap_or(self.lines().first()).name
    }

    /// The lines that most outputs are made in.
    fn lines(&self) -> &Lines {
        self.choice.down.as_ref().unwrap_or(&self.choice.lines)
    }

    /// Fewest of `rows` output rows that a kernel makes at a time without leaving a part of its tile unused.
    pub(super) fn tile_rows(&self, rows: usize) -> usize {
        match self.choice.lane_axis {
            LaneAxis::Channels => self.choice.down.as_ref().and_then(|down| down.units(rows).min()).unwrap_or(1),
            _ if !self.choice.walks.is_empty() => 1,
            _ => self.choice.lines.units(rows).min().unwrap_or(1),
        }
    }

    /// Output channels.
    pub(super) const fn out_channels(&self) -> usize {
        self.spec.channels * self.spec.multiplier
    }

    /// The window laid on maps of this shape.
    #[inline(always)]
    pub(super) fn lay(&self, input: Shape) -> Result<Laid> {
        let channels = [self.spec.channels, self.out_channels()];
        let ([rows, columns], output) = window::lay(&self.spec.window, input, channels)?;
        let scratch = match self.choice.lane_axis {
            LaneAxis::Channels => channels::scratch_len(self, input),
            LaneAxis::Columns | LaneAxis::Elements => strips::scratch_len(self, rows, columns),
        };
        let Some(scratch) = scratch else { return Err(workspace_overflow(input)) };
        Ok(Laid { axes: [rows, columns], output, scratch })
    }

    /// The scratch that one thread needs for an input whose pixels do not compete for cache sets.
    pub(super) fn least_scratch_len(&self, input: Shape) -> Result<usize> {
        match self.choice.lane_axis {
            LaneAxis::Channels => channels::offsets_len(self).ok_or_else(|| workspace_overflow(input)),
            LaneAxis::Columns | LaneAxis::Elements => Ok(self.lay(input)?.scratch),
        }
    }

    pub(super) fn workspace_len(&self, input: Shape, threads: usize) -> Result<usize> {
        split::scratch_len(threads, self.lay(input)?.scratch).ok_or_else(|| workspace_overflow(input))
    }

    /// The whole convolution, in parallel.
    pub(super) fn run(
        &self,
        laid: &Laid,
        source: Source,
        target: Target,
        workspace: &mut [f32],
        executor: &dyn Executor,
    ) -> Result<()> {
        let Laid { axes: [rows, columns], scratch, .. } = *laid;
        let taps = self.spec.window.kernel[0].saturating_mul(self.spec.window.kernel[1]);
        let products = target.shape.len()?.saturating_mul(taps);
        let work = products.saturating_mul(blocking::DEPTHWISE_WEIGHT);
        let threads = blocking::threads(work, executor.threads());
        let channels = self.out_channels();
        let grid = self.grid(rows.output, target.shape.n, threads);
        let unit = if self.choice.lane_axis == LaneAxis::Channels { self.lanes } else { 1 };
        split::for_each(executor, threads, workspace, scratch, target.shape.n * grid.tasks(), |task, scratch| {
            let (n, [band, channels]) = grid.cell(task, (rows.output, 1), (channels, unit));
            let image = Image { source: source.image(n), target: target.image(n), rows, columns };
            self.band(&image, band, channels, scratch);
        });
        Ok(())
    }

    /// How each image is cut: rows, and channels of these.
    fn grid(&self, rows: usize, images: usize, threads: usize) -> Grid {
        if threads == 1 {
            return Grid::WHOLE;
        }
        let wanted = (4 * threads).div_ceil(images);
        let vectors = match self.choice.lane_axis {
            // Threads share no cache line of the output where they work on 64 channels or more.
            LaneAxis::Channels => self.out_channels().div_ceil(self.lanes.max(64)),
            LaneAxis::Columns => self.out_channels(),
            LaneAxis::Elements => 1,
        };
        let by_channels = self.choice.lane_axis == LaneAxis::Columns && vectors >= wanted;
        if by_channels || rows < 4 * wanted {
            let channel_parts = vectors.min(wanted);
            return Grid { outer: wanted.div_ceil(channel_parts).min(rows), inner: channel_parts };
        }
        Grid { outer: wanted, inner: 1 }
    }

    /// Output rows `rows` of output channels `channels` of one image, on the calling thread.
    pub(super) fn band(&self, image: &Image, rows: Range<usize>, channels: Range<usize>, scratch: Scratch) {
        if rows.is_empty() || channels.is_empty() {
            return;
        }
        match self.choice.lane_axis {
            LaneAxis::Channels => channels::band(self, image, rows, channels, scratch),
            LaneAxis::Columns | LaneAxis::Elements => strips::band(self, image, rows, channels, scratch),
        }
    }
}

pub(super) fn check_bias(what: &'static str, bias: Option<&[f32]>, expected: usize) -> Result<()> {
    match bias {
        Some(bias) if bias.len() != expected => Err(Error::LengthMismatch { what, expected, actual: bias.len() }),
        _ => Ok(()),
    }
}

pub(super) const fn workspace_overflow(input: Shape) -> Error {
    Error::SizeOverflow { what: "the workspace", sizes: [input.n, input.c, input.h, input.w] }
}
