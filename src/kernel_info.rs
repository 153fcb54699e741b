//! What an operator chose for a shape, as data.

use crate::isa::Isa;
use core::fmt;

/// A kernel that a run would take: see [`Operator::kernels`](crate::Operator::kernels).
///
/// ```
/// use sepconv::{Depthwise, DepthwiseSpec, Isa, Lanes, Layout, Operator, Shape, Weights};
/// // Three channels fill no vector: its lanes are elements of a row.
/// let spec = DepthwiseSpec::new(3, [3, 3]).layout(Layout::Hwc);
/// let blur = Depthwise::with_isa(&spec, Weights::torch(&[1.0 / 9.0; 27]), None, Isa::Portable)?;
/// let kernels = blur.kernels(Shape::new(1, 3, 480, 640), 1)?;
/// assert_eq!((kernels[0].lanes, kernels[0].taps), (Lanes::Elements, [3, 3]));
/// # Ok::<(), sepconv::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KernelInfo {
    /// Name: what a profiler shows, too.
    pub name: &'static str,
    /// Family: the file that it stands in.
    pub family: &'static str,
    /// Instruction set that it is compiled for.
    pub isa: Isa,
    /// Outputs whose sums it holds in registers at a time.
    pub tile: KernelTile,
    /// What the lanes of a vector are.
    pub lanes: Lanes,
    /// Lanes of a vector.
    pub lane_count: usize,
    /// How activations are computed.
    pub epilogue: KernelEpilogue,
    /// Taps of the window, `[height, width]`.
    pub taps: [usize; 2],
    /// Stride of the window, `[height, width]`.
    pub stride: [usize; 2],
    /// Why this one, with the numbers that decided.
    pub why: String,
}

/// The outputs of a tile: `channels` × `rows` × `pixels`, and of each so many vectors of lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct KernelTile {
    /// Output channels, where they are not lanes.
    pub channels: usize,
    /// Rows of the map.
    pub rows: usize,
    /// Pixels of a row, or of a map that is one row, where they are not lanes.
    pub pixels: usize,
    /// Vectors.
    pub vectors: usize,
}

impl KernelTile {
    /// A single vector.
    pub(crate) const ONE: Self = Self { channels: 1, rows: 1, pixels: 1, vectors: 1 };
}

impl fmt::Display for KernelTile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, of) in [(self.channels, "output channels"), (self.rows, "rows"), (self.pixels, "pixels")] {
            if count > 1 {
                write!(f, "{count} {of} × ")?;
            }
        }
        write!(f, "{} {}", self.vectors, if self.vectors == 1 { "vector" } else { "vectors" })
    }
}

/// What the lanes of a vector are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lanes {
    /// Channels of a pixel (depthwise, HWC).
    Channels,
    /// Elements of a row: pixels and their few channels (depthwise, HWC).
    Elements,
    /// Columns of a channel (depthwise, CHW).
    Columns,
    /// Columns of two channels (depthwise, CHW, narrow maps).
    ColumnsOfTwoChannels,
    /// Output channels of a pixel (products).
    OutputChannels,
    /// Pixels of an output channel (products, CHW).
    Pixels,
}

impl Lanes {
    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Channels => "channels",
            Self::Elements => "elements of a row",
            Self::Columns => "columns",
            Self::ColumnsOfTwoChannels => "columns of two channels",
            Self::OutputChannels => "output channels",
            Self::Pixels => "pixels",
        }
    }
}

impl fmt::Display for Lanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a kernel computes activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KernelEpilogue {
    /// Limits of the range, in registers. Identity is a range without limits.
    Limits,
    /// A curve, in registers.
    CurveInRegisters,
    /// A curve, as a pass over rows just written.
    CurveOverRows,
}

impl KernelEpilogue {
    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Limits => "limits in registers",
            Self::CurveInRegisters => "curve in registers",
            Self::CurveOverRows => "curve as a pass over rows just written",
        }
    }
}

impl fmt::Display for KernelEpilogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
