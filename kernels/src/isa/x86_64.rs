//! x86-64 features, as the CPU and the operating system together offer them.

use super::feature::Feature;

pub(super) fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
}

pub(super) fn has_avx512() -> bool {
    has_avx2()
        && std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512bw")
        && std::arch::is_x86_feature_detected!("avx512vl")
        && std::arch::is_x86_feature_detected!("avx512dq")
}

/// Whether a 512-bit multiply-add takes the time of two 256-bit ones: on AMD's first cores with AVX-512 (Zen 4), which execute it in
/// two passes. SSE4a tells AMD's, AVX-VNNI came with the next ones.
pub(super) fn splits_512() -> bool {
    std::arch::is_x86_feature_detected!("sse4a") && !std::arch::is_x86_feature_detected!("avxvnni")
}

/// What later kernels may use: half floats, 8-bit dot products, bfloat16.
pub(super) fn features() -> Vec<Feature> {
    let feature = |name, available| Feature { name, available };
    vec![
        feature("fma", std::arch::is_x86_feature_detected!("fma")),
        feature("avx2", std::arch::is_x86_feature_detected!("avx2")),
        feature("f16c", std::arch::is_x86_feature_detected!("f16c")),
        feature("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
        feature("avx512vnni", std::arch::is_x86_feature_detected!("avx512vnni")),
        feature("avx512bf16", std::arch::is_x86_feature_detected!("avx512bf16")),
        feature("avxvnni", std::arch::is_x86_feature_detected!("avxvnni")),
    ]
}
