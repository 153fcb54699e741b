//! Activations as the kernels know them.

use crate::spec::Activation;
use sepconv_kernels::epilogue::{EpilogueArgs, EpilogueKind};

/// The kind of kernel that an activation needs, and its parameters.
pub(crate) const fn epilogue(activation: Activation) -> (EpilogueKind, EpilogueArgs) {
    match activation {
        Activation::Identity => EpilogueArgs::clamp(f32::NEG_INFINITY, f32::INFINITY),
        Activation::Relu => EpilogueArgs::clamp(0.0, f32::INFINITY),
        Activation::Relu6 => EpilogueArgs::clamp(0.0, 6.0),
        Activation::Clamp { lo, hi } => EpilogueArgs::clamp(lo, hi),
        Activation::LeakyRelu { slope } => EpilogueArgs::leaky_relu(slope),
        Activation::HardSwish => EpilogueArgs::hard_swish(),
        Activation::Silu => EpilogueArgs::silu(),
    }
}
