//! The inverted residual operator: expand, depthwise and project take turns, so that the expanded map never exists as a whole.
//!
//! ```text
//! for each chunk of output rows (in parallel)
//!   for each block of expanded channels
//!     for each band of output rows of the chunk
//!       expand:    input rows → rows of the block, those that are not there yet (bias, activation)
//!       depthwise: rows of the block → band (bias, activation)
//!       project:   band → output rows, adding the block's products to the sums so far;
//!                  with the last block bias, activation and residual are complete
//! ```
//! Without an expanding part the only block has all channels, and the depthwise part reads the input.
//! Maps too small to be cut are done whole, one stage after the other. The results have the same bits.

use super::dense::{DenseImage, DenseStage, Sum};
use super::depthwise::{DepthwiseStage, Image, check_bias, workspace_overflow};
use super::executor::Executor;
use super::inverted_plan::{Fused, Plan};
use super::map::{Source, Target, open};
use super::operator::Operator;
use super::pointwise;
use super::split::{self, Grid, Scratch};
use crate::buffer::Workspace;
use crate::error::Result;
use crate::isa::Isa;
use crate::layout::{Layout, Shape};
use crate::spec::InvertedResidualSpec;
use crate::tensor::{TensorMut, TensorRef};
use crate::weights::Weights;
use core::ops::Range;
use std::sync::Arc;

/// A prepared inverted residual block. Cloning shares the packed weights.
///
/// ```
/// use sepconv::{DepthwiseSpec, InvertedResidual, InvertedResidualSpec, Operator, Layout, Padding, PointwiseSpec, Serial, Shape, TensorRef, Weights};
/// let spec = InvertedResidualSpec::new(
///     Some(PointwiseSpec::new(1, 2)),
///     DepthwiseSpec::new(2, [3, 3]).padding(Padding::Same),
///     PointwiseSpec::new(2, 1),
/// )
/// .residual(true);
/// let weights = [Weights::torch(&[1.0, 1.0]), Weights::torch(&[1.0; 18]), Weights::torch(&[1.0, 1.0])];
/// let block = InvertedResidual::new(&spec, weights, [None; 3])?;
/// let input = TensorRef::new(&[1.0; 9], Shape::new(1, 1, 3, 3), Layout::Hwc)?;
/// // Twice the sum of all neighbours, plus the pixel itself.
/// assert_eq!(block.run_to_vec(&input, &Serial)?, [9.0, 13.0, 9.0, 13.0, 19.0, 13.0, 9.0, 13.0, 9.0]);
/// # Ok::<(), sepconv::Error>(())
/// ```
#[derive(Clone)]
pub struct InvertedResidual {
    stages: Arc<Stages>,
}

/// The three parts, packed.
pub(super) struct Stages {
    pub spec: InvertedResidualSpec,
    pub expand: Option<DenseStage>,
    pub depthwise: DepthwiseStage,
    pub project: DenseStage,
    name: String,
}

impl InvertedResidual {
    /// Packs weights and biases of (expand, depthwise, project) for the preferred instruction set; those of a missing
    /// expanding part must be empty or `None`.
    pub fn new(spec: &InvertedResidualSpec, weights: [Weights<'_>; 3], bias: [Option<&[f32]>; 3]) -> Result<Self> {
        Self::with_isa(spec, weights, bias, Isa::preferred()?)
    }

    /// As [`InvertedResidual::new`], for this instruction set; an error if it is not available.
    pub fn with_isa(
        spec: &InvertedResidualSpec,
        weights: [Weights<'_>; 3],
        bias: [Option<&[f32]>; 3],
        isa: Isa,
    ) -> Result<Self> {
        spec.check()?;
        let [first, second, third] = weights;
        let expand = match &spec.expand {
            Some(expand) => Some(pointwise::stage(expand, first, bias[0], isa)?),
            None => {
                first.check("the weights of a missing expanding part", 0)?;
                check_bias("the bias of a missing expanding part", bias[0], 0)?;
                None
            }
        };
        let depthwise = DepthwiseStage::new(&spec.depthwise, second, bias[1], isa)?;
        let project = pointwise::stage(&spec.project, third, bias[2], isa)?;
        let expanding = expand.as_ref().map(|expand| expand.gemm.name());
        let names = [expanding, Some(depthwise.kernel_name()), Some(project.gemm.name())];
        let name = names.into_iter().flatten().collect::<Vec<_>>().join(" + ");
        Ok(Self { stages: Arc::new(Stages { spec: *spec, expand, depthwise, project, name }) })
    }

    /// What the operator was made for.
    pub fn spec(&self) -> &InvertedResidualSpec {
        &self.stages.spec
    }

    /// Most output rows of a band, and expanded channels of a block, that a run on this input with so many threads finishes at
    /// a time, all parts fused; `None` if it finishes each part before it starts the next.
    pub fn band_rows(&self, input: Shape, threads: usize) -> Result<Option<[usize; 2]>> {
        Ok(Plan::new(&self.stages, input, threads)?.fused.map(|fused| [fused.band, fused.channels]))
    }
}

impl Operator for InvertedResidual {
    fn output_shape(&self, input: Shape) -> Result<Shape> {
        self.stages.spec.output_shape(input)
    }

    fn workspace_len(&self, input: Shape, threads: usize) -> Result<usize> {
        Plan::new(&self.stages, input, threads)?.workspace.ok_or_else(|| workspace_overflow(input))
    }

    fn run(
        &self,
        input: &TensorRef<'_>,
        output: &mut TensorMut<'_>,
        workspace: &mut Workspace,
        executor: &dyn Executor,
    ) -> Result<()> {
        let shape = input.shape();
        let plan = Plan::new(&self.stages, shape, executor.threads())?;
        let (source, target) = open(self.layout(), plan.project.output, input, output)?;
        let scratch = workspace.get(plan.workspace.ok_or_else(|| workspace_overflow(shape))?)?;
        match &plan.fused {
            Some(fused) => self.stages.fused(&plan, fused, source, target, scratch, executor),
            None => self.stages.whole(&plan, source, target, scratch, executor)?,
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

impl Stages {
    /// Chunk by chunk of output rows, all channels.
    fn fused(
        &self,
        plan: &Plan,
        fused: &Fused,
        source: Source,
        target: Target,
        workspace: &mut [f32],
        executor: &dyn Executor,
    ) {
        let rows = plan.depthwise.axes[0].output;
        let tasks = source.shape.n * fused.chunks;
        let grid = Grid { outer: fused.chunks, inner: 1 };
        split::for_each(executor, plan.threads, workspace, fused.each, tasks, |task, scratch| {
            let (n, [rows, _]) = grid.cell(task, (rows, 1), (1, 1));
            if rows.is_empty() {
                return;
            }
            let chunk = Chunk { stages: self, plan, fused, source: source.image(n), target: target.image(n), scratch };
            for block in 0..fused.blocks {
                chunk.block(block, rows.clone());
            }
        });
    }

    /// Stage after stage, image by image.
    fn whole(
        &self,
        plan: &Plan,
        source: Source,
        target: Target,
        workspace: &mut [f32],
        executor: &dyn Executor,
    ) -> Result<()> {
        let (between, rest) = workspace.split_at_mut(plan.expanded.len + plan.middle.len);
        let (first, second) = between.split_at_mut(plan.expanded.len);
        for n in 0..source.shape.n {
            let (input, output) = (source.image(n), target.image(n));
            let mut expanded = input;
            if let Some(expand) = &self.expand {
                let map = Target::in_scratch(first.as_mut_ptr(), plan.expanded.shape, plan.expanded.strides, 0);
                expand.run(&plan.expand, input, map, None, rest, executor)?;
                expanded = map.as_source();
            }
            let middle = Target::in_scratch(second.as_mut_ptr(), plan.middle.shape, plan.middle.strides, 0);
            self.depthwise.run(&plan.depthwise, expanded, middle, rest, executor)?;
            let residual = self.spec.residual.then_some(input);
            self.project.run(&plan.project, middle.as_source(), output, residual, rest, executor)?;
        }
        Ok(())
    }
}

/// A chunk of output rows of one image, on one thread.
struct Chunk<'a> {
    stages: &'a Stages,
    plan: &'a Plan,
    fused: &'a Fused,
    source: Source,
    target: Target,
    scratch: Scratch,
}

/// Rows of a block of expanded channels that are in scratch.
struct Held {
    rows: Range<usize>,
}

impl Chunk<'_> {
    /// What a block of channels adds to the output rows `rows`.
    fn block(&self, block: usize, rows: Range<usize>) {
        let (fused, multiplier) = (self.fused, self.stages.spec.depthwise.multiplier);
        let channels = fused.channels_of(block, self.stages);
        let middle = channels.start * multiplier..channels.end * multiplier;
        let mut held = Held { rows: 0..0 };
        for first in rows.clone().step_by(fused.band) {
            let band = first..(first + fused.band).min(rows.end);
            let source = match &self.stages.expand {
                Some(expand) => self.expand(expand, block, &channels, &band, &mut held),
                None => self.source,
            };
            let between = self.middle(&middle, band.start);
            let [down, across] = self.plan.depthwise.axes;
            let image = Image { source, target: between, rows: down, columns: across };
            self.stages.depthwise.band(&image, band.clone(), middle.clone(), self.rest());
            self.project(block, &middle, band, between.as_source());
        }
    }

    /// Makes the rows of a block that a band reads, but for those that are there; returns the block's map.
    fn expand(
        &self,
        expand: &DenseStage,
        block: usize,
        channels: &Range<usize>,
        band: &Range<usize>,
        held: &mut Held,
    ) -> Source {
        let axis = &self.plan.depthwise.axes[0];
        let start = axis.start(band.start);
        let [first, end] = axis.inside(start, band.len()).map(|at| (start + at as isize).max(0) as usize);
        if first < end {
            self.make_room(&(first..end), held);
        }
        let map = self.expanded(channels, held.rows.start);
        // A band that lies in the padding reads nothing, and its rows are not in the map.
        if first < end && held.rows.end < end {
            let [rows, columns] = self.plan.expand.axes;
            let image = DenseImage { source: self.source, target: map, rows, columns };
            expand.band(&image, held.rows.end..end, self.fused.panels_of(block), self.rest());
            held.rows.end = end;
        }
        map.as_source()
    }

    /// Moves the rows that are still needed to the front of the scratch if those to come do not fit behind them.
    fn make_room(&self, needed: &Range<usize>, held: &mut Held) {
        if held.rows.is_empty() || needed.start >= held.rows.end {
            held.rows = needed.start..needed.start;
            return;
        }
        let part = &self.fused.expanded;
        if needed.end - held.rows.start <= part.shape.h {
            return;
        }
        let (row, len) = (part.strides.h, held.rows.end - needed.start);
        let (planes, plane, len) = match self.stages.spec.layout() {
            Layout::Hwc => (1, 0, len * row),
            Layout::Chw => (part.shape.c, part.strides.c, len * row),
        };
        for p in 0..planes {
            let to = self.scratch.ptr.wrapping_add(p * plane);
            let from = to.wrapping_add((needed.start - held.rows.start) * row);
            // SAFETY: rows `held` of the block are in the scratch, which has room for `part.shape.h` of them.
            unsafe { core::ptr::copy(from, to, len) };
        }
        held.rows.start = needed.start;
    }

    /// The block's map in scratch, of which row `first_row` is the first; channels and rows count as in the whole map.
    fn expanded(&self, channels: &Range<usize>, first_row: usize) -> Target {
        let part = &self.fused.expanded;
        let map = Target::in_scratch(self.scratch.ptr, self.plan.expanded.shape, part.strides, first_row);
        Target { ptr: map.ptr.wrapping_sub(channels.start * part.strides.c), ..map }
    }

    /// The band between depthwise and projecting part, as [`Chunk::expanded`].
    fn middle(&self, channels: &Range<usize>, first_row: usize) -> Target {
        let part = &self.fused.middle;
        let ptr = self.scratch.ptr.wrapping_add(self.fused.expanded.len);
        let map = Target::in_scratch(ptr, self.plan.middle.shape, part.strides, first_row);
        Target { ptr: map.ptr.wrapping_sub(channels.start * part.strides.c), ..map }
    }

    /// The stages' own scratch.
    fn rest(&self) -> Scratch {
        let used = self.fused.expanded.len + self.fused.middle.len;
        Scratch { ptr: self.scratch.ptr.wrapping_add(used), len: self.scratch.len - used }
    }

    fn project(&self, block: usize, channels: &Range<usize>, band: Range<usize>, source: Source) {
        let project = &self.stages.project;
        let sum = Sum {
            channels: channels.clone(),
            begins: block == 0,
            ends: block + 1 == self.fused.blocks,
            residual: self.stages.spec.residual.then_some(self.source),
        };
        let [rows, columns] = self.plan.project.axes;
        let image = DenseImage { source, target: self.target, rows, columns };
        project.sum(&image, band, 0..project.gemm.packed.panels().len(), &sum, self.rest());
    }
}
