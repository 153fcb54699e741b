//! Depthwise CHW: a line as those of `Line`, of two channels, in the halves of the vectors.

use super::super::target::Target;
use super::line::line_lists;
use super::{Family, List};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineTwoChannels {
    pub kernel: usize,
    pub stride: usize,
    pub outputs: usize,
}

impl Family for LineTwoChannels {
    fn family(&self) -> &'static str {
        "LineTwoChannels"
    }

    fn name(&self) -> String {
        let Self { kernel, stride, outputs } = self;
        format!("dw_chw_{kernel}xns{stride}_{outputs}x1_2c")
    }

    fn module(&self) -> &'static str {
        "dw_chw"
    }

    fn args(&self) -> &'static str {
        "LineArgs"
    }

    fn call(&self, target: &Target, epilogue: &str) -> String {
        let Self { kernel, stride, outputs } = self;
        format!("line_two_channels::run::<{}, {epilogue}, {kernel}, {stride}, {outputs}>", target.token)
    }

    fn shape(&self, _: &Target) -> String {
        let Self { kernel, stride, outputs } = self;
        format!("LineTwoChannelsShape {{ window: ({kernel}, {stride}), outputs: {outputs} }}")
    }

    fn live_vectors(&self, _: &Target) -> usize {
        self.outputs + self.kernel + 1
    }

    /// Its maps are as low as they are narrow: inputs at the ends are always held against the border.
    fn multiply_adds(&self, _: &Target) -> Option<usize> {
        let Self { kernel, stride, outputs } = *self;
        let never_tested = kernel - 1..=(outputs - 1) * stride;
        let reached = |input: usize| (0..kernel).filter(move |tap| (input - tap).is_multiple_of(stride));
        Some(never_tested.flat_map(reached).count())
    }

    fn lists(&self, _: &Target) -> Vec<List> {
        line_lists(self.kernel, self.stride, self.outputs)
    }
}
