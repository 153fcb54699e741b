//! The table of kernels, and what is made of it: part of the build script and of xtask.

pub mod expand;
pub mod family;
pub mod table;
pub mod target;
