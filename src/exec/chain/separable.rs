//! The separable operator: depthwise and pointwise band by band, so that what lies between them never leaves the cache.
//!
//! ```text
//! for each band of output rows (in parallel)
//!   depthwise: input rows → band in scratch (bias, activation)
//!   pointwise: band → output rows (bias, activation)
//! ```
//! Maps too small to be cut for every thread are done whole, one stage after the other. The results have the same bits.

use crate::error::Result;
use crate::exec::dense::pointwise;
use crate::exec::dense::stage::DenseStage;
use crate::exec::depthwise::stage::DepthwiseStage;
use crate::exec::run::checks::workspace_overflow;
use crate::exec::run::executor::Executor;
use crate::exec::run::image::Image;
use crate::exec::run::map::{Source, Target};
use crate::exec::run::operator::{self, Prepared, impl_operator};
use crate::exec::run::scratch::{ScratchMap, workspace_len};
use crate::exec::run::tasks::{self, Grid};
use crate::exec::run::window::Laid;
use crate::isa::Isa;
use crate::kernel_info::KernelInfo;
use crate::layout::{Layout, Shape};
use crate::plan::blocking;
use crate::spec::{Fusion, SeparableSpec};
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

impl_operator!(Separable, stages);

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
        let name = format!("{} + {}", depthwise.kernel_name(), pointwise.kernel_name());
        Ok(Self { stages: Arc::new(Stages { spec: *spec, depthwise, pointwise, name }) })
    }

    /// What the operator was made for.
    pub fn spec(&self) -> &SeparableSpec {
        &self.stages.spec
    }

    /// Most output rows of a band that a run on this input with so many threads finishes at a time, both parts fused;
    /// `None` if it finishes the depthwise part before it starts the pointwise one.
    pub fn band_rows(&self, input: Shape, threads: usize) -> Result<Option<usize>> {
        let schedule = self.stages.schedule(input, threads)?;
        Ok(schedule.bands.map(|count| schedule.laid[1].output.h.div_ceil(count)))
    }
}

/// How a run on one shape goes.
struct Schedule {
    /// Bands of output rows into which each image is cut; `None` if the stages run one after the other.
    bands: Option<usize>,
    /// One image of the map between the stages, and what of it is there at a time.
    middle: Shape,
    between: ScratchMap,
    /// Images of the batch.
    images: usize,
    /// The depthwise and the pointwise window on their maps.
    laid: [Laid; 2],
    threads: usize,
    /// Elements of scratch of one thread: both stages' own (they do not use it at the same time).
    stage_scratch: usize,
    /// Elements of workspace in all, unless that overflows.
    workspace: Option<usize>,
}

impl operator::Schedule for Schedule {
    fn output(&self) -> Shape {
        self.laid[1].output
    }

    fn workspace(&self) -> Option<usize> {
        self.workspace
    }
}

impl Prepared for Stages {
    type Schedule = Schedule;

    fn layout(&self) -> Layout {
        self.spec.layout()
    }

    fn isa(&self) -> Isa {
        self.depthwise.isa
    }

    fn kernel_name(&self) -> &str {
        &self.name
    }

    fn kernels(&self, input: Shape, threads: usize) -> Result<Vec<KernelInfo>> {
        let schedule = self.schedule(input, threads)?;
        let [first, second] = &schedule.laid;
        let one = |laid: &Laid| Laid { output: Shape { n: 1, ..laid.output }, ..*laid };
        let (depthwise, pointwise) = match schedule.bands {
            Some(bands) => {
                let rows = second.output.h.div_ceil(bands);
                let read = (rows - 1) * second.axes[0].stride + 1;
                let depthwise = self.depthwise.kernel_of_band(first, input.c, [read, first.output.c]);
                (depthwise, self.pointwise.kernels_of_band(second, rows))
            }
            None => {
                let depthwise = self.depthwise.kernel_of_run(&one(first), threads)?;
                (depthwise, self.pointwise.kernels_of_run(&one(second), threads)?)
            }
        };
        Ok([vec![depthwise], pointwise].concat())
    }

    #[inline(always)]
    fn schedule(&self, input: Shape, available: usize) -> Result<Schedule> {
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
        let (images, middle) = (middle.n, Shape { n: 1, ..middle });
        let between = ScratchMap::new(Shape { h: read, ..middle }, self.spec.layout()).ok_or_else(overflow)?;
        let workspace = match bands {
            Some(_) => between.len.checked_add(stage_scratch).and_then(|each| workspace_len(available, each)),
            None => workspace_len(available, stage_scratch).and_then(|scratch| scratch.checked_add(between.len)),
        };
        Ok(Schedule { bands, middle, between, images, laid, threads, stage_scratch, workspace })
    }

    #[inline(always)]
    fn run(
        &self,
        schedule: &Schedule,
        source: Source,
        target: Target,
        workspace: &mut [f32],
        executor: &dyn Executor,
    ) -> Result<()> {
        match schedule.bands {
            Some(bands) => self.bands(schedule, bands, source, target, workspace, executor),
            None => return self.whole(schedule, source, target, workspace, executor),
        }
        Ok(())
    }
}

impl Stages {
    /// Band by band: depthwise rows into scratch, then the output rows that read them.
    fn bands(
        &self,
        schedule: &Schedule,
        bands: usize,
        source: Source,
        target: Target,
        workspace: &mut [f32],
        executor: &dyn Executor,
    ) {
        let Schedule { middle, between, images, threads, .. } = *schedule;
        let each = between.len + schedule.stage_scratch;
        let [first, second] = schedule.laid.map(|laid| laid.axes);
        let grid = Grid { outer: bands, inner: 1 };
        tasks::for_each(executor, threads, workspace, each, images * bands, |task, scratch| {
            let (n, [rows, channels]) = grid.cell(task, (second[0].output, 1), (middle.c, 1));
            if rows.is_empty() {
                return;
            }
            let read = rows.start * second[0].stride..(rows.end - 1) * second[0].stride + 1;
            let map = between.at(scratch.ptr, middle, read.start, 0);
            let rest = scratch.behind(between.len);
            let image = Image { source: source.image(n), target: map, rows: first[0], columns: first[1] };
            self.depthwise.band(&image, read, channels, rest);
            let (source, target) = (map.as_source(), target.image(n));
            let image = Image { source, target, rows: second[0], columns: second[1] };
            self.pointwise.band(&image, rows, 0..self.pointwise.panels().len(), rest);
        });
    }

    /// The whole depthwise map, then the whole pointwise one, image by image.
    fn whole(
        &self,
        schedule: &Schedule,
        source: Source,
        target: Target,
        workspace: &mut [f32],
        executor: &dyn Executor,
    ) -> Result<()> {
        let (memory, rest) = workspace.split_at_mut(schedule.between.len);
        let map = schedule.between.at(memory.as_mut_ptr(), schedule.middle, 0, 0);
        for n in 0..schedule.images {
            self.depthwise.run_laid(&schedule.laid[0], source.image(n), map, rest, executor)?;
            self.pointwise.run_laid(&schedule.laid[1], map.as_source(), target.image(n), None, rest, executor)?;
        }
        Ok(())
    }
}
