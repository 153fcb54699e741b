//! Depthwise-separable convolution: depthwise, then pointwise.

use crate::args::{ActPair, Pads, Pair};
use crate::defaults::default;
use crate::docs::{size, window};
use crate::kernel::{Arrays, Kernel, Known};
use crate::operation::operation;
use crate::recipe::Recipe;
use crate::{pickle, specs};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use sepconv::{Isa, Layout, Operator, SeparableSpec, Shape};

operation! {
    fn separable_conv2d = "Depthwise, then pointwise convolution, fused: what lies between them stays in a cache.";
    returns "[n, cout, oh, ow]", size!();
    class SeparableConv2d = "Prepared depthwise-separable convolution, fused: [n, c, h, w] gives [n, cout, oh, ow].";
    /// depthwise_weight, pointwise_weight : float32 array
    ///     [c*m, 1, kh, kw] and [cout, c*m, 1, 1]; TensorFlow: [kh, kw, c, m] and [1, 1, c*m, cout].
    /// depthwise_bias, pointwise_bias : float32 array, optional
    ///     [c*m] and [cout], added before the activations.
    arrays { depthwise_weight + depthwise_bias, pointwise_weight + pointwise_bias }
    window [window!()] { stride: Pair, padding: Pads, dilation: Pair }
    /// activation : pair
    ///     After depthwise and after pointwise, each one of
    activation ActPair;
    flags {}
    known { multiplier }
    recipe recipe
}

struct Separable {
    spec: SeparableSpec,
    kernels: [Kernel; 2],
}

fn recipe(
    [depthwise, pointwise]: [Arrays<'_, '_>; 2],
    known: Known,
    stride: Pair,
    padding: Pads,
    dilation: Pair,
    activation: ActPair,
) -> PyResult<Box<dyn Recipe>> {
    let kernels = [depthwise.kernel()?, pointwise.kernel()?];
    let [first, second] = activation.0;
    let spec = SeparableSpec::new(
        specs::depthwise(&kernels[0], known, [stride, dilation], padding, first)?,
        specs::pointwise(&kernels[1], default!(value Pair), second)?,
    );
    Ok(Box::new(Separable { spec, kernels }))
}

impl Recipe for Separable {
    fn pack(&self, layout: Layout, isa: Isa) -> sepconv::Result<Box<dyn Operator>> {
        let spec = SeparableSpec::new(self.spec.depthwise.layout(layout), self.spec.pointwise.layout(layout));
        let [first, second] = self.kernels.each_ref().map(Kernel::arrays);
        Ok(Box::new(sepconv::Separable::with_isa(&spec, [first.0, second.0], [first.1, second.1], isa)?))
    }

    fn output_shape(&self, input: Shape) -> sepconv::Result<Shape> {
        self.spec.output_shape(input)
    }

    fn arguments(&self, kwargs: &Bound<'_, PyDict>) -> PyResult<()> {
        let SeparableSpec { depthwise, pointwise, .. } = self.spec;
        self.kernels.iter().try_for_each(|kernel| pickle::kernel(kwargs, kernel))?;
        pickle::window(kwargs, &depthwise.window)?;
        kwargs.set_item("multiplier", depthwise.multiplier)?;
        pickle::activations(kwargs, &[depthwise.activation, pointwise.activation])
    }
}
