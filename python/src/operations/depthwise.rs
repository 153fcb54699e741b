//! Depthwise convolution.

use crate::args::{Act, Pads, Pair};
use crate::docs::{size, window};
use crate::kernel::{Arrays, Known};
use crate::operation::operation;
use crate::recipe::Recipe;
use crate::single::single;
use crate::{pickle, specs};
use pyo3::prelude::*;
use sepconv::DepthwiseSpec;

operation! {
    fn depthwise_conv2d = "Depthwise convolution: output channel ``c*m + q`` is input channel ``c`` with its kernel ``q``.";
    returns "[n, c*m, oh, ow]", size!();
    class DepthwiseConv2d = "Prepared depthwise convolution: [n, c, h, w] gives [n, c*m, oh, ow].";
    /// weight : float32 array
    ///     [c*m, 1, kh, kw]; TensorFlow: [kh, kw, c, m].
    /// bias : float32 array, optional
    ///     [c*m], added before the activation.
    arrays { weight + bias }
    window [window!()] { stride: Pair, padding: Pads, dilation: Pair }
    /// activation
    activation Act;
    flags {}
    known { multiplier }
    recipe recipe
}

single!(Depthwise: DepthwiseSpec => sepconv::Depthwise, |kwargs, spec| {
    pickle::window(kwargs, &spec.window)?;
    kwargs.set_item("multiplier", spec.multiplier)?;
    pickle::activation(kwargs, spec.activation)
});

fn recipe(
    [arrays]: [Arrays<'_, '_>; 1],
    known: Known,
    stride: Pair,
    padding: Pads,
    dilation: Pair,
    Act(activation): Act,
) -> PyResult<Box<dyn Recipe>> {
    let kernel = arrays.kernel()?;
    let spec = specs::depthwise(&kernel, known, [stride, dilation], padding, activation)?;
    Ok(Box::new(Depthwise { spec, kernel }))
}
