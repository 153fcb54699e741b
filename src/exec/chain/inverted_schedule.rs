//! How a run of an inverted residual block goes: what is cut, into what, and how much scratch that takes.

use super::inverted_stages::Stages;
use crate::error::Result;
use crate::exec::run::checks::workspace_overflow;
use crate::exec::run::operator;
use crate::exec::run::scratch::{ScratchMap, workspace_len};
use crate::exec::run::window::{Axis, Laid};
use crate::isa::Isa;
use crate::layout::Shape;
use crate::plan::{blocking, inverted};
use crate::spec::Fusion;
use core::ops::Range;
use sepconv_kernels::buffer::LINE;

/// How a run on one shape goes.
pub(crate) struct Schedule {
    /// `None` if the stages run one after the other.
    pub turns: Option<Turns>,
    /// One image of the maps between the stages.
    pub expanded: ScratchMap,
    pub middle: ScratchMap,
    /// The windows on their maps; without an expanding stage, whatever.
    pub expand: Laid,
    pub depthwise: Laid,
    pub project: Laid,
    pub threads: usize,
    /// Elements of workspace in all, unless that overflows.
    pub workspace: Option<usize>,
}

/// How the stages take turns.
pub(crate) struct Turns {
    /// Chunks of output rows, one for each task.
    pub chunks: usize,
    /// Output rows made at a time.
    pub band: usize,
    /// Expanded channels made at a time: whole panels of the expanding stage, or all channels without one.
    pub channels: usize,
    pub blocks: usize,
    /// Panels of the expanding stage in a block, of how many.
    panels: [usize; 2],
    /// Rows of a block of the expanded map, and of the band behind it.
    pub expanded: ScratchMap,
    pub middle: ScratchMap,
    /// Elements of scratch of a thread.
    pub each: usize,
}

impl Turns {
    /// Panels of the expanding stage that make a block.
    pub(crate) fn panels_of(&self, block: usize) -> Range<usize> {
        let [per_block, all] = self.panels;
        block * per_block..((block + 1) * per_block).min(all)
    }

    /// Expanded channels of a block.
    pub(crate) fn channels_of(&self, block: usize, stages: &Stages) -> Range<usize> {
        match &stages.expand {
            Some(expand) => {
                let panels = &expand.panels()[self.panels_of(block)];
                panels[0].first..panels[panels.len() - 1].first + panels[panels.len() - 1].count
            }
            None => 0..stages.spec.depthwise.channels,
        }
    }
}

impl operator::Schedule for Schedule {
    fn output(&self) -> Shape {
        self.project.output
    }

    fn workspace(&self) -> Option<usize> {
        self.workspace
    }
}

/// Whether multiply-adds of 512 bits go at the full rate: then rows that are expanded twice cost less than what lies between the stages.
/// Measured with AVX-512 on a core of each kind, see 2026-11-24 and -25 in `docs/notebook`; other levels are taken for the slower kind.
fn full_rate(isa: Isa) -> bool {
    isa == Isa::Avx512 && sepconv_kernels::isa::half_level(isa).is_none()
}

impl Schedule {
    pub(crate) fn new(stages: &Stages, input: Shape, available: usize) -> Result<Self> {
        let overflow = || workspace_overflow(input);
        let spec = &stages.spec;
        let expand = stages.expand.as_ref().map(|expand| expand.lay(input)).transpose()?;
        let depthwise = stages.depthwise.lay(expand.map_or(input, |laid| laid.output))?;
        let project = stages.project.lay(depthwise.output)?;
        spec.check_residual(input, project.output)?;
        let one = |shape| Shape { n: 1, ..shape };
        let (expanded, middle) = (one(expand.map_or(input, |laid| laid.output)), one(depthwise.output));
        let taps = spec.depthwise.window.kernel;
        let products = [
            stages.expand.as_ref().map_or(0, |_| expanded.h * expanded.w * expanded.c).saturating_mul(input.c),
            middle.len()?.saturating_mul(taps[0].saturating_mul(taps[1])),
            one(project.output).len()?.saturating_mul(middle.c),
        ];
        let products = products.iter().fold(0usize, |sum, &p| sum.saturating_add(p)).saturating_mul(input.n);
        let threads = blocking::threads(products, available);
        let expand = expand.unwrap_or(Laid { scratch: 0, ..depthwise });
        let pointwise_scratch = expand.scratch.max(project.scratch);
        // A stage's own scratch beside that of the others, which do not use it at the same time.
        let own = |depthwise: usize| pointwise_scratch.max(depthwise).checked_next_multiple_of(LINE);
        let own_whole = own(depthwise.scratch).ok_or_else(overflow)?;
        let own_turns = match &stages.expand {
            Some(_) => own(stages.depthwise.least_scratch_len(expanded)?).ok_or_else(overflow)?,
            None => own_whole,
        };
        let sharing = if input.n >= threads { 1 } else { threads };
        let turns = Self::turns(stages, [expanded, middle], depthwise.axes, sharing, own_turns);
        let whole = |shape| ScratchMap::new(shape, spec.layout()).ok_or_else(overflow);
        let (mut expanded, middle) = (whole(expanded)?, whole(middle)?);
        if stages.expand.is_none() {
            expanded.len = 0;
        }
        let workspace = match &turns {
            Some(turns) => workspace_len(available, turns.each),
            None => {
                let maps = expanded.len.checked_add(middle.len);
                maps.and_then(|maps| workspace_len(available, own_whole)?.checked_add(maps))
            }
        };
        Ok(Self { turns, expanded, middle, expand, depthwise, project, threads, workspace })
    }

    /// How the stages take turns, if they do.
    fn turns(
        stages: &Stages,
        [expanded, middle]: [Shape; 2],
        depthwise: [Axis; 2],
        threads: usize,
        own: usize,
    ) -> Option<Turns> {
        let rows = &depthwise[0];
        let panels = stages.expand.as_ref().map(|expand| expand.panels());
        let sizes = inverted::Sizes {
            rows: rows.output,
            input_rows: rows.input,
            span: (rows.kernel - 1).saturating_mul(rows.dilation).saturating_add(1),
            stride: rows.stride,
            widths: [expanded.w, middle.w],
            channels: expanded.c,
            multiplier: stages.spec.depthwise.multiplier,
            unit: panels.map(|panels| panels[0].width),
            own,
            tile_rows: stages.depthwise.tile_rows(rows.output),
            twice: if full_rate(stages.depthwise.isa) { 5 } else { 10 },
            layout: stages.spec.layout(),
        };
        let caches = stages.depthwise.caches;
        let cut = match stages.spec.fusion {
            Fusion::Off => return None,
            Fusion::Auto => inverted::cut(&sizes, threads, None, caches)?,
            Fusion::Rows(most) => inverted::cut(&sizes, threads, Some(most), caches)?,
        };
        let count = panels.map_or(1, <[_]>::len);
        let per_block = sizes.unit.map_or(1, |unit| (cut.channels / unit).max(1));
        let channels = cut.channels.min(expanded.c);
        let block = Shape { h: cut.held_rows, c: channels, ..expanded };
        let mut held = ScratchMap::new(block, stages.spec.layout())?;
        if stages.expand.is_none() {
            held.len = 0;
        }
        let band = Shape { h: cut.band, c: channels * sizes.multiplier, ..middle };
        let band = ScratchMap::new(band, stages.spec.layout())?;
        Some(Turns {
            chunks: cut.chunks,
            band: cut.band,
            channels,
            blocks: count.div_ceil(per_block),
            panels: [per_block, count],
            expanded: held,
            middle: band,
            each: held.len.checked_add(band.len)?.checked_add(own)?,
        })
    }
}
