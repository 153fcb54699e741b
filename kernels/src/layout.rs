//! Memory layouts and element types: what kernels are told apart by, beside instruction set and shape.

#![forbid(unsafe_code)]

use core::fmt;

/// Which axis is contiguous in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Channels first (NCHW): every channel is a plane, columns are contiguous.
    Chw,
    /// Channels last (NHWC): every pixel holds its channels contiguously.
    Hwc,
}

impl Layout {
    /// Both layouts.
    pub const ALL: [Self; 2] = [Self::Hwc, Self::Chw];

    /// `"chw"` or `"hwc"`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chw => "chw",
            Self::Hwc => "hwc",
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Element type of the maps and weights. Part of every spec, so that other types can follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum DType {
    /// IEEE 754 binary32.
    #[default]
    F32,
}

impl DType {
    /// `"f32"`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
        }
    }
}
