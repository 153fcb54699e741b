//! Operators and their loop nests: the only callers of kernels.

mod channels;
mod conv2d;
mod dense;
mod dense_chw;
mod dense_hwc;
mod dense_strip;
mod depthwise;
mod executor;
mod functions;
mod gemm;
mod gemm_chw;
mod interleave;
mod inverted;
mod inverted_plan;
mod map;
mod operator;
mod pointwise;
pub mod probe;
mod separable;
mod split;
mod spread;
mod strips;
mod window;

pub use conv2d::Conv2d;
pub use depthwise::Depthwise;
#[cfg(feature = "rayon")]
pub use executor::Rayon;
pub use executor::{Executor, Serial};
pub use functions::{conv2d, depthwise_conv2d, pointwise_conv2d, separable_conv2d};
pub use inverted::InvertedResidual;
pub use operator::Operator;
pub use pointwise::Pointwise;
pub use separable::Separable;
