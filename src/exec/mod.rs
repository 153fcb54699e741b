//! Operators and their loop nests: the only callers of kernels.
//!
//! Arrows go one way: [`run`] ← nests (`hwc`, `chw` and what they stand on) ← stages and operators ← [`chain`] ← [`functions`].
//! A nest owns what it needs: packed weights, kernels, sizes of caches. Its stage decides which nest that is when it is made.
//!
//! One word for one thing, here and in [`plan`](crate::plan):
//!
//! | word | what it is |
//! |---|---|
//! | part | one operation of a block, as its spec has it: the expanding part |
//! | stage | a convolution ready to run, alone or in a chain: a part with packed weights |
//! | nest | the loops of a stage for one memory layout |
//! | schedule | how a run on one shape goes: the windows laid on their maps, how much is made at a time, scratch |
//! | portion | one of the nearly equal ranges into which an axis is cut for the threads |
//! | task | a portion of an image, on one thread with scratch of its own |
//! | band | the output rows of a task, or those that the stages of a chain make in one turn |
//! | line | depthwise outputs along one axis of the map, made by one call; [`LineKernel`](crate::plan::lines::LineKernel) says by what |
//! | walk | depthwise outputs of many rows, made by one call down columns of tiles |
//! | tile | the outputs whose sums a kernel holds in registers at a time |
//! | panel | the weights of as many output channels as a tile of a matrix product has, packed |
//! | sliver | the inputs of as many pixels as a tile of a matrix product has, packed (CHW) |
//! | strip | input rows copied to scratch, with zeros where padding is |
//! | fill | the output rows that are made from one filling of a strip, or of spread copies |
//! | spread | copied so far apart that pixels no longer compete for sets of the first-level cache |
//! | block | what is worked on while something stays in a cache: channels, pixels, panels |
//! | sum | all products of an output; several calls may add some of them each |
//! | image | one map of a batch; with its target and the window laid on it, what a nest works on |

pub(crate) mod chain;
pub(crate) mod dense;
pub(crate) mod depthwise;
mod functions;
pub mod probe;
pub(crate) mod run;

pub use chain::inverted::InvertedResidual;
pub use chain::separable::Separable;
pub use dense::conv2d::Conv2d;
pub use dense::pointwise::Pointwise;
pub use depthwise::Depthwise;
pub use functions::{conv2d, depthwise_conv2d, pointwise_conv2d, separable_conv2d};
#[cfg(feature = "rayon")]
pub use run::executor::Rayon;
pub use run::executor::{Executor, Serial};
pub use run::operator::Operator;
