//! Depthwise: `outputs` of a line along a row of pixels (HWC) or down a column of vectors (CHW), `kernel` taps and `stride` along
//! the line, any number of taps across it. One line of taps live.

use super::super::target::Target;
use super::{Family, LONGEST, Layout, List};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    pub layout: Layout,
    pub kernel: usize,
    pub stride: usize,
    pub outputs: usize,
}

impl Family for Line {
    fn family(&self) -> &'static str {
        "Line"
    }

    fn name(&self) -> String {
        let Self { kernel, stride, outputs, .. } = self;
        match self.layout {
            Layout::Hwc => format!("dw_hwc_nx{kernel}s{stride}_1x{outputs}"),
            Layout::Chw => format!("dw_chw_{kernel}xns{stride}_{outputs}x1"),
        }
    }

    fn module(&self) -> &'static str {
        self.layout.depthwise_module()
    }

    fn args(&self) -> &'static str {
        "LineArgs"
    }

    fn call(&self, target: &Target, epilogue: &str) -> String {
        let Self { kernel, stride, outputs, .. } = self;
        let (token, taps) = (target.token, self.layout.taps());
        format!("line::run::<{token}, {epilogue}, {taps}, {kernel}, {stride}, {outputs}>")
    }

    fn shape(&self, _: &Target) -> String {
        let Self { layout, kernel, stride, outputs } = self;
        format!("LineShape {{ layout: Layout::{layout:?}, window: ({kernel}, {stride}), outputs: {outputs} }}")
    }

    fn live_vectors(&self, _: &Target) -> usize {
        self.outputs + self.kernel + 1
    }

    fn multiply_adds(&self, _: &Target) -> Option<usize> {
        Some(self.kernel * self.outputs)
    }

    fn lists(&self, _: &Target) -> Vec<List> {
        line_lists(self.kernel, self.stride, self.outputs)
    }
}

/// What a tile of a line unrolls.
pub fn line_lists(kernel: usize, stride: usize, outputs: usize) -> Vec<List> {
    let inputs = outputs.saturating_sub(1) * stride + kernel;
    vec![List::new("taps", kernel, 12), List::new("inputs", inputs, LONGEST), List::new("outputs", outputs, 16)]
}
