//! The families of kernels: what is said of each, for the build, the registry and the checks of the repository alike. One file each.

mod column_chw;
mod column_hwc;
mod copy_rows;
mod few_pixels;
mod line;
mod line_generic;
mod line_two_channels;
mod probe;
mod tile;

pub use column_chw::ColumnChw;
pub use column_hwc::ColumnHwc;
pub use copy_rows::CopyRows;
pub use few_pixels::FewPixels;
pub use line::Line;
pub use line_generic::LineGeneric;
pub use line_two_channels::LineTwoChannels;
pub use probe::Probe;
pub use tile::Tile;

use super::table::Epilogue;
use super::target::Target;

/// A family of kernels, with the shape of one of them.
pub trait Family {
    /// The family's type in `crate::registry`.
    fn family(&self) -> &'static str;

    /// The part of the kernel's name between the element type and the epilogue.
    fn name(&self) -> String;

    /// What its shims share a module with: modules are what the compiler shares out to threads.
    fn module(&self) -> &'static str;

    /// The argument struct.
    fn args(&self) -> &'static str;

    /// The function that a shim calls, with its constants; `epilogue` is a type of `crate::epilogue`.
    fn call(&self, target: &Target, epilogue: &str) -> String;

    /// The shape as the registry has it.
    fn shape(&self, target: &Target) -> String;

    /// The epilogues of most rows.
    fn epilogues(&self) -> &'static [Epilogue] {
        &[Epilogue::CurveAfter]
    }

    /// Vectors live in the hot loop: sums, taps or B, inputs or A.
    fn live_vectors(&self, target: &Target) -> usize;

    /// Multiply-adds of vectors in one round of the hot loop, at least. `None` for kernels that only move memory.
    fn multiply_adds(&self, target: &Target) -> Option<usize>;

    /// What its loops unroll.
    fn lists(&self, target: &Target) -> Vec<List>;
}

/// Memory layout of the maps, and variant of `Layout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    Hwc,
    Chw,
}

impl Layout {
    /// As it stands in names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hwc => "hwc",
            Self::Chw => "chw",
        }
    }

    /// Where the taps of a depthwise line come from: a type of `crate::depthwise::line`.
    pub fn taps(self) -> &'static str {
        match self {
            Self::Hwc => "PerLane",
            Self::Chw => "Broadcast",
        }
    }

    /// What the shims of depthwise lines share a module with.
    pub fn depthwise_module(self) -> &'static str {
        match self {
            Self::Hwc => "dw_hwc",
            Self::Chw => "dw_chw",
        }
    }
}

/// A loop that `crate::simd::unroll` unrolls: over how many of what, and the most that its list of numbers holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct List {
    pub what: &'static str,
    pub needed: usize,
    pub longest: usize,
}

/// The list without a `max`.
pub const LONGEST: usize = 28;

impl List {
    pub const fn new(what: &'static str, needed: usize, longest: usize) -> Self {
        Self { what, needed, longest }
    }
}

macro_rules! shapes {
    ($($family:ident)*) => {
        /// A kernel's shape: its family's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Shape {
            $($family($family)),*
        }

        impl Shape {
            /// The family, with the shape.
            pub fn family(&self) -> &dyn Family {
                match self {
                    $(Self::$family(family) => family),*
                }
            }

            /// The types of all families in `crate::registry`.
            pub const FAMILIES: &[&str] = &[$(stringify!($family)),*];
        }
    };
}

shapes! { Line LineGeneric LineTwoChannels ColumnHwc ColumnChw Tile FewPixels CopyRows Probe }
