//! Depthwise HWC: down a column of so many pixels and vectors of channels, as many rows of outputs as an input row belongs to, and
//! all taps: live, or operands in memory where they do not fit.

use super::super::target::Target;
use super::{Family, List};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnHwc {
    pub kernel: usize,
    pub stride: usize,
    pub pixels: usize,
    pub vectors: usize,
}

impl ColumnHwc {
    /// Rows of outputs that an input row belongs to.
    fn depth(&self) -> usize {
        self.kernel.div_ceil(self.stride)
    }

    /// Sums of all of these rows.
    fn sums(&self) -> usize {
        self.depth() * self.pixels * self.vectors
    }

    /// Whether taps stay in registers.
    fn holds_taps(&self, target: &Target) -> bool {
        let all = self.sums() + self.kernel * self.kernel * self.vectors + 1;
        all * target.per_vector <= target.registers
    }
}

impl Family for ColumnHwc {
    fn family(&self) -> &'static str {
        "ColumnHwc"
    }

    fn name(&self) -> String {
        let Self { kernel, stride, pixels, vectors } = self;
        format!("dw_hwc_{kernel}x{kernel}s{stride}_{}x{pixels}x{vectors}v", self.depth())
    }

    fn module(&self) -> &'static str {
        "dw_hwc"
    }

    fn args(&self) -> &'static str {
        "ColumnArgs"
    }

    fn call(&self, target: &Target, epilogue: &str) -> String {
        let Self { kernel, stride, pixels, vectors } = self;
        let (token, depth, sums) = (target.token, self.depth(), pixels * vectors);
        format!("column_hwc::run::<{token}, {epilogue}, {kernel}, {stride}, {depth}, {pixels}, {vectors}, {sums}>")
    }

    fn shape(&self, target: &Target) -> String {
        let Self { kernel, stride, pixels, vectors } = self;
        let (depth, held) = (self.depth(), self.holds_taps(target));
        format!(
            "ColumnHwcShape {{ window: ({kernel}, {stride}), rows: {depth}, pixels: {pixels}, vectors: {vectors}, held: {held} }}"
        )
    }

    fn live_vectors(&self, target: &Target) -> usize {
        match self.holds_taps(target) {
            true => self.sums() + self.kernel * self.kernel * self.vectors + 1,
            false => self.sums() + 1 + target.operand(),
        }
    }

    /// Of one input row: those outside the map are skipped.
    fn multiply_adds(&self, _: &Target) -> Option<usize> {
        Some(self.kernel * self.sums())
    }

    fn lists(&self, _: &Target) -> Vec<List> {
        let inputs = self.pixels.saturating_sub(1) * self.stride + self.kernel;
        vec![
            List::new("taps", self.kernel, 4),
            List::new("rows", self.depth(), 4),
            List::new("vectors", self.vectors, 4),
            List::new("inputs", inputs, 16),
            List::new("sums of a row", self.pixels * self.vectors, 16),
        ]
    }
}
