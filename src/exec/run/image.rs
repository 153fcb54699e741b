//! What a nest works on: one image of a run, with the stage's window laid on it.

use super::map::{Source, Target};
use super::window::Axis;

/// One image of a run, with the window laid on it.
#[derive(Clone, Copy)]
pub(crate) struct Image {
    pub source: Source,
    pub target: Target,
    pub rows: Axis,
    pub columns: Axis,
}

impl Image {
    /// Whether the window is one tap that reads every pixel: then rows need not be told apart.
    pub(crate) const fn reads_every_pixel(&self) -> bool {
        let (rows, columns) = (&self.rows, &self.columns);
        rows.kernel == 1 && columns.kernel == 1 && rows.stride == 1 && columns.stride == 1
    }

    /// Whether the output has as many pixels each way as the input. A window of one tap may have padding: that of a `Conv2d`.
    pub(crate) const fn keeps_size(&self) -> bool {
        self.rows.output == self.rows.input && self.columns.output == self.columns.input
    }
}
