//! Microkernels: one register tile each, written once over [`Simd`](crate::simd::Simd), made concrete for every instruction
//! set by the shims in [`registry`].
//!
//! | family | a vector is | a tile is |
//! |---|---|---|
//! | [`line`], [`line_generic`] | channels (HWC) or columns (CHW) | a line of outputs along the other axis, any kernel |
//! | [`walk_hwc`], `walk_chw` | channels (HWC) or columns (CHW) | pixels of a row or vectors of columns, walked down the map with all taps in registers |
//! | [`gemm`] | output channels (HWC) or pixels (CHW) | rows × columns of a matrix product |
//! | [`gemm_few`] | output channels (CHW) | a few pixels of a matrix product |

// Unrolled bodies compare constant indices, 0 among them; left as comparisons, they fold away.
#![allow(clippy::absurd_extreme_comparisons, clippy::manual_is_multiple_of)]

pub(crate) mod border;
pub(crate) mod curve_rows;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only x86-64 has walks"))]
pub(crate) mod descent;
pub(crate) mod gemm;
pub(crate) mod gemm_few;
#[cfg(sepconv_neon)]
pub(crate) mod gemm_lane;
pub(crate) mod halved;
pub(crate) mod lanes;
pub(crate) mod line;
pub(crate) mod line_generic;
#[cfg(target_arch = "x86_64")]
pub(crate) mod line_paired;
#[cfg(target_arch = "x86_64")]
pub(crate) mod paired;
pub(crate) mod probe;
#[cfg(sepconv_record_kernels)]
pub(crate) mod record;
pub(crate) mod registry;
pub(crate) mod rows;
#[cfg(target_arch = "x86_64")]
pub(crate) mod walk_chw;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only x86-64 has walks"))]
pub(crate) mod walk_hwc;
