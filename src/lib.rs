//! Hand-vectorised CPU kernels for depthwise-separable convolution: depthwise, pointwise, the two fused, inverted
//! residual blocks, and the dense convolution that they replace. `f32`, layouts HWC and CHW, x86-64 with AVX-512 or AVX2 and FMA,
//! aarch64 with NEON, portable SIMD elsewhere.
//!
//! A result takes three steps:
//!
//! 1. A **spec** says what is asked: [`DepthwiseSpec`], [`PointwiseSpec`], [`SeparableSpec`],
//!    [`InvertedResidualSpec`], [`Conv2dSpec`]. Pure data.
//! 2. An **operator** holds the weights, packed once for one layout and instruction set: [`Depthwise`], [`Pointwise`],
//!    [`Separable`], [`InvertedResidual`], [`Conv2d`]. Immutable, `Send + Sync`, cheap to clone, good for any map size and batch.
//! 3. A **run** reads a [`TensorRef`] and writes a [`TensorMut`], on the threads of an [`Executor`], with scratch memory from the
//!    caller's [`Workspace`]. It allocates nothing: [`Operator::workspace_len`] says beforehand how much it needs.
//!
//! ```
//! use sepconv::{Activation, Depthwise, DepthwiseSpec, Operator, Padding, Serial, Shape, TensorMut, TensorRef, Weights, Workspace};
//!
//! let spec = DepthwiseSpec::new(2, [3, 3]).padding(Padding::Same).activation(Activation::Relu);
//! // Both channels: the pixel minus its left neighbour.
//! let taps = [0.0, 0.0, 0.0, -1.0, 1.0, 0.0, 0.0, 0.0, 0.0];
//! let slopes = Depthwise::new(&spec, Weights::torch(&[taps, taps].concat()), None)?;
//!
//! let shape = Shape::new(1, 2, 1, 3); // one map of 1×3 pixels with two channels
//! let (input, mut output) = ([1.0, 9.0, 4.0, 8.0, 6.0, 7.0], [0.0; 6]);
//! let mut workspace = Workspace::new(slopes.workspace_len(shape, 1)?);
//! let input = TensorRef::new(&input, shape, slopes.layout())?;
//! slopes.run(&input, &mut TensorMut::new(&mut output, shape, slopes.layout())?, &mut workspace, &Serial)?;
//! assert_eq!(output, [1.0, 9.0, 3.0, 0.0, 2.0, 0.0]);
//! # Ok::<(), sepconv::Error>(())
//! ```
//!
//! [`Operator::run_to_vec`] brings workspace and output along; [`depthwise_conv2d`], [`pointwise_conv2d`], [`separable_conv2d`]
//! and [`conv2d()`] do all three steps in one call. The [`guide`] says which layout to take, when to fuse, and how threads, workspaces
//! and instruction sets work.
//!
//! # Conventions
//!
//! - Cross-correlation: kernels are not flipped. Depthwise output channel `c·M + q` is input channel `c` with its kernel `q`, where
//!   `M` is the channel multiplier. [`Weights`] knows the orders of PyTorch, ONNX and TensorFlow.
//! - Sizes, strides, dilations are `[height, width]`; dilation 1 means not dilated; strides of tensors count elements.
//! - Padding contributes nothing: an infinite or NaN weight does not reach an output from outside the map.
//! - A NaN stays NaN through every activation. Denormals are kept. The floating-point environment is left as it was.
//!
//! # Accuracy and determinism
//!
//! Every output is within a forward error bound that [`reference::Bounded`] computes. Its bits depend on the spec, the weights, the
//! inputs that it sees and the instruction set; not on threads, executor, batch, alignment, memory strides or the cache sizes of
//! the machine.
//!
//! # Instruction sets
//!
//! Kernels for every [`Isa`] of the target architecture are in every build. The best one that the CPU has is used, unless an operator
//! is made for another (`with_isa`) or the environment variable `SEPCONV_ISA` names one. Asking for one that is missing is an error.
//!
//! # Errors
//!
//! Whatever is wrong with a request comes back as an [`Error`] with the numbers in it. Bad input never panics.
//!
//! # Features
//!
//! - `rayon` (default): the executor `Rayon`. Without it there are [`Serial`] and any [`Executor`] of your own.

mod buffer;
pub mod cost;
mod error;
mod exec;
pub mod guide;
pub mod isa;
mod kernel_info;
mod layout;
mod plan;
pub mod reference;
mod spec;
mod tensor;
mod weights;

// What is asked.
pub use layout::{DType, Layout, Shape, Strides};
pub use spec::{
    Activation, Conv2dSpec, DepthwiseSpec, Fusion, InvertedResidualSpec, Padding, Placement, PointwiseSpec,
    SeparableSpec, Window,
};

// What is prepared from it.
pub use exec::{Conv2d, Depthwise, InvertedResidual, Operator, Pointwise, Separable};
pub use isa::Isa;
pub use kernel_info::{KernelEpilogue, KernelInfo, KernelTile, Lanes};
pub use weights::Weights;

// What a run needs.
pub use buffer::Workspace;
#[cfg(feature = "rayon")]
pub use exec::Rayon;
pub use exec::{Executor, Serial};
pub use tensor::{TensorMut, TensorRef};

// All of it in one call.
pub use exec::{conv2d, depthwise_conv2d, pointwise_conv2d, separable_conv2d};

// The ceilings of the CPU.
pub use exec::probe;

pub use error::{Error, Result};

/// The README's example is a test, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
