//! Kernels of matrix products: pointwise and dense convolution, HWC and CHW.
//!
//! | name of a kernel | file | a vector is | a tile is |
//! |---|---|---|---|
//! | `f32_pw_hwc_14x2v__avx512` and other `pw_hwc_MRxNVv` | `tile.rs`; on `neon` `tile_by_lane.rs` | output channels | MR pixels × NV vectors |
//! | `f32_pw_chw_14x2v__avx512` and other `pw_chw_MRxNVv` | `tile.rs`; on `neon` `tile_by_lane.rs` | pixels | MR output channels × NV vectors |
//! | `f32_pw_chw_1vx4__avx512` and other `pw_chw_VvxP` | `few_pixels.rs` | output channels | V vectors × P pixels, of one or two panels |
//!
//! With `_curve` before the level (`__avx2`, …), the epilogue is a curve.

pub(crate) mod few_pixels;
pub(crate) mod tile;
#[cfg(sepconv_neon)]
pub(crate) mod tile_by_lane;

pub use tile::GemmArgs;
