//! The separable operator: depthwise and pointwise band by band, so that what lies between them never leaves the cache.
//!
//! ```text
//! for each band of output rows (in parallel)
//!   depthwise: input rows → band in scratch (bias, activation)
//!   pointwise: band → output rows (bias, activation)
//! ```
//! Maps too small to be cut for every thread are done whole, one stage after the other. The results have the same bits.

use super::dense::{DenseImage, DenseStage};
use super::depthwise::{DepthwiseStage, Image, axes, workspace_overflow};
use super::executor::Executor;
use super::map::{Source, Target, open};
use super::operator::Operator;
use super::pointwise;
use super::split::{self, Scratch};
use super::window::Axis;
use crate::buffer::{LINE, Workspace};
use crate::error::Result;
use crate::isa::Isa;
use crate::layout::{Layout, Shape};
use crate::plan::blocking::{self, Fusion};
use crate::spec::SeparableSpec;
use crate::tensor::{TensorMut, TensorRef};
use crate::weights::Weights;
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
}

impl Operator for Separable {
    fn output_shape(&self, input: Shape) -> Result<Shape> {
        self.stages.spec.output_shape(input)
    }

    fn workspace_len(&self, input: Shape, threads: usize) -> Result<usize> {
        self.output_shape(input)?;
        self.stages.plan(input, threads)?.workspace.ok_or(workspace_overflow(input))
    }

    fn run(
        &self,
        input: &TensorRef<'_>,
        output: &mut TensorMut<'_>,
        workspace: &mut Workspace,
        executor: &dyn Executor,
    ) -> Result<()> {
        let shape = input.shape();
        let (source, target) = open(self.layout(), self.output_shape(shape)?, input, output)?;
        let scratch = workspace.get(self.workspace_len(shape, executor.threads())?)?;
        let plan = self.stages.plan(shape, executor.threads())?;
        match plan.fusion {
            Fusion::Bands { rows } => self.stages.bands(&plan, rows, source, target, scratch, executor),
            Fusion::Whole => return self.stages.whole(&plan, source, target, scratch, executor),
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
    fusion: Fusion,
    /// Shape of the map between the stages.
    middle: Shape,
    /// Axes of the depthwise and of the pointwise window.
    axes: [[Axis; 2]; 2],
    threads: usize,
    /// Elements of scratch of one thread: both stages' own (they do not use it at the same time).
    stage_scratch: usize,
    /// Elements of the intermediate band (or map).
    between: usize,
    /// Elements of workspace in all, unless that overflows.
    workspace: Option<usize>,
}

impl Stages {
    fn plan(&self, input: Shape, available: usize) -> Result<Plan> {
        let middle = self.spec.depthwise.output_shape(input)?;
        let first = axes(&self.spec.depthwise.window, input)?;
        let second = axes(&self.spec.pointwise.window(), middle)?;
        let products =
            middle.len()?.saturating_mul(self.spec.pointwise.out_channels + first[0].kernel * first[1].kernel);
        let threads = blocking::threads(products, available);
        let stage_scratch = self.depthwise.scratch_len(input)?.max(self.pointwise.scratch_len(middle)?);
        let stage_scratch = stage_scratch.checked_next_multiple_of(LINE).ok_or(workspace_overflow(input))?;
        let row_len = middle.w * middle.c;
        // Images of a batch are enough work to share where there are as many of them as threads.
        let sharing = if middle.n >= threads { 1 } else { threads };
        // A strided pointwise part does not read every row between the stages: bands would have to know which.
        let fusion = match self.pointwise.reads_every_pixel() {
            true => blocking::fusion(middle.h, row_len, middle.w, sharing, self.depthwise.caches),
            false => Fusion::Whole,
        };
        let (between, workspace) = match fusion {
            Fusion::Bands { rows } => {
                let between = (rows * row_len).next_multiple_of(LINE);
                (between, between.checked_add(stage_scratch).and_then(|each| split::scratch_len(available, each)))
            }
            Fusion::Whole => {
                let between = (middle.h * row_len).next_multiple_of(LINE);
                let scratch = split::scratch_len(available, stage_scratch);
                (between, scratch.and_then(|scratch| scratch.checked_add(between)))
            }
        };
        Ok(Plan { fusion, middle, axes: [first, second], threads, stage_scratch, between, workspace })
    }

    fn bands(
        &self,
        plan: &Plan,
        rows: usize,
        source: Source,
        target: Target,
        workspace: &mut [f32],
        executor: &dyn Executor,
    ) {
        let bands = plan.middle.h.div_ceil(rows);
        let each = plan.between + plan.stage_scratch;
        let tasks = plan.middle.n * bands;
        split::for_each(executor, plan.threads, workspace, each, tasks, |task, scratch| {
            let (n, band) = (task / bands, task % bands);
            let rows = band * rows..((band + 1) * rows).min(plan.middle.h);
            let shape = Shape { n: 1, h: rows.len(), ..plan.middle };
            let between = Target::in_scratch(scratch.ptr, shape, self.spec.layout(), rows.start);
            let rest = Scratch { ptr: scratch.ptr.wrapping_add(plan.between), len: plan.stage_scratch };
            let [first, second] = plan.axes;
            let image = Image { source: source.image(n), target: between, rows: first[0], columns: first[1] };
            self.depthwise.band(&image, rows.clone(), 0..plan.middle.c, rest);
            let (source, target) = (between.as_source(), target.image(n));
            let image = DenseImage { source, target, rows: second[0], columns: second[1] };
            self.pointwise.band(&image, rows, 0..self.pointwise.gemm.packed.panels().len(), rest);
        });
    }

    fn whole(
        &self,
        plan: &Plan,
        source: Source,
        target: Target,
        workspace: &mut [f32],
        executor: &dyn Executor,
    ) -> Result<()> {
        let (between, rest) = workspace.split_at_mut(plan.between);
        let shape = Shape { n: 1, ..plan.middle };
        let between = Target::in_scratch(between.as_mut_ptr(), shape, self.spec.layout(), 0);
        for n in 0..plan.middle.n {
            self.depthwise.run(source.image(n), between, rest, executor)?;
            self.pointwise.run(between.as_source(), target.image(n), rest, executor)?;
        }
        Ok(())
    }
}
