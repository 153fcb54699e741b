//! Weights in the order in which kernels read them, made once when the operator is made.

#![forbid(unsafe_code)]

pub mod depthwise;
pub mod panels;
