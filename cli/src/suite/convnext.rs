//! ConvNeXt-Tiny (Liu et al. 2022), for pictures of 224×224.
//!
//! A layer normalisation stands between depthwise and pointwise, so there is no separable block in it. The network's GELU
//! between the two pointwise layers is not an epilogue of this library: they are timed without it.

use super::layers::{DepthwiseLayer, Layers, PaddingRule};
use crate::problem::Problem;
use sepconv::Activation::Identity;

/// Channels and blocks of each stage.
const STAGES: [(usize, usize); 4] = [(96, 3), (192, 3), (384, 9), (768, 3)];

/// ConvNeXt-Tiny.
pub fn tiny() -> Vec<Problem> {
    let mut layers = Layers::from_picture("convnext-t", 224, PaddingRule::Symmetric);
    for (i, (channels, blocks)) in STAGES.into_iter().enumerate() {
        let stage = i + 1;
        match stage {
            1 => layers.dense_unpadded("stem", channels, 4, 4, Identity),
            _ => layers.dense_unpadded(&format!("stage{stage}.downsample"), channels, 2, 2, Identity),
        }
        for block in 1..=blocks {
            let name = format!("stage{stage}.block{block}");
            layers.depthwise(&format!("{name}.dw"), DepthwiseLayer { kernel: 7, stride: 1, activation: Identity });
            layers.pointwise(&format!("{name}.pw1"), 4 * channels, Identity);
            layers.pointwise(&format!("{name}.pw2"), channels, Identity);
        }
    }
    layers.finish()
}
