//! The instruction sets: registers, lanes, and what their instructions can do.

/// An instruction set as the table sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Suffix of kernel names and variant of `Isa`.
    pub name: &'static str,
    /// Variant of `Isa`.
    pub variant: &'static str,
    /// Type that implements `Simd`, below `crate::simd`.
    pub token: &'static str,
    /// `target_feature` of the shims; empty for the compiler's baseline.
    pub features: &'static str,
    /// `target_arch` that it exists on; empty for all.
    pub arch: &'static str,
    /// Vector registers.
    pub registers: usize,
    /// Registers that one vector takes.
    pub per_vector: usize,
    /// Whether a broadcast or loaded operand of an FMA can stay in memory.
    pub memory_operand: bool,
    /// Whether half a vector costs half as much to load and store.
    pub halves: bool,
    /// Floats of a vector that a multiply-add can take one by one as a factor of all lanes; 0 where none can be.
    pub by_lane: usize,
}

impl Target {
    /// Registers for an operand of an FMA that cannot stay in memory.
    pub fn operand(&self) -> usize {
        usize::from(!self.memory_operand)
    }
}

/// Two SSE2 registers a vector; 16 of them on the poorest target (NEON has 32).
pub const PORTABLE: Target = Target {
    name: "portable",
    variant: "Portable",
    token: "portable::Portable",
    features: "",
    arch: "",
    registers: 16,
    per_vector: 2,
    memory_operand: true,
    halves: false,
    by_lane: 0,
};
pub const AVX2: Target = Target {
    name: "avx2",
    variant: "Avx2",
    token: "avx2::Avx2",
    features: "avx2,fma",
    arch: "x86_64",
    registers: 16,
    per_vector: 1,
    memory_operand: true,
    halves: false,
    by_lane: 0,
};
pub const AVX512: Target = Target {
    name: "avx512",
    variant: "Avx512",
    token: "avx512::Avx512",
    features: "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma",
    arch: "x86_64",
    registers: 32,
    per_vector: 1,
    memory_operand: true,
    halves: true,
    by_lane: 0,
};

pub const NEON: Target = Target {
    name: "neon",
    variant: "Neon",
    token: "neon::Neon",
    features: "neon",
    arch: "aarch64",
    registers: 32,
    per_vector: 1,
    memory_operand: false,
    halves: false,
    by_lane: 4,
};
