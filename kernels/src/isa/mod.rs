//! Instruction set levels: which exist, which this CPU has, which one to use.
//!
//! Detection happens once per process; forcing a level that is missing is an error, never a silent fallback.

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod cache;
mod detect;
mod error;
mod feature;
mod level;
#[cfg(target_arch = "x86_64")]
mod x86_64;

pub use cache::{CacheSizes, cache_sizes, caches_of};
pub use detect::{ISA_VARIABLE, half_level};
pub use error::IsaError;
pub use feature::Feature;
pub use level::Isa;

use std::sync::OnceLock;

/// Features that are worth knowing about on this architecture, beyond those that make a level; none on architectures without a
/// level of their own.
pub fn features() -> &'static [Feature] {
    static FEATURES: OnceLock<Vec<Feature>> = OnceLock::new();
    FEATURES.get_or_init(|| {
        #[cfg(target_arch = "aarch64")]
        return aarch64::features();
        #[cfg(target_arch = "x86_64")]
        return x86_64::features();
        #[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64")))]
        Vec::new()
    })
}
