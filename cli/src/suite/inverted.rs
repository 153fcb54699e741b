//! Inverted residual blocks: expand → depthwise → (squeeze and excite) → project, the unit of MobileNetV2, V3 and EfficientNet.

use super::layers::{DepthwiseLayer, Layers};
use sepconv::Activation;

/// One block.
#[derive(Debug, Clone, Copy)]
pub struct InvertedResidual {
    /// Depthwise kernel size.
    pub kernel: usize,
    /// Channels between expansion and projection.
    pub expanded: usize,
    /// Channels after projection.
    pub out: usize,
    /// Depthwise stride.
    pub stride: usize,
    /// After expansion and after depthwise; projection has none.
    pub activation: Activation,
    /// Channels inside the squeeze-and-excitation gate and the activation there, if the block has a gate.
    pub gate: Option<(usize, Activation)>,
}

/// Expansion factor, kernel, output channels, blocks, stride of the first of them.
pub type Group = (usize, usize, usize, usize, usize);

/// Lists the blocks of some groups, numbered from 1. `gate` says what gate a block with so many input channels has.
pub fn list_groups(
    groups: &[Group],
    layers: &mut Layers,
    activation: Activation,
    gate: impl Fn(usize) -> Option<(usize, Activation)>,
) {
    let mut number = 0;
    for &(factor, kernel, out, blocks, first_stride) in groups {
        for i in 0..blocks {
            number += 1;
            let stride = if i == 0 { first_stride } else { 1 };
            let given = layers.channels();
            let block =
                InvertedResidual { kernel, expanded: given * factor, out, stride, activation, gate: gate(given) };
            block.list(&format!("block{number}"), layers);
        }
    }
}

impl InvertedResidual {
    /// Lists the block's layers. Depthwise and projection are one separable block unless a gate stands between them.
    pub fn list(self, name: &str, layers: &mut Layers) {
        if self.expanded != layers.channels() {
            layers.pointwise(&format!("{name}.expand"), self.expanded, self.activation);
        }
        let depthwise = DepthwiseLayer { kernel: self.kernel, stride: self.stride, activation: self.activation };
        match self.gate {
            None => layers.separable(name, depthwise, self.out, Activation::Identity),
            Some((squeezed, activation)) => {
                layers.depthwise(&format!("{name}.dw"), depthwise);
                layers.squeeze_excite(&format!("{name}.se"), squeezed, activation);
                layers.pointwise(&format!("{name}.pw"), self.out, Activation::Identity);
            }
        }
    }
}
