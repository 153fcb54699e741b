//! Lists layers one after the other, following the map's size from layer to layer.

use crate::problem::{Problem, Work};
use sepconv::{Activation, Conv2dSpec, DepthwiseSpec, Padding, PointwiseSpec, SeparableSpec, Shape};

/// How a framework pads so that stride 1 keeps the size.
#[derive(Debug, Clone, Copy)]
pub enum PaddingRule {
    /// TensorFlow's `SAME`: with stride 2 on an even map, only at the bottom and right.
    Same,
    /// PyTorch's habit: `(k − 1) / 2` on all sides.
    Symmetric,
}

impl PaddingRule {
    const fn of(self, kernel: usize) -> Padding {
        match self {
            Self::Same => Padding::Same,
            Self::Symmetric => Padding::uniform((kernel - 1) / 2),
        }
    }
}

/// A network under construction.
pub struct Layers {
    suite: &'static str,
    rule: PaddingRule,
    channels: usize,
    size: usize,
    problems: Vec<Problem>,
}

/// A depthwise layer.
#[derive(Debug, Clone, Copy)]
pub struct DepthwiseLayer {
    /// Kernel size, both ways.
    pub kernel: usize,
    /// Stride, both ways.
    pub stride: usize,
    /// Applied to its output.
    pub activation: Activation,
}

impl Layers {
    /// Starts from a colour picture of `size × size`.
    pub const fn from_picture(suite: &'static str, size: usize, rule: PaddingRule) -> Self {
        Self { suite, rule, channels: 3, size, problems: vec![] }
    }

    /// Starts in the middle of a network, from a map with this size and so many channels.
    pub const fn from_map(suite: &'static str, [size, channels]: [usize; 2], rule: PaddingRule) -> Self {
        Self { suite, rule, channels, size, problems: vec![] }
    }

    /// Channels of the map that the next layer sees.
    pub const fn channels(&self) -> usize {
        self.channels
    }

    /// A dense layer, padded by the network's rule.
    pub fn dense(&mut self, name: &str, out: usize, kernel: usize, stride: usize, activation: Activation) {
        let padding = self.rule.of(kernel);
        self.dense_padded(name, out, [kernel, stride], padding, activation);
    }

    /// A dense layer without padding.
    pub fn dense_unpadded(&mut self, name: &str, out: usize, kernel: usize, stride: usize, activation: Activation) {
        self.dense_padded(name, out, [kernel, stride], Padding::Valid, activation);
    }

    fn dense_padded(&mut self, name: &str, out: usize, size: [usize; 2], padding: Padding, activation: Activation) {
        let [kernel, stride] = size;
        let spec = Conv2dSpec::new(self.channels, out, [kernel; 2]).stride([stride; 2]).padding(padding);
        self.push(name, Work::Conv2d(spec.activation(activation)));
        self.follow(kernel, stride, padding);
        self.channels = out;
    }

    /// A pointwise layer.
    pub fn pointwise(&mut self, name: &str, out: usize, activation: Activation) {
        self.push(name, Work::Pointwise(PointwiseSpec::new(self.channels, out).activation(activation)));
        self.channels = out;
    }

    /// A depthwise layer on its own.
    pub fn depthwise(&mut self, name: &str, layer: DepthwiseLayer) {
        self.push(name, Work::Depthwise(self.depthwise_spec(layer)));
        self.follow(layer.kernel, layer.stride, self.rule.of(layer.kernel));
    }

    /// A depthwise layer with so many output channels for each input channel.
    pub fn depthwise_multiplied(&mut self, name: &str, layer: DepthwiseLayer, multiplier: usize) {
        self.push(name, Work::Depthwise(self.depthwise_spec(layer).multiplier(multiplier)));
        self.follow(layer.kernel, layer.stride, self.rule.of(layer.kernel));
        self.channels *= multiplier;
    }

    /// A depthwise and a pointwise layer that can be one separable block: listed as the block and as its two parts.
    pub fn separable(&mut self, name: &str, layer: DepthwiseLayer, out: usize, activation: Activation) {
        let pointwise = PointwiseSpec::new(self.channels, out).activation(activation);
        self.push(name, Work::Separable(SeparableSpec::new(self.depthwise_spec(layer), pointwise)));
        self.depthwise(&format!("{name}.dw"), layer);
        self.pointwise(&format!("{name}.pw"), out, activation);
    }

    /// The two pointwise layers of a squeeze-and-excitation gate, on a map of one pixel. Their second activation, the gate
    /// itself, is a sigmoid on so few values that it is not a kernel's business: none is timed.
    pub fn squeeze_excite(&mut self, name: &str, squeezed: usize, activation: Activation) {
        let reduce = PointwiseSpec::new(self.channels, squeezed).activation(activation);
        let expand = PointwiseSpec::new(squeezed, self.channels);
        for (part, spec) in [("reduce", reduce), ("expand", expand)] {
            let input = Shape::new(1, spec.in_channels, 1, 1);
            let name = format!("{name}.{part}");
            self.problems.push(Problem { suite: self.suite.into(), name, input, work: Work::Pointwise(spec) });
        }
    }

    /// The list.
    pub fn finish(self) -> Vec<Problem> {
        self.problems
    }

    fn depthwise_spec(&self, layer: DepthwiseLayer) -> DepthwiseSpec {
        DepthwiseSpec::new(self.channels, [layer.kernel; 2])
            .stride([layer.stride; 2])
            .padding(self.rule.of(layer.kernel))
            .activation(layer.activation)
    }

    fn push(&mut self, name: &str, work: Work) {
        let input = Shape::new(1, self.channels, self.size, self.size);
        self.problems.push(Problem { suite: self.suite.into(), name: name.into(), input, work });
    }

    /// The size of the map after a window of this size.
    fn follow(&mut self, kernel: usize, stride: usize, padding: Padding) {
        self.size = match padding {
            Padding::Same => self.size.div_ceil(stride),
            Padding::Valid => (self.size - kernel) / stride + 1,
            Padding::Explicit { top, bottom, .. } => (self.size + top + bottom - kernel) / stride + 1,
        };
    }
}
