//! Kernels of matrix products: pointwise and dense convolution.
//!
//! | family | a vector is | a tile is |
//! |---|---|---|
//! | `tile` | output channels (HWC) or pixels (CHW) | rows × columns of a matrix product |
//! | `tile_by_lane` | as above | the same, where a multiply-add takes a lane of a vector as a factor |
//! | `few_pixels` | output channels (CHW) | a few pixels of a matrix product |

pub(crate) mod few_pixels;
pub(crate) mod tile;
#[cfg(sepconv_neon)]
pub(crate) mod tile_by_lane;

pub use tile::GemmArgs;
