//! Every way in which a request can be refused, each with the numbers that the caller needs to change.

#![forbid(unsafe_code)]

use crate::isa::{Isa, IsaError};
use crate::layout::{Layout, Shape};
use core::fmt;

/// Result of everything in this crate that can be refused.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// Why a request was refused. Nothing in this crate panics on bad input: it returns one of these.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A size that must be at least 1 is 0.
    ZeroDimension {
        /// Name of the size, for example `"input height"`.
        what: &'static str,
    },
    /// A product or sum of sizes does not fit the address space.
    SizeOverflow {
        /// What was being computed, for example `"weights"`.
        what: &'static str,
        /// The sizes that were multiplied or added.
        sizes: [usize; 4],
    },
    /// A stride of the convolution is 0.
    ZeroStride {
        /// `"height"` or `"width"`.
        axis: &'static str,
    },
    /// A dilation of the convolution is 0 (1 means "not dilated").
    ZeroDilation {
        /// `"height"` or `"width"`.
        axis: &'static str,
    },
    /// The kernel does not fit the padded input even once.
    EmptyOutput {
        /// `"height"` or `"width"`.
        axis: &'static str,
        /// Size of the input on this axis, without padding.
        input: usize,
        /// Padding on both sides of this axis together.
        padding: usize,
        /// What the dilated kernel spans: `(k − 1)·dilation + 1`.
        span: usize,
    },
    /// Two counts of channels that must agree do not.
    ChannelMismatch {
        /// Which channels, for example `"input channels"`.
        what: &'static str,
        /// The count that the operator was made for.
        expected: usize,
        /// The count that was given.
        actual: usize,
    },
    /// The parts of a separable operator disagree about the memory layout.
    LayoutMismatch {
        /// Layout of the first part.
        expected: Layout,
        /// Layout of the second part.
        actual: Layout,
    },
    /// A pointwise part of a block that must read every pixel has a stride.
    StridedPart {
        /// Which part, for example `"the expanding part"`.
        what: &'static str,
        /// Its strides along height and width.
        stride: [usize; 2],
    },
    /// A tensor's shape is not the one that follows from the operator.
    ShapeMismatch {
        /// Which tensor, for example `"output"`.
        what: &'static str,
        /// The shape that follows from operator and input.
        expected: Shape,
        /// The shape that was given.
        actual: Shape,
    },
    /// A slice that must have exactly this many elements has another length.
    LengthMismatch {
        /// Which slice, for example `"depthwise bias"`.
        what: &'static str,
        /// Elements required.
        expected: usize,
        /// Elements given.
        actual: usize,
    },
    /// A slice is too short for the dims and strides that are to be read from it.
    SliceTooShort {
        /// Which tensor.
        what: &'static str,
        /// Elements from the first to the last one that dims and strides reach.
        needed: usize,
        /// Elements given.
        actual: usize,
    },
    /// A memory stride is so small that elements would share memory.
    OverlappingStride {
        /// Which axis of the tensor: `"n"`, `"c"`, `"h"` or `"w"`.
        axis: &'static str,
        /// The stride given, in elements.
        stride: usize,
        /// The smallest stride that keeps elements apart.
        minimum: usize,
    },
    /// The axis that the layout keeps contiguous has a stride other than 1.
    NotContiguous {
        /// The layout of the operator.
        layout: Layout,
        /// Which axis must be contiguous: `"c"` for HWC, `"w"` for CHW.
        axis: &'static str,
        /// The stride given, in elements.
        stride: usize,
    },
    /// A name that is not the name of an instruction set level.
    UnknownIsa {
        /// The name given.
        name: String,
    },
    /// An instruction set that this CPU (or this build) does not have was forced.
    IsaUnavailable {
        /// The instruction set asked for.
        isa: Isa,
        /// The ones that can be had here.
        available: Vec<Isa>,
    },
    /// The caller's workspace is smaller than the operator's `workspace_len` says.
    WorkspaceTooSmall {
        /// Elements needed.
        needed: usize,
        /// Elements given.
        actual: usize,
    },
    /// An activation's parameters make no sense (`lo > hi`, or NaN).
    InvalidActivation {
        /// Name of the activation.
        name: &'static str,
        /// Its parameters, in the order in which it takes them.
        parameters: [f32; 2],
    },
    /// A thread pool of this size could not be made.
    ThreadPool {
        /// Threads asked for.
        threads: usize,
        /// What the operating system said.
        reason: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ZeroDimension { what } => write!(f, "{what} is 0; it must be at least 1"),
            Self::SizeOverflow { what, sizes } => {
                write!(f, "the size of {what} overflows: {sizes:?} do not fit the address space")
            }
            Self::ZeroStride { axis } => write!(f, "the stride along {axis} is 0; it must be at least 1"),
            Self::ZeroDilation { axis } => {
                write!(f, "the dilation along {axis} is 0; it must be at least 1 (1 means not dilated)")
            }
            Self::EmptyOutput { axis, input, padding, span } => write!(
                f,
                "the output is empty along {axis}: the kernel spans {span}, the input {input} plus padding {padding}"
            ),
            Self::ChannelMismatch { what, expected, actual } => {
                write!(f, "{what}: expected {expected} channels, got {actual}")
            }
            Self::LayoutMismatch { expected, actual } => {
                write!(
                    f,
                    "the parts of a separable operator must share one layout: the first is {expected}, the second {actual}"
                )
            }
            Self::StridedPart { what, stride: [height, width] } => {
                write!(f, "{what} of an inverted residual has stride {height}×{width}; it must be 1×1")
            }
            Self::ShapeMismatch { what, expected, actual } => {
                write!(f, "{what} has shape {actual}, expected {expected}")
            }
            Self::LengthMismatch { what, expected, actual } => {
                write!(f, "{what} has {actual} elements, expected exactly {expected}")
            }
            Self::SliceTooShort { what, needed, actual } => {
                write!(f, "{what}: dims and strides reach over {needed} elements, the slice has {actual}")
            }
            Self::OverlappingStride { axis, stride, minimum } => {
                write!(f, "the memory stride along {axis} is {stride}; elements overlap below {minimum}")
            }
            Self::NotContiguous { layout, axis, stride } => {
                write!(f, "layout {layout} needs memory stride 1 along {axis}, got {stride}")
            }
            Self::UnknownIsa { name } => IsaError::Unknown { name: name.clone() }.fmt(f),
            Self::IsaUnavailable { isa, available } => {
                IsaError::Unavailable { isa: *isa, available: available.clone() }.fmt(f)
            }
            Self::WorkspaceTooSmall { needed, actual } => {
                write!(f, "the workspace has {actual} elements, this run needs {needed}")
            }
            Self::InvalidActivation { name, parameters } => {
                write!(f, "activation {name} cannot take the parameters {parameters:?}")
            }
            Self::ThreadPool { threads, reason } => {
                write!(f, "no pool of {threads} threads could be made: {reason}")
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<IsaError> for Error {
    fn from(error: IsaError) -> Self {
        match error {
            IsaError::Unknown { name } => Self::UnknownIsa { name },
            IsaError::Unavailable { isa, available } => Self::IsaUnavailable { isa, available },
            // Of a later version of the kernels.
            other => Self::UnknownIsa { name: other.to_string() },
        }
    }
}
