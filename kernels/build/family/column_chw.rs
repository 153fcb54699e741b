//! Depthwise CHW: down up to so many vectors of columns, or one of two channels, all taps live, as many rows of outputs as an input row
//! belongs to.

use super::super::target::Target;
use super::{Family, List};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnChw {
    pub kernel: usize,
    pub stride: usize,
    pub vectors: usize,
}

impl ColumnChw {
    /// Rows of outputs that an input row belongs to.
    fn depth(&self) -> usize {
        self.kernel.div_ceil(self.stride)
    }

    /// Sums, taps and an input: of its vectors of one channel, or of one vector of two channels.
    fn with_taps(&self) -> usize {
        let Self { kernel, vectors, .. } = *self;
        let of = |vectors, channels| self.depth() * vectors * channels + kernel * kernel * channels + 1;
        usize::max(of(vectors, 1), of(1, 2))
    }
}

impl Family for ColumnChw {
    fn family(&self) -> &'static str {
        "ColumnChw"
    }

    fn name(&self) -> String {
        let Self { kernel, stride, vectors } = self;
        format!("dw_chw_{kernel}x{kernel}s{stride}_{}x{vectors}v", self.depth())
    }

    fn module(&self) -> &'static str {
        "dw_chw"
    }

    fn args(&self) -> &'static str {
        "LineArgs"
    }

    fn call(&self, target: &Target, epilogue: &str) -> String {
        let Self { kernel, stride, .. } = self;
        let run = if target.halves { "run_halves" } else { "run" };
        format!("column_chw::{run}::<{}, {epilogue}, {kernel}, {stride}, {}>", target.token, self.depth())
    }

    fn shape(&self, _: &Target) -> String {
        let Self { kernel, stride, vectors } = self;
        format!("ColumnChwShape {{ window: ({kernel}, {stride}), rows: {}, vectors: {vectors} }}", self.depth())
    }

    fn live_vectors(&self, target: &Target) -> usize {
        let all = self.with_taps();
        let sums = self.depth() * self.vectors.max(2);
        if all * target.per_vector <= target.registers { all } else { sums + 1 + target.operand() }
    }

    /// Of one input row: those outside the map are skipped.
    fn multiply_adds(&self, _: &Target) -> Option<usize> {
        Some(self.kernel * self.vectors * self.depth())
    }

    fn lists(&self, _: &Target) -> Vec<List> {
        vec![
            List::new("taps", self.kernel, 4),
            List::new("rows", self.depth(), 4),
            List::new("vectors", self.vectors, 4),
        ]
    }
}
