//! The C interface of sepconv: `include/sepconv.h` is made from this crate.
//!
//! Every function checks what it is given, answers with a [`SepconvStatus`], and leaves the reason, numbers included, as the
//! calling thread's last error. Nothing unwinds into the caller: a panic, which would be a defect of this library, is reported
//! as [`SepconvStatus::Internal`].
//!
//! Structures that may grow begin with `struct_size`, by which the library tells which of their fields the caller knows.

#![allow(rustdoc::broken_intra_doc_links, reason = "these comments are the header's: brackets in them are C's")]

mod fields;
mod isa;
mod operator;
mod parallel;
mod params;
mod pointer;
mod run;
mod status;
mod versioned;
mod view;

pub use fields::{
    ActivationParams, BiasView, SepconvActivation, SepconvLayout, SepconvPadding, SepconvWeightOrder, WeightsView,
    WindowParams,
};
pub use isa::{sepconv_isa_available, sepconv_isa_preferred, sepconv_version};
pub use operator::{
    Handle, sepconv_conv2d_create, sepconv_depthwise_create, sepconv_inverted_residual_create,
    sepconv_operator_destroy, sepconv_operator_isa, sepconv_operator_kernel, sepconv_operator_layout,
    sepconv_pointwise_create, sepconv_separable_create,
};
pub use parallel::{ParallelFor, Task};
pub use params::{
    Conv2dParams, DepthwiseParams, PointwiseParams, sepconv_conv2d_params_init, sepconv_depthwise_params_init,
    sepconv_pointwise_params_init,
};
pub use run::{sepconv_output_shape, sepconv_run, sepconv_workspace_size};
pub use status::{SepconvStatus, sepconv_last_error, sepconv_status_name};
pub use view::{InputView, OutputView, sepconv_contiguous_strides};

/// Major version of this header; `sepconv_version` tells that of the library.
pub const SEPCONV_VERSION_MAJOR: u32 = 0;
/// Minor version of this header. Below 1.0 the ABI may change with it.
pub const SEPCONV_VERSION_MINOR: u32 = 1;
/// Patch version of this header.
pub const SEPCONV_VERSION_PATCH: u32 = 0;

/// Alignment of workspaces, in bytes.
pub const SEPCONV_WORKSPACE_ALIGNMENT: usize = 64;

// The header has the number; this is what the library asks for.
const _: () = assert!(SEPCONV_WORKSPACE_ALIGNMENT == sepconv::Workspace::ALIGNMENT);
