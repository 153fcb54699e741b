//! Pointwise convolution.

use crate::args::{Act, Pair};
use crate::kernel::Arrays;
use crate::operation::operation;
use crate::recipe::Recipe;
use crate::single::single;
use crate::{pickle, specs};
use pyo3::prelude::*;
use sepconv::PointwiseSpec;

operation! {
    fn pointwise_conv2d = "Pointwise (1x1) convolution: every output channel is a weighted sum of all input channels of the pixel.";
    returns "[n, cout, oh, ow]",
        "    oh = (h - 1) // stride + 1, ow in the same way. Axes as ``layout`` says; a new array has the memory order of the input.";
    class PointwiseConv2d = "Prepared pointwise (1x1) convolution: [n, c, h, w] gives [n, cout, oh, ow].";
    /// weight : float32 array
    ///     [cout, c, 1, 1]; TensorFlow: [1, 1, c, cout].
    /// bias : float32 array, optional
    ///     [cout], added before the activation.
    arrays { weight + bias }
    window ["stride : int or (int, int)
    Step between the pixels that are read, both axes or (height, width)."] { stride: Pair }
    /// activation
    activation Act;
    flags {}
    known {}
    recipe recipe
}

single!(Pointwise: PointwiseSpec => sepconv::Pointwise, |kwargs, spec| {
    kwargs.set_item("stride", spec.stride)?;
    pickle::activation(kwargs, spec.activation)
});

fn recipe([arrays]: [Arrays<'_, '_>; 1], stride: Pair, Act(activation): Act) -> PyResult<Box<dyn Recipe>> {
    let kernel = arrays.kernel()?;
    let spec = specs::pointwise(&kernel, stride, activation)?;
    Ok(Box::new(Pointwise { spec, kernel }))
}
