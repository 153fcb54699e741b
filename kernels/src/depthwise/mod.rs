//! Depthwise kernels: HWC and CHW, 3×3 and any other window.
//!
//! The level in a name (`__avx2`, `__avx512`, `__neon`, `__portable`) chooses no file: one text serves all of them.
//!
//! | name of a kernel | file | a vector is | a tile is |
//! |---|---|---|---|
//! | `f32_dw_hwc_3x3s1_3x2x2v__avx512` and other `dw_hwc_KxKsS_RxPxVv` | `column_hwc.rs` | channels | pixels of a row, down the map with all 3×3 taps in registers |
//! | `f32_dw_chw_3x3s1_3x3v__avx512` and other `dw_chw_KxKsS_RxVv` | `column_chw.rs` | columns | vectors of columns, down the map with all 3×3 taps in registers |
//! | `f32_dw_hwc_nx3s1_1x7__avx2` and other `dw_hwc_nxKsS_1xP` | `line.rs` | channels | a line of outputs along a row, K taps of it |
//! | `f32_dw_chw_3xns1_7x1__avx2` and other `dw_chw_KxnsS_Px1` | `line.rs` | columns | a line of outputs down the rows, K taps of it |
//! | `f32_dw_chw_5xns1_7x1_2c__avx512` and other `dw_chw_KxnsS_Px1_2c` | `line_two_channels.rs` | columns of two channels | as above |
//! | `f32_dw_hwc_generic_1x8__avx2`, `f32_dw_chw_generic_8x1__avx2` | `line_generic.rs` | channels (HWC) or columns (CHW) | a line of outputs, any window |
//!
//! With `_curve` before the level, the curve is applied in registers; rows without it leave curves to `curve_rows.rs`.
//!
//! What kernels share: `column.rs` (the way down the rows), `vectors.rs` (the loop over the vectors of a line), `border.rs` (what is tested at
//! the border of the map), `taps.rs` and `lanes*.rs` (how taps and lanes are loaded and stored).

pub(crate) mod border;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only x86-64 has columns"))]
pub(crate) mod column;
#[cfg(target_arch = "x86_64")]
pub(crate) mod column_chw;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only x86-64 has columns"))]
pub(crate) mod column_hwc;
pub(crate) mod curve_rows;
pub(crate) mod lanes;
pub(crate) mod lanes_stride2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod lanes_three_columns;
#[cfg(target_arch = "x86_64")]
pub(crate) mod lanes_two_channels;
pub(crate) mod line;
pub(crate) mod line_generic;
#[cfg(target_arch = "x86_64")]
pub(crate) mod line_two_channels;
pub(crate) mod taps;
mod vectors;

pub use column_hwc::ColumnArgs;
pub use line::{LineArgs, VERSATILE_TAPS};
