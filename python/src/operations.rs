//! The operations, one file each: arguments, recipe.
//!
//! A new one is a file here, its function and class among the names below, in `lib.rs` and in the package's `__init__.py`, and
//! their types in `_native.pyi`.

mod dense;
mod depthwise;
mod inverted;
mod pointwise;
mod separable;

pub use dense::{Conv2d, conv2d};
pub use depthwise::{DepthwiseConv2d, depthwise_conv2d};
pub use inverted::{InvertedResidual, inverted_residual};
pub use pointwise::{PointwiseConv2d, pointwise_conv2d};
pub use separable::{SeparableConv2d, separable_conv2d};
