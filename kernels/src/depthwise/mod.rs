//! Depthwise kernels.
//!
//! | family | a vector is | a tile is |
//! |---|---|---|
//! | `line`, `line_generic` | channels (HWC) or columns (CHW) | a line of outputs along the other axis, any kernel |
//! | `line_two_channels` | columns of two channels (CHW) | a line of outputs down the rows |
//! | `column_hwc`, `column_chw` | channels (HWC) or columns (CHW) | pixels of a row or vectors of columns, walked down the map with all taps in registers |

pub(crate) mod border;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only x86-64 has walks"))]
pub(crate) mod column;
#[cfg(target_arch = "x86_64")]
pub(crate) mod column_chw;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only x86-64 has walks"))]
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

pub use column_hwc::WalkArgs;
pub use line::{LineArgs, VERSATILE_TAPS};
