//! MobileCLIP-S0 (Vasu et al. 2024), image encoder MCi0, for pictures of 256×256: its layers with channel multiplier 2.
//!
//! Only these, with the pointwise layers behind them: the depthwise layers of the downsampling between stages, which double the
//! channels, and the one in front of the head. The network's GELU, and the gate of the last two downsamplings, stand between
//! depthwise and pointwise, so there is no separable block in it.

use super::layers::{DepthwiseLayer, Layers, PaddingRule};
use crate::problem::Problem;
use sepconv::Activation::Identity;

/// The layers of MobileCLIP-S0 that have two output channels for each input channel.
pub fn s0() -> Vec<Problem> {
    // The stem has made 64 channels of a quarter of the picture's size.
    let mut layers = Layers::from_map("mobileclip-s0", [64, 64], PaddingRule::Symmetric);
    for stage in 2..=4 {
        let name = format!("stage{stage}.downsample");
        let layer = DepthwiseLayer { kernel: 7, stride: 2, activation: Identity };
        layers.depthwise_multiplied(&format!("{name}.dw"), layer, 2);
        layers.pointwise(&format!("{name}.pw"), layers.channels(), Identity);
    }
    layers.depthwise_multiplied("head.dw", DepthwiseLayer { kernel: 3, stride: 1, activation: Identity }, 2);
    layers.finish()
}
