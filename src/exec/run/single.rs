//! The schedule of a stage that runs alone.

use super::operator::Schedule;
use super::scratch::workspace_len;
use super::window::Laid;
use crate::layout::Shape;

/// How a run of a single stage goes.
pub(crate) struct Single {
    pub laid: Laid,
    workspace: Option<usize>,
}

impl Single {
    /// For so many threads, each with the stage's scratch.
    #[inline(always)]
    pub(crate) fn new(laid: Laid, threads: usize) -> Self {
        Self { laid, workspace: workspace_len(threads, laid.scratch) }
    }
}

impl Schedule for Single {
    fn output(&self) -> Shape {
        self.laid.output
    }

    fn workspace(&self) -> Option<usize> {
        self.workspace
    }
}
