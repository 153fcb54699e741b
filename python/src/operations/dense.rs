//! Dense convolution.

use crate::args::{Act, Pads, Pair};
use crate::docs::{size, window};
use crate::kernel::Arrays;
use crate::operation::operation;
use crate::pickle;
use crate::recipe::Recipe;
use crate::single::single;
use pyo3::prelude::*;
use sepconv::Conv2dSpec;

operation! {
    fn conv2d = "Dense convolution (one group).";
    returns "[n, cout, oh, ow]", size!();
    class Conv2d = "Prepared dense convolution (one group): [n, c, h, w] gives [n, cout, oh, ow].";
    /// weight : float32 array
    ///     [cout, c, kh, kw]; TensorFlow: [kh, kw, c, cout].
    /// bias : float32 array, optional
    ///     [cout], added before the activation.
    arrays { weight + bias }
    window [window!()] { stride: Pair, padding: Pads, dilation: Pair }
    /// activation
    activation Act;
    flags {}
    known {}
    recipe recipe
}

single!(Dense: Conv2dSpec => sepconv::Conv2d, |kwargs, spec| {
    pickle::window(kwargs, &spec.window)?;
    pickle::activation(kwargs, spec.activation)
});

fn recipe(
    [arrays]: [Arrays<'_, '_>; 1],
    stride: Pair,
    padding: Pads,
    dilation: Pair,
    Act(activation): Act,
) -> PyResult<Box<dyn Recipe>> {
    let kernel = arrays.kernel()?;
    let (inputs, outputs, size) = kernel.dense();
    let spec = Conv2dSpec::new(inputs, outputs, size).stride(stride.0).dilation(dilation.0);
    let spec = spec.padding(padding.0).activation(activation);
    Ok(Box::new(Dense { spec, kernel }))
}
