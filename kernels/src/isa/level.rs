//! Instruction set levels: which exist.

use core::fmt;

/// A set of CPU features that kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isa {
    /// What the compiler's target has everywhere (SSE2 on x86-64), through portable SIMD types.
    Portable,
    /// AVX2 and FMA: 8 lanes, 16 registers.
    Avx2,
    /// AVX-512 F, BW, VL and DQ: 16 lanes, 32 registers, masks.
    Avx512,
    /// NEON, which every aarch64 CPU has: 4 lanes, 32 registers.
    Neon,
}

impl Isa {
    /// Every level that this version knows, available here or not; the later, the preferred.
    pub const ALL: &'static [Self] = &[Self::Portable, Self::Avx2, Self::Avx512, Self::Neon];

    /// `"portable"`, `"avx2"`, `"avx512"` or `"neon"`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Neon => "neon",
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
