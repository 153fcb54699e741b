//! EfficientNet-B0 (Tan and Le 2019), for pictures of 224×224, with the padding of torchvision's model.
//!
//! Every block has a squeeze-and-excitation gate between depthwise and projection, so there is no separable block in it.

use super::inverted::{Group, list_groups};
use super::layers::{Layers, PaddingRule};
use crate::problem::Problem;
use sepconv::Activation::Silu;

const GROUPS: [Group; 7] = [
    (1, 3, 16, 1, 1),
    (6, 3, 24, 2, 2),
    (6, 5, 40, 2, 2),
    (6, 3, 80, 3, 2),
    (6, 5, 112, 3, 1),
    (6, 5, 192, 4, 2),
    (6, 3, 320, 1, 1),
];

/// EfficientNet-B0.
pub fn b0() -> Vec<Problem> {
    let mut layers = Layers::from_picture("efficientnet-b0", 224, PaddingRule::Symmetric);
    layers.dense("stem", 32, 3, 2, Silu);
    // The gate squeezes to a quarter of the block's input, not of the expanded channels.
    list_groups(&GROUPS, &mut layers, Silu, |given| Some((given / 4, Silu)));
    layers.pointwise("head", 1280, Silu);
    layers.finish()
}
