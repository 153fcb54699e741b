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
