//! The functions that may follow a convolution.

use crate::error::{Error, Result};

/// Function applied to every output, within the kernel.
///
/// A NaN stays NaN through every activation, the clamping ones included.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Activation {
    /// `y = x`.
    #[default]
    Identity,
    /// `y = max(x, 0)`.
    Relu,
    /// `y = min(max(x, 0), 6)`.
    Relu6,
    /// `y = min(max(x, lo), hi)`.
    Clamp {
        /// Smallest output.
        lo: f32,
        /// Largest output.
        hi: f32,
    },
    /// `y = x` for `x ≥ 0`, `slope·x` below.
    LeakyRelu {
        /// Slope of the negative side.
        slope: f32,
    },
    /// `y = x·relu6(x + 3) / 6` (MobileNetV3).
    HardSwish,
    /// `y = x / (1 + e^−x)`, also called swish (EfficientNet).
    Silu,
}

impl Activation {
    /// Name without parameters: `"identity"`, `"relu"`, `"relu6"`, `"clamp"`, `"leaky-relu"`, `"hard-swish"`, `"silu"`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Relu => "relu",
            Self::Relu6 => "relu6",
            Self::Clamp { .. } => "clamp",
            Self::LeakyRelu { .. } => "leaky-relu",
            Self::HardSwish => "hard-swish",
            Self::Silu => "silu",
        }
    }

    pub(super) fn check(self) -> Result<()> {
        let (bad, parameters) = match self {
            // Written so that a NaN on either side is refused too.
            Self::Clamp { lo, hi } => (lo.partial_cmp(&hi).is_none_or(|order| order.is_gt()), [lo, hi]),
            Self::LeakyRelu { slope } => (!slope.is_finite(), [slope, 0.0]),
            _ => (false, [0.0, 0.0]),
        };
        if bad { Err(Error::InvalidActivation { name: self.name(), parameters }) } else { Ok(()) }
    }
}
