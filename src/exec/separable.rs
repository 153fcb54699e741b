//! The separable operator: depthwise and pointwise band by band, so that what lies between them never leaves the cache.
//!
//! ```text
//! for each band of output rows (in parallel)
//!   depthwise: input rows → band in scratch (bias, activation)
//!   pointwise: band → output rows (bias, activation)
//! ```
//! Maps too small to be cut for every thread are done whole, one stage after the other. The results have the same bits.

use super::dense::{DenseImage, DenseStage};
use super::depthwise::{DepthwiseStage, Image, workspace_overflow};
use super::executor::Executor;
use super::map::{Source, Target, open, scratch_extent, scratch_strides};
use super::operator::Operator;
use super::pointwise;
use super::split::{self, Grid, Scratch};
use super::window::Laid;
use crate::buffer::Workspace;
use crate::error::Result;
use crate::isa::Isa;
use crate::layout::{Layout, Shape, Strides};
use crate::plan::blocking;
use crate::spec::{Fusion, SeparableSpec};
use crate::tensor::{TensorMut, TensorRef};
use crate::weights::Weights;
use sepconv_kernels::buffer::LINE;
use std::sync::Arc;

/// A prepared depthwise-separable convolution. Cloning shares the packed weights.
///
/// ```
/// use sepconv::{DepthwiseSpec, Layout, Operator, PointwiseSpec, Separable, SeparableSpec, Serial, Shape, TensorRef, Weights};
/// // The lecture's block: 7×7×3, one 3×3 kernel per channel, then 128 mixtures of the three channels.
/// let spec = SeparableSpec::new(DepthwiseSpec::new(3, [3, 3]), PointwiseSpec::new(3, 128));
/// let weights = [Weights::torch(&[1.0; 27]), Weights::torch(&[1.0; 384])];
/// let block = Separable::new(&spec, weights, [None, None])?;
/// let input = TensorRef::new(&[1.0; 147], Shape::new(1, 3, 7, 7), Layout::Hwc)?;
/// assert_eq!(block.run_to_vec(&input, &Serial)?, vec![27.0; 5 * 5 * 128]);
/// # Ok::<(), sepconv::Error>(())
/// ```
#[derive(Clone)]
pub struct Separable {
    stages: Arc<Stages>,
}

struct Stages {
    spec: SeparableSpec,
    depthwise: DepthwiseStage,
    pointwise: DenseStage,
    name: String,
}

impl Separable {
    /// Packs the weights and biases of (depthwise, pointwise) for the preferred instruction set.
    pub fn new(spec: &SeparableSpec, weights: [Weights<'_>; 2], bias: [Option<&[f32]>; 2]) -> Result<Self> {
        Self::with_isa(spec, weights, bias, Isa::preferred()?)
    }

    /// As [`Separable::new`], for this instruction set; an error if it is not available.
    pub fn with_isa(
        spec: &SeparableSpec,
        weights: [Weights<'_>; 2],
        bias: [Option<&[f32]>; 2],
        isa: Isa,
    ) -> Result<Self> {
        spec.check()?;
        let depthwise = DepthwiseStage::new(&spec.depthwise, weights[0], bias[0], isa)?;
        let pointwise = pointwise::stage(&spec.pointwise, weights[1], bias[1], isa)?;
        let name = format!("{} + {}", depthwise.kernel_name(), pointwise.gemm.name());
        Ok(Self { stages: Arc::new(Stages { spec: *spec, depthwise, pointwise, name }) })
    }

    /// What the operator was made for.
    pub fn spec(&self) -> &SeparableSpec {
        &self.stages.spec
    }

    /// Most output rows of a band that a run on this input with so many threads finishes at a time, both parts fused;
    /// `None` if it finishes the depthwise part before it starts the pointwise one.
    pub fn band_rows(&self, input: Shape, threads: usize) -> Result<Option<usize>> {
        let plan = self.stages.plan(input, threads)?;
        Ok(plan.bands.map(|count| plan.laid[1].output.h.div_ceil(count)))
    }
}

impl Operator for Separable {
    fn output_shape(&self, input: Shape) -> Result<Shape> {
        self.stages.spec.output_shape(input)
    }

    fn workspace_len(&self, input: Shape, threads: usize) -> Result<usize> {
        self.stages.plan(input, threads)?.workspace.ok_or_else(|| workspace_overflow(input))
    }

    fn run(
        &self,
        input: &TensorRef<'_>,
        output: &mut TensorMut<'_>,
        workspace: &mut Workspace,
        executor: &dyn Executor,
    ) -> Result<()> {
        let shape = input.shape();
        let plan = self.stages.plan(shape, executor.threads())?;
        let (source, target) = open(self.layout(), plan.laid[1].output, input, output)?;
        let scratch = workspace.get(plan.workspace.ok_or_else(|| workspace_overflow(shape))?)?;
        match plan.bands {
            Some(bands) => self.stages.bands(&plan, bands, source, target, scratch, executor),
            None => return self.stages.whole(&plan, source, target, scratch, executor),
        }
        Ok(())
    }

    fn layout(&self) -> Layout {
        self.stages.spec.layout()
    }

    fn isa(&self) -> Isa {
        self.stages.depthwise.isa
    }

    fn kernel_name(&self) -> &str {
        &self.stages.name
    }
}

/// How a run on one shape goes.
struct Plan {
    /// Bands of output rows into which each image is cut; `None` if the stages run one after the other.
    bands: Option<usize>,
    /// Shape of the map between the stages.
    middle: Shape,
    /// Strides of the part of it that is in scratch.
    strides: Strides,
    /// The depthwise and the pointwise window on their maps.
    laid: [Laid; 2],
    threads: usize,
    /// Elements of scratch of one thread: both stages' own (they do not use it at the same time).
    stage_scratch: usize,
    /// Elements of the part of the intermediate map that is there at a time.
    between: usize,
    /// Elements of workspace in all, unless that overflows.
    workspace: Option<usize>,
}

impl Stages {
    #[inline(always)]
    fn plan(&self, input: Shape, available: usize) -> Result<Plan> {
        let overflow = || workspace_overflow(input);
        let laid = self.depthwise.lay(input)?;
        let middle = laid.output;
        let laid = [laid, self.pointwise.lay(middle)?];
        let [first, second] = laid.map(|laid| laid.axes);
        let products =
            middle.len()?.saturating_mul(self.spec.pointwise.out_channels + first[0].kernel * first[1].kernel);
        let threads = blocking::threads(products, available);
        let stage_scratch = laid[0].scratch.max(laid[1].scratch);
        let stage_scratch = stage_scratch.checked_next_multiple_of(LINE).ok_or_else(overflow)?;
        // Images of a batch are enough work to share where there are as many of them as threads.
        let sharing = if middle.n >= threads { 1 } else { threads };
        let rows = second[0].output;
        let bands = match self.spec.fusion {
            Fusion::Auto => blocking::bands(rows, middle.w * middle.c, middle.w, sharing, self.depthwise.caches),
            Fusion::Off => None,
            Fusion::Rows(most) => Some(rows.div_ceil(most)),
        };
        // Rows between the stages that one band of output rows reads.
        let read = bands.map_or(middle.h, |bands| ((rows.div_ceil(bands) - 1) * second[0].stride + 1).min(middle.h));
        let part = Shape { n: 1, h: read, ..middle };
        let strides = scratch_strides(part, self.spec.layout());
        let between = scratch_extent(part, strides).ok_or_else(overflow)?;
        let workspace = match bands {
            Some(_) => between.checked_add(stage_scratch).and_then(|each| split::scratch_len(available, each)),
            None => split::scratch_len(available, stage_scratch).and_then(|scratch| scratch.checked_add(between)),
        };
        Ok(Plan { bands, middle, strides, laid, threads, stage_scratch, between, workspace })
    }

    /// Band by band: depthwise rows into scratch, then the output rows that read them.
    fn bands(
        &self,
        plan: &Plan,
        bands: usize,
        source: Source,
        target: Target,
        workspace: &mut [f32],
        executor: &dyn Executor,
    ) {
        let each = plan.between + plan.stage_scratch;
        let [first, second] = plan.laid.map(|laid| laid.axes);
        let grid = Grid { outer: bands, inner: 1 };
        let channels = plan.middle.c;
        split::for_each(executor, plan.threads, workspace, each, plan.middle.n * bands, |task, scratch| {
            let (n, [rows, channels]) = grid.cell(task, (second[0].output, 1), (channels, 1));
            if rows.is_empty() {
                return;
            }
            let read = rows.start * second[0].stride..(rows.end - 1) * second[0].stride + 1;
            let between = Target::in_scratch(scratch.ptr, plan.part(), plan.strides, read.start);
            let rest = Scratch { ptr: scratch.ptr.wrapping_add(plan.between), len: plan.stage_scratch };
            let image = Image { source: source.image(n), target: between, rows: first[0], columns: first[1] };
            self.depthwise.band(&image, read, channels, rest);
            let (source, target) = (between.as_source(), target.image(n));
            let image = DenseImage { source, target, rows: second[0], columns: second[1] };
            self.pointwise.band(&image, rows, 0..self.pointwise.gemm.packed.panels().len(), rest);
        });
    }

    /// The whole depthwise map, then the whole pointwise one, image by image.
    fn whole(
        &self,
        plan: &Plan,
        source: Source,
        target: Target,
        workspace: &mut [f32],
        executor: &dyn Executor,
    ) -> Result<()> {
        let (between, rest) = workspace.split_at_mut(plan.between);
        let between = Target::in_scratch(between.as_mut_ptr(), plan.part(), plan.strides, 0);
        for n in 0..plan.middle.n {
            self.depthwise.run(&plan.laid[0], source.image(n), between, rest, executor)?;
            self.pointwise.run(&plan.laid[1], between.as_source(), target.image(n), None, rest, executor)?;
        }
        Ok(())
    }
}

impl Plan {
    /// One image of the intermediate map.
    fn part(&self) -> Shape {
        Shape { n: 1, ..self.middle }
    }
}
