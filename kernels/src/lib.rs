//! The kernels of sepconv, and what packs their weights. Use that crate: this one makes no promise of
//! stability of its own, and its versions belong to sepconv's.
//!
//! Kernels are register tiles, written once over the few operations of a trait and made concrete for every instruction set by shims
//! that the build script makes from a table. [`registry::Family::KERNELS`] lists those of a family: a name, what it computes, and
//! an `unsafe fn` over a struct of arguments that states the contract of its pointers.

#![cfg_attr(sepconv_portable_only, allow(dead_code, unused_imports, reason = "kernels that are left out use them"))]
// The docs are for who works on the kernels.
#![allow(rustdoc::private_intra_doc_links)]
// Unrolled bodies compare constant indices, 0 among them; left as comparisons, they fold away.
#![allow(clippy::absurd_extreme_comparisons, clippy::manual_is_multiple_of)]

pub mod buffer;
pub mod copy_rows;
pub mod depthwise;
pub mod epilogue;
pub mod isa;
pub mod layout;
pub mod pack;
pub mod probe;
pub mod product;
#[cfg(sepconv_record_kernels)]
pub(crate) mod record;
pub mod registry;
pub(crate) mod simd;

pub use isa::Isa;
