//! One type for the specs of all four operations, so that one test body serves all of them.

use sepconv::reference::{self, Number};
use sepconv::{
    Activation, Conv2d, Conv2dSpec, Depthwise, DepthwiseSpec, Isa, Layout, Operator, Padding, Pointwise, PointwiseSpec,
    Result, Separable, SeparableSpec, Shape, TensorRef, Weights, Window,
};

/// What is asked of an operator of any kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spec {
    Depthwise(DepthwiseSpec),
    Pointwise(PointwiseSpec),
    Conv2d(Conv2dSpec),
    Separable(SeparableSpec),
}

impl From<DepthwiseSpec> for Spec {
    fn from(spec: DepthwiseSpec) -> Self {
        Self::Depthwise(spec)
    }
}
impl From<PointwiseSpec> for Spec {
    fn from(spec: PointwiseSpec) -> Self {
        Self::Pointwise(spec)
    }
}
impl From<Conv2dSpec> for Spec {
    fn from(spec: Conv2dSpec) -> Self {
        Self::Conv2d(spec)
    }
}
impl From<SeparableSpec> for Spec {
    fn from(spec: SeparableSpec) -> Self {
        Self::Separable(spec)
    }
}

impl Spec {
    pub fn layout(&self) -> Layout {
        match self {
            Self::Depthwise(spec) => spec.layout,
            Self::Pointwise(spec) => spec.layout,
            Self::Conv2d(spec) => spec.layout,
            Self::Separable(spec) => spec.layout(),
        }
    }

    pub fn with_layout(self, layout: Layout) -> Self {
        match self {
            Self::Depthwise(spec) => Self::Depthwise(spec.layout(layout)),
            Self::Pointwise(spec) => Self::Pointwise(spec.layout(layout)),
            Self::Conv2d(spec) => Self::Conv2d(spec.layout(layout)),
            Self::Separable(spec) => {
                Self::Separable(SeparableSpec::new(spec.depthwise.layout(layout), spec.pointwise.layout(layout)))
            }
        }
    }

    pub fn in_channels(&self) -> usize {
        match self {
            Self::Depthwise(spec) => spec.channels,
            Self::Pointwise(spec) => spec.in_channels,
            Self::Conv2d(spec) => spec.in_channels,
            Self::Separable(spec) => spec.depthwise.channels,
        }
    }

    pub fn output_shape(&self, input: Shape) -> Result<Shape> {
        match self {
            Self::Depthwise(spec) => spec.output_shape(input),
            Self::Pointwise(spec) => spec.output_shape(input),
            Self::Conv2d(spec) => spec.output_shape(input),
            Self::Separable(spec) => spec.output_shape(input),
        }
    }

    /// Elements of the weights of each stage; 0 for a stage that is not there.
    pub fn weights_len(&self) -> [usize; 2] {
        self.weights_sizes().map(|[outputs, inputs, taps]| outputs * inputs * taps)
    }

    /// Output channels, input channels that each of them sees, and taps of each stage; zeros for a stage that is not there.
    pub fn weights_sizes(&self) -> [[usize; 3]; 2] {
        let depthwise =
            |spec: &DepthwiseSpec| [spec.channels * spec.multiplier, 1, spec.window.kernel[0] * spec.window.kernel[1]];
        let pointwise = |spec: &PointwiseSpec| [spec.out_channels, spec.in_channels, 1];
        match self {
            Self::Depthwise(spec) => [depthwise(spec), [0; 3]],
            Self::Pointwise(spec) => [pointwise(spec), [0; 3]],
            Self::Conv2d(spec) => {
                [[spec.out_channels, spec.in_channels, spec.window.kernel[0] * spec.window.kernel[1]], [0; 3]]
            }
            Self::Separable(spec) => [depthwise(&spec.depthwise), pointwise(&spec.pointwise)],
        }
    }

    /// Elements of the bias of each stage.
    pub fn bias_len(&self) -> [usize; 2] {
        self.weights_sizes().map(|[outputs, ..]| outputs)
    }

    /// Products that each output of each stage sums.
    pub fn products(&self) -> [usize; 2] {
        self.weights_sizes().map(|[_, inputs, taps]| inputs * taps)
    }

    /// Whether integers stay integers through all activations.
    pub fn keeps_integers(&self) -> bool {
        let keeps = |activation| match activation {
            Activation::Identity | Activation::Relu | Activation::Relu6 => true,
            Activation::Clamp { lo, hi } => lo.fract() == 0.0 && hi.fract() == 0.0,
            _ => false,
        };
        match self {
            Self::Depthwise(spec) => keeps(spec.activation),
            Self::Pointwise(spec) => keeps(spec.activation),
            Self::Conv2d(spec) => keeps(spec.activation),
            Self::Separable(spec) => keeps(spec.depthwise.activation) && keeps(spec.pointwise.activation),
        }
    }

    pub fn operator(
        &self,
        weights: [Weights<'_>; 2],
        bias: [Option<&[f32]>; 2],
        isa: Isa,
    ) -> Result<Box<dyn Operator>> {
        Ok(match self {
            Self::Depthwise(spec) => Box::new(Depthwise::with_isa(spec, weights[0], bias[0], isa)?),
            Self::Pointwise(spec) => Box::new(Pointwise::with_isa(spec, weights[0], bias[0], isa)?),
            Self::Conv2d(spec) => Box::new(Conv2d::with_isa(spec, weights[0], bias[0], isa)?),
            Self::Separable(spec) => Box::new(Separable::with_isa(spec, weights, bias, isa)?),
        })
    }

    pub fn reference<T: Number>(
        &self,
        input: &TensorRef<'_>,
        weights: [Weights<'_>; 2],
        bias: [Option<&[f32]>; 2],
    ) -> Result<Vec<T>> {
        match self {
            Self::Depthwise(spec) => reference::depthwise(spec, input, weights[0], bias[0]),
            Self::Pointwise(spec) => reference::pointwise(spec, input, weights[0], bias[0]),
            Self::Conv2d(spec) => reference::conv2d(spec, input, weights[0], bias[0]),
            Self::Separable(spec) => reference::separable(spec, input, weights, bias),
        }
    }
}

/// The smallest map, at least 1×1, on which a window gives this many outputs (or more, where padding alone gives them).
pub fn input_for(window: &Window, output: [usize; 2]) -> [usize; 2] {
    let padding = match window.padding {
        Padding::Valid => [0, 0],
        Padding::Same => {
            return [0, 1].map(|i| (output[i] - 1) * window.stride[i] + 1);
        }
        Padding::Explicit { top, left, bottom, right } => [top + bottom, left + right],
    };
    [0, 1].map(|i| {
        let span = (window.kernel[i] - 1) * window.dilation[i] + 1;
        ((output[i] - 1) * window.stride[i] + span).saturating_sub(padding[i]).max(1)
    })
}
