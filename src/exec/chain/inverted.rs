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
//! Without an expanding stage the only block has all channels, and the depthwise stage reads the input.
//! Maps too small to be cut are done whole, one stage after the other. The results have the same bits.

use super::inverted_schedule::{Schedule, Turns};
use super::inverted_stages::Stages;
use crate::error::Result;
use crate::exec::dense::stage::DenseStage;
use crate::exec::dense::sum::Sum;
use crate::exec::run::executor::Executor;
use crate::exec::run::image::Image;
use crate::exec::run::map::{Source, Target};
use crate::exec::run::operator::{Prepared, impl_operator};
use crate::exec::run::scratch::Scratch;
use crate::exec::run::tasks::{self, Grid};
use crate::exec::run::window::Laid;
use crate::isa::Isa;
use crate::kernel_info::KernelInfo;
use crate::layout::{Layout, Shape};
use crate::spec::InvertedResidualSpec;
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

impl_operator!(InvertedResidual, stages);

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
        Ok(Self { stages: Arc::new(Stages::new(spec, weights, bias, isa)?) })
    }

    /// What the operator was made for.
    pub fn spec(&self) -> &InvertedResidualSpec {
        &self.stages.spec
    }

    /// Most output rows of a band, and expanded channels of a block, that a run on this input with so many threads finishes at
    /// a time, all parts fused; `None` if it finishes each part before it starts the next.
    pub fn band_rows(&self, input: Shape, threads: usize) -> Result<Option<[usize; 2]>> {
        Ok(self.stages.schedule(input, threads)?.turns.map(|turns| [turns.band, turns.channels]))
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
        let Schedule { expand: first, depthwise: second, project: third, .. } = &schedule;
        let one = |laid: &Laid| Laid { output: Shape { n: 1, ..laid.output }, ..*laid };
        let mut kernels = Vec::new();
        match &schedule.turns {
            Some(turns) => {
                if let Some(expand) = &self.expand {
                    let rows = (turns.band * second.axes[0].stride).min(first.output.h);
                    kernels.extend(expand.kernels_of_band(first, rows));
                }
                // A block of channels has pixels of its own; without an expanding stage that is all of them.
                let channels = turns.channels;
                kernels.push(self.depthwise.kernel_of_band(second, channels, [turns.band, channels]));
                kernels.extend(self.project.kernels_of_band(third, turns.band));
            }
            None => {
                if let Some(expand) = &self.expand {
                    kernels.extend(expand.kernels_of_run(&one(first), threads)?);
                }
                kernels.push(self.depthwise.kernel_of_run(&one(second), threads)?);
                kernels.extend(self.project.kernels_of_run(&one(third), threads)?);
            }
        }
        Ok(kernels)
    }

    #[inline(always)]
    fn schedule(&self, input: Shape, threads: usize) -> Result<Schedule> {
        Schedule::new(self, input, threads)
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
        match &schedule.turns {
            Some(turns) => self.turns(schedule, turns, source, target, workspace, executor),
            None => self.whole(schedule, source, target, workspace, executor)?,
        }
        Ok(())
    }
}

impl Stages {
    /// Chunk by chunk of output rows, all channels.
    fn turns(
        &self,
        schedule: &Schedule,
        turns: &Turns,
        source: Source,
        target: Target,
        workspace: &mut [f32],
        executor: &dyn Executor,
    ) {
        let rows = schedule.depthwise.axes[0].output;
        let tasks = source.shape.n * turns.chunks;
        let grid = Grid { outer: turns.chunks, inner: 1 };
        tasks::for_each(executor, schedule.threads, workspace, turns.each, tasks, |task, scratch| {
            let (n, [rows, _]) = grid.cell(task, (rows, 1), (1, 1));
            if rows.is_empty() {
                return;
            }
            let (source, target) = (source.image(n), target.image(n));
            let chunk = Chunk { stages: self, schedule, turns, source, target, scratch };
            for block in 0..turns.blocks {
                chunk.block(block, rows.clone());
            }
        });
    }

    /// Stage after stage, image by image.
    fn whole(
        &self,
        schedule: &Schedule,
        source: Source,
        target: Target,
        workspace: &mut [f32],
        executor: &dyn Executor,
    ) -> Result<()> {
        let Schedule { expanded, middle, .. } = schedule;
        let (between, rest) = workspace.split_at_mut(expanded.len + middle.len);
        let (first, second) = between.split_at_mut(expanded.len);
        for n in 0..source.shape.n {
            let (image, output) = (source.image(n), target.image(n));
            let mut input = image;
            if let Some(expand) = &self.expand {
                let map = expanded.at(first.as_mut_ptr(), expanded.shape, 0, 0);
                expand.run_laid(&schedule.expand, image, map, None, rest, executor)?;
                input = map.as_source();
            }
            let map = middle.at(second.as_mut_ptr(), middle.shape, 0, 0);
            self.depthwise.run_laid(&schedule.depthwise, input, map, rest, executor)?;
            let residual = self.spec.residual.then_some(image);
            self.project.run_laid(&schedule.project, map.as_source(), output, residual, rest, executor)?;
        }
        Ok(())
    }
}

/// A chunk of output rows of one image, on one thread.
struct Chunk<'a> {
    stages: &'a Stages,
    schedule: &'a Schedule,
    turns: &'a Turns,
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
        let (turns, multiplier) = (self.turns, self.stages.spec.depthwise.multiplier);
        let channels = turns.channels_of(block, self.stages);
        let middle = channels.start * multiplier..channels.end * multiplier;
        let mut held = Held { rows: 0..0 };
        for first in rows.clone().step_by(turns.band) {
            let band = first..(first + turns.band).min(rows.end);
            let source = match &self.stages.expand {
                Some(expand) => self.expand(expand, block, &channels, &band, &mut held),
                None => self.source,
            };
            let between = self.middle(&middle, band.start);
            let [down, across] = self.schedule.depthwise.axes;
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
        let axis = &self.schedule.depthwise.axes[0];
        let start = axis.start(band.start);
        let [first, end] = axis.inside(start, band.len()).map(|at| (start + at as isize).max(0) as usize);
        if first < end {
            self.make_room(&(first..end), held);
        }
        let map = self.expanded(channels, held.rows.start);
        // A band that lies in the padding reads nothing, and its rows are not in the map.
        if first < end && held.rows.end < end {
            let [rows, columns] = self.schedule.expand.axes;
            let image = Image { source: self.source, target: map, rows, columns };
            expand.band(&image, held.rows.end..end, self.turns.panels_of(block), self.rest());
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
        let room = &self.turns.expanded;
        if needed.end - held.rows.start <= room.shape.h {
            return;
        }
        let (row, len) = (room.strides.h, held.rows.end - needed.start);
        let (planes, plane, len) = match self.stages.spec.layout() {
            Layout::Hwc => (1, 0, len * row),
            Layout::Chw => (room.shape.c, room.strides.c, len * row),
        };
        for p in 0..planes {
            let to = self.scratch.ptr.wrapping_add(p * plane);
            let from = to.wrapping_add((needed.start - held.rows.start) * row);
            // SAFETY: rows `held` of the block are in the scratch, which has room for `room.shape.h` of them.
            unsafe { core::ptr::copy(from, to, len) };
        }
        held.rows.start = needed.start;
    }

    /// The block's map in scratch, of which row `first_row` is the first; channels and rows count as in the whole map.
    fn expanded(&self, channels: &Range<usize>, first_row: usize) -> Target {
        self.turns.expanded.at(self.scratch.ptr, self.schedule.expanded.shape, first_row, channels.start)
    }

    /// The band between depthwise and projecting stage, as [`Chunk::expanded`].
    fn middle(&self, channels: &Range<usize>, first_row: usize) -> Target {
        let ptr = self.scratch.ptr.wrapping_add(self.turns.expanded.len);
        self.turns.middle.at(ptr, self.schedule.middle.shape, first_row, channels.start)
    }

    /// The stages' own scratch.
    fn rest(&self) -> Scratch {
        self.scratch.behind(self.turns.expanded.len + self.turns.middle.len)
    }

    fn project(&self, block: usize, channels: &Range<usize>, band: Range<usize>, source: Source) {
        let project = &self.stages.project;
        let sum = Sum {
            channels: channels.clone(),
            begins: block == 0,
            ends: block + 1 == self.turns.blocks,
            residual: self.stages.spec.residual.then_some(self.source),
        };
        let [rows, columns] = self.schedule.project.axes;
        let image = Image { source, target: self.target, rows, columns };
        project.sum(&image, band, 0..project.panels().len(), &sum, self.rest());
    }
}
