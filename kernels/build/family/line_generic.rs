//! Depthwise: `outputs` of a line, any kernel, stride, dilation. One tap live.

use super::super::target::Target;
use super::{Family, Layout, List};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineGeneric {
    pub layout: Layout,
    pub outputs: usize,
}

impl Family for LineGeneric {
    fn family(&self) -> &'static str {
        "LineGeneric"
    }

    fn name(&self) -> String {
        let outputs = self.outputs;
        match self.layout {
            Layout::Hwc => format!("dw_hwc_generic_1x{outputs}"),
            Layout::Chw => format!("dw_chw_generic_{outputs}x1"),
        }
    }

    fn module(&self) -> &'static str {
        self.layout.depthwise_module()
    }

    fn args(&self) -> &'static str {
        "LineArgs"
    }

    fn call(&self, target: &Target, epilogue: &str) -> String {
        format!("line_generic::run::<{}, {epilogue}, {}, {}>", target.token, self.layout.taps(), self.outputs)
    }

    fn shape(&self, _: &Target) -> String {
        format!("LineGenericShape {{ layout: Layout::{:?}, outputs: {} }}", self.layout, self.outputs)
    }

    fn live_vectors(&self, target: &Target) -> usize {
        self.outputs + 1 + target.operand()
    }

    fn multiply_adds(&self, _: &Target) -> Option<usize> {
        Some(self.outputs)
    }

    fn lists(&self, _: &Target) -> Vec<List> {
        vec![List::new("outputs", self.outputs, 16)]
    }
}
