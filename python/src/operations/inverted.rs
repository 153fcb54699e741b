//! Inverted residual: pointwise (expand), depthwise, pointwise (project), and the input added to the result.

use crate::args::{ActTriple, Pads, Pair};
use crate::defaults::default;
use crate::docs::{size, window};
use crate::kernel::{Arrays, Kernel, Known};
use crate::operation::operation;
use crate::recipe::Recipe;
use crate::{pickle, specs};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use sepconv::{Activation, InvertedResidualSpec, Isa, Layout, Operator, Shape, Weights};

operation! {
    fn inverted_residual = "Expand (1x1), depthwise, project (1x1), fused: the block of MobileNetV2.";
    returns "[n, cout, oh, ow]", size!();
    class InvertedResidual = "Prepared inverted residual, fused: [n, c, h, w] gives [n, cout, oh, ow].";
    /// expand_weight, depthwise_weight, project_weight : float32 array
    ///     [e, c, 1, 1], [e*m, 1, kh, kw] and [cout, e*m, 1, 1]; TensorFlow: [1, 1, c, e], [kh, kw, e, m] and [1, 1, e*m, cout].
    ///     ``expand_weight`` is None where there is no expanding part; e is c then.
    /// expand_bias, depthwise_bias, project_bias : float32 array, optional
    ///     [e], [e*m] and [cout], added before the activations.
    arrays { expand_weight + expand_bias, depthwise_weight + depthwise_bias, project_weight + project_bias }
    window [window!()] { stride: Pair, padding: Pads, dilation: Pair }
    /// activation : three
    ///     After expand, depthwise and project, each one of
    activation ActTriple;
    flags {
        /// residual : bool
        ///     Whether the input is added to the result, behind the last activation; both must have one shape.
        residual
    }
    known { multiplier }
    recipe recipe
}

struct Inverted {
    spec: InvertedResidualSpec,
    expand: Option<Kernel>,
    depthwise: Kernel,
    project: Kernel,
}

fn recipe(
    [expand, depthwise, project]: [Arrays<'_, '_>; 3],
    known: Known,
    stride: Pair,
    padding: Pads,
    dilation: Pair,
    activation: ActTriple,
    residual: bool,
) -> PyResult<Box<dyn Recipe>> {
    let [first, second, third] = activation.0;
    let (expand, depthwise, project) = (expand.kernel_if_any()?, depthwise.kernel()?, project.kernel()?);
    let known = match (&expand, known) {
        (Some(expand), Known::Channels(_)) => Known::Expanded(expand.pointwise()?.1),
        _ => known,
    };
    let spec = InvertedResidualSpec::new(
        expand.as_ref().map(|expand| specs::pointwise(expand, default!(value Pair), first)).transpose()?,
        specs::depthwise(&depthwise, known, [stride, dilation], padding, second)?,
        specs::pointwise(&project, default!(value Pair), third)?,
    );
    if expand.is_none() && first != Activation::Identity {
        let message = format!("activation {:?} is for an expanding part, but expand_weight is None", first.name());
        return Err(PyValueError::new_err(message));
    }
    Ok(Box::new(Inverted { spec: spec.residual(residual), expand, depthwise, project }))
}

impl Recipe for Inverted {
    fn pack(&self, layout: Layout, isa: Isa) -> sepconv::Result<Box<dyn Operator>> {
        let (depthwise, project) = (self.spec.depthwise.layout(layout), self.spec.project.layout(layout));
        let expand = self.spec.expand.map(|expand| expand.layout(layout));
        let spec = InvertedResidualSpec::new(expand, depthwise, project).residual(self.spec.residual);
        let first = self.expand.as_ref().map_or((Weights::torch(&[]), None), Kernel::arrays);
        let (second, third) = (self.depthwise.arrays(), self.project.arrays());
        let (weights, bias) = ([first.0, second.0, third.0], [first.1, second.1, third.1]);
        Ok(Box::new(sepconv::InvertedResidual::with_isa(&spec, weights, bias, isa)?))
    }

    fn output_shape(&self, input: Shape) -> sepconv::Result<Shape> {
        self.spec.output_shape(input)
    }

    fn arguments(&self, kwargs: &Bound<'_, PyDict>) -> PyResult<()> {
        let InvertedResidualSpec { expand, depthwise, project, residual, .. } = self.spec;
        match &self.expand {
            Some(kernel) => pickle::kernel(kwargs, kernel)?,
            None => kwargs.set_item("expand_weight", kwargs.py().None())?,
        }
        pickle::kernel(kwargs, &self.depthwise)?;
        pickle::kernel(kwargs, &self.project)?;
        pickle::window(kwargs, &depthwise.window)?;
        kwargs.set_item("multiplier", depthwise.multiplier)?;
        kwargs.set_item("residual", residual)?;
        let first = expand.map_or(Activation::Identity, |expand| expand.activation);
        pickle::activations(kwargs, &[first, depthwise.activation, project.activation])
    }
}
