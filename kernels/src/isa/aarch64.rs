//! aarch64 features, as the CPU and the operating system together offer them.

use super::feature::Feature;
use std::arch::is_aarch64_feature_detected as detected;

#[cfg(sepconv_neon)]
pub(super) fn has_neon() -> bool {
    detected!("neon")
}

/// What later kernels may use: half floats, 8-bit dot and matrix products, bfloat16, scalable vectors.
pub(super) fn features() -> Vec<Feature> {
    let feature = |name, available| Feature { name, available };
    vec![
        feature("neon", detected!("neon")),
        feature("fp16", detected!("fp16")),
        feature("dotprod", detected!("dotprod")),
        feature("i8mm", detected!("i8mm")),
        feature("bf16", detected!("bf16")),
        feature("sve", detected!("sve")),
        feature("sve2", detected!("sve2")),
    ]
}
