//! Specs of the parts that operations have in common, from arguments.

use crate::args::{Pads, Pair};
use crate::kernel::{Kernel, Known};
use pyo3::PyResult;
use sepconv::{Activation, DepthwiseSpec, PointwiseSpec};

pub fn depthwise(
    kernel: &Kernel,
    known: Known,
    [stride, dilation]: [Pair; 2],
    padding: Pads,
    activation: Activation,
) -> PyResult<DepthwiseSpec> {
    let (channels, multiplier, size) = kernel.depthwise(known)?;
    let spec = DepthwiseSpec::new(channels, size).multiplier(multiplier).stride(stride.0).dilation(dilation.0);
    Ok(spec.padding(padding.0).activation(activation))
}

pub fn pointwise(kernel: &Kernel, stride: Pair, activation: Activation) -> PyResult<PointwiseSpec> {
    let (inputs, outputs) = kernel.pointwise()?;
    Ok(PointwiseSpec::new(inputs, outputs).stride(stride.0).activation(activation))
}
