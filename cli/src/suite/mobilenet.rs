//! The MobileNets, for pictures of 224×224.
//!
//! Sources: Howard et al. 2017 (V1, TensorFlow padding); Sandler et al. 2018 (V2) and Howard et al. 2019 (V3), both with
//! the padding of torchvision's models.

use super::inverted::{Group, InvertedResidual, list_groups};
use super::layers::{DepthwiseLayer, Layers, PaddingRule};
use crate::problem::Problem;
use sepconv::Activation::{HardSwish, Relu, Relu6};

/// V1: output channels and stride of each separable block.
const V1_BLOCKS: [(usize, usize); 13] = [
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (1024, 2),
    (1024, 1),
];

/// MobileNetV1, width 1.
pub fn v1() -> Vec<Problem> {
    let mut layers = Layers::from_picture("mobilenet-v1", 224, PaddingRule::Same);
    layers.dense("stem", 32, 3, 2, Relu6);
    for (i, (out, stride)) in V1_BLOCKS.into_iter().enumerate() {
        let depthwise = DepthwiseLayer { kernel: 3, stride, activation: Relu6 };
        layers.separable(&format!("block{}", i + 1), depthwise, out, Relu6);
    }
    layers.finish()
}

const V2_GROUPS: [Group; 7] = [
    (1, 3, 16, 1, 1),
    (6, 3, 24, 2, 2),
    (6, 3, 32, 3, 2),
    (6, 3, 64, 4, 2),
    (6, 3, 96, 3, 1),
    (6, 3, 160, 3, 2),
    (6, 3, 320, 1, 1),
];

/// MobileNetV2, width 1.
pub fn v2() -> Vec<Problem> {
    let mut layers = Layers::from_picture("mobilenet-v2", 224, PaddingRule::Symmetric);
    layers.dense("stem", 32, 3, 2, Relu6);
    list_groups(&V2_GROUPS, &mut layers, Relu6, |_| None);
    layers.pointwise("head", 1280, Relu6);
    layers.finish()
}

/// V3-Large: kernel, expanded channels, output channels, channels inside the gate (0: no gate), hard-swish instead of ReLU, stride.
const V3_LARGE_BLOCKS: [(usize, usize, usize, usize, bool, usize); 15] = [
    (3, 16, 16, 0, false, 1),
    (3, 64, 24, 0, false, 2),
    (3, 72, 24, 0, false, 1),
    (5, 72, 40, 24, false, 2),
    (5, 120, 40, 32, false, 1),
    (5, 120, 40, 32, false, 1),
    (3, 240, 80, 0, true, 2),
    (3, 200, 80, 0, true, 1),
    (3, 184, 80, 0, true, 1),
    (3, 184, 80, 0, true, 1),
    (3, 480, 112, 120, true, 1),
    (3, 672, 112, 168, true, 1),
    (5, 672, 160, 168, true, 2),
    (5, 960, 160, 240, true, 1),
    (5, 960, 160, 240, true, 1),
];

/// MobileNetV3-Large, width 1.
pub fn v3_large() -> Vec<Problem> {
    let mut layers = Layers::from_picture("mobilenet-v3-large", 224, PaddingRule::Symmetric);
    layers.dense("stem", 16, 3, 2, HardSwish);
    for (i, (kernel, expanded, out, squeezed, hard_swish, stride)) in V3_LARGE_BLOCKS.into_iter().enumerate() {
        let activation = if hard_swish { HardSwish } else { Relu };
        let gate = (squeezed > 0).then_some((squeezed, Relu));
        let block = InvertedResidual { kernel, expanded, out, stride, activation, gate };
        block.list(&format!("block{}", i + 1), &mut layers);
    }
    layers.pointwise("head", 960, HardSwish);
    layers.finish()
}
