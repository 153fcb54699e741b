//! What is asked of an operator: pure, validated data, independent of the map's size and of the CPU.

#![forbid(unsafe_code)]

mod activation;
mod blocks;
mod single;
mod window;

pub use activation::Activation;
pub use blocks::{Fusion, InvertedResidualSpec, SeparableSpec};
pub use single::{Conv2dSpec, DepthwiseSpec, PointwiseSpec};
pub(crate) use window::place;
pub use window::{Padding, Placement, Window};
