//! One call from weights to result, for those who need it once: makes the operator, runs it, forgets it.

use super::chain::separable::Separable;
use super::dense::conv2d::Conv2d;
use super::dense::pointwise::Pointwise;
use super::depthwise::Depthwise;
use super::run::executor::{self, Executor};
use super::run::operator::Operator;
use crate::buffer::Workspace;
use crate::error::Result;
use crate::layout::Layout;
use crate::spec::{Activation, Conv2dSpec, DepthwiseSpec, Padding, PointwiseSpec, SeparableSpec};
use crate::tensor::{TensorMut, TensorRef};
use crate::weights::Weights;

/// Depthwise convolution of `input` into `out`, with as many kernels of `kernel = [kh, kw]` per channel as `out` has
/// channels per input channel.
///
/// ```
/// use sepconv::{Activation, Layout, Padding, Shape, TensorMut, TensorRef, Weights, depthwise_conv2d};
/// let input = TensorRef::new(&[1.0; 9], Shape::new(1, 1, 3, 3), Layout::Chw)?;
/// let mut sums = [0.0; 9];
/// let mut out = TensorMut::new(&mut sums, Shape::new(1, 1, 3, 3), Layout::Chw)?;
/// let weights = Weights::torch(&[1.0; 9]);
/// depthwise_conv2d(&input, weights, [3, 3], None, [1, 1], Padding::Same, [1, 1], Layout::Chw, Activation::Identity, &mut out)?;
/// assert_eq!(sums, [4.0, 6.0, 4.0, 6.0, 9.0, 6.0, 4.0, 6.0, 4.0]);
/// # Ok::<(), sepconv::Error>(())
/// ```
#[allow(clippy::too_many_arguments)] // the order that users of the frameworks know
pub fn depthwise_conv2d(
    input: &TensorRef<'_>,
    weights: Weights<'_>,
    kernel: [usize; 2],
    bias: Option<&[f32]>,
    stride: [usize; 2],
    padding: Padding,
    dilation: [usize; 2],
    layout: Layout,
    activation: Activation,
    out: &mut TensorMut<'_>,
) -> Result<()> {
    let multiplier = multiplier(input.shape().c, out.shape().c);
    let spec = DepthwiseSpec::new(input.shape().c, kernel).multiplier(multiplier).layout(layout).activation(activation);
    run(&Depthwise::new(&spec.stride(stride).padding(padding).dilation(dilation), weights, bias)?, input, out)
}

/// Pointwise (1×1) convolution of `input` into `out`.
#[allow(clippy::too_many_arguments)] // the order that users of the frameworks know
pub fn pointwise_conv2d(
    input: &TensorRef<'_>,
    weights: Weights<'_>,
    bias: Option<&[f32]>,
    stride: [usize; 2],
    layout: Layout,
    activation: Activation,
    out: &mut TensorMut<'_>,
) -> Result<()> {
    let spec = PointwiseSpec::new(input.shape().c, out.shape().c).stride(stride).layout(layout).activation(activation);
    run(&Pointwise::new(&spec, weights, bias)?, input, out)
}

/// Depthwise-separable convolution of `input` into `out`: depthwise with kernels of `kernel = [kh, kw]` (multiplier 1), then
/// pointwise; `activation` is applied after each of the two. Stride, padding and dilation are those of the depthwise part.
#[allow(clippy::too_many_arguments)] // the order that users of the frameworks know
pub fn separable_conv2d(
    input: &TensorRef<'_>,
    depthwise_weights: Weights<'_>,
    pointwise_weights: Weights<'_>,
    kernel: [usize; 2],
    depthwise_bias: Option<&[f32]>,
    pointwise_bias: Option<&[f32]>,
    stride: [usize; 2],
    padding: Padding,
    dilation: [usize; 2],
    layout: Layout,
    activation: [Activation; 2],
    out: &mut TensorMut<'_>,
) -> Result<()> {
    let depthwise = DepthwiseSpec::new(input.shape().c, kernel).stride(stride).padding(padding).dilation(dilation);
    let pointwise = PointwiseSpec::new(input.shape().c, out.shape().c).layout(layout).activation(activation[1]);
    let spec = SeparableSpec::new(depthwise.layout(layout).activation(activation[0]), pointwise);
    let weights = [depthwise_weights, pointwise_weights];
    run(&Separable::new(&spec, weights, [depthwise_bias, pointwise_bias])?, input, out)
}

/// Dense convolution (one group) of `input` into `out` with kernels of `kernel = [kh, kw]`.
#[allow(clippy::too_many_arguments)] // the order that users of the frameworks know
pub fn conv2d(
    input: &TensorRef<'_>,
    weights: Weights<'_>,
    kernel: [usize; 2],
    bias: Option<&[f32]>,
    stride: [usize; 2],
    padding: Padding,
    dilation: [usize; 2],
    layout: Layout,
    activation: Activation,
    out: &mut TensorMut<'_>,
) -> Result<()> {
    let spec = Conv2dSpec::new(input.shape().c, out.shape().c, kernel).layout(layout).activation(activation);
    run(&Conv2d::new(&spec.stride(stride).padding(padding).dilation(dilation), weights, bias)?, input, out)
}

/// Output channels per input channel; where they do not divide, what the shape check then refuses with both numbers.
fn multiplier(inputs: usize, outputs: usize) -> usize {
    outputs.checked_div(inputs).unwrap_or(1).max(1)
}

fn run(operator: &dyn Operator, input: &TensorRef<'_>, out: &mut TensorMut<'_>) -> Result<()> {
    #[cfg(feature = "rayon")]
    let executor: &dyn Executor = &executor::Rayon::current();
    #[cfg(not(feature = "rayon"))]
    let executor: &dyn Executor = &executor::Serial;
    let mut workspace = Workspace::new(operator.workspace_len(input.shape(), executor.threads())?);
    operator.run(input, out, &mut workspace, executor)
}
