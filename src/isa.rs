//! Instruction set levels: which exist, which this CPU has, which one to use.
//!
//! Detection happens once per process; forcing a level that is missing is an error, never a silent fallback.

#[doc(inline)]
pub use sepconv_kernels::isa::{CacheSizes, Feature, ISA_VARIABLE, Isa, IsaError, cache_sizes, features};
