//! One operation with its parameters, and the questions that every operation can answer.

use clap::ValueEnum;
use sepconv::cost::{self, Multiplications};
use sepconv::{Conv2dSpec, DepthwiseSpec, Layout, PointwiseSpec, Result, SeparableSpec, Shape, Window};

/// The four operations, under the names that options and rows use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Op {
    /// Depthwise convolution.
    Dw,
    /// Pointwise (1×1) convolution.
    Pw,
    /// Depthwise-separable convolution: depthwise, then pointwise, fused.
    Sep,
    /// Dense convolution.
    Conv,
}

impl Op {
    /// All operations.
    pub const ALL: [Self; 4] = [Self::Dw, Self::Pw, Self::Sep, Self::Conv];

    /// `"dw"`, `"pw"`, `"sep"` or `"conv"`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dw => "dw",
            Self::Pw => "pw",
            Self::Sep => "sep",
            Self::Conv => "conv",
        }
    }
}

/// One operation with all its parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Work {
    /// Depthwise.
    Depthwise(DepthwiseSpec),
    /// Pointwise.
    Pointwise(PointwiseSpec),
    /// Both, fused.
    Separable(SeparableSpec),
    /// Dense.
    Conv2d(Conv2dSpec),
}

/// A named piece of work on an input of one shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// Suite that it comes from.
    pub suite: String,
    /// Name within the suite.
    pub name: String,
    /// Shape of the input.
    pub input: Shape,
    /// What is done to it.
    pub work: Work,
}

/// One set of weights of a piece of work: separable work has two, the others one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageSize {
    /// Elements of the weights.
    pub weights: usize,
    /// Elements of the bias: the stage's output channels.
    pub bias: usize,
    /// Products summed for one output.
    pub fan_in: usize,
}

impl Work {
    /// Which of the four operations this is.
    pub const fn op(&self) -> Op {
        match self {
            Self::Depthwise(_) => Op::Dw,
            Self::Pointwise(_) => Op::Pw,
            Self::Separable(_) => Op::Sep,
            Self::Conv2d(_) => Op::Conv,
        }
    }

    /// The same work in another memory layout.
    pub const fn with_layout(mut self, layout: Layout) -> Self {
        match &mut self {
            Self::Depthwise(spec) => spec.layout = layout,
            Self::Pointwise(spec) => spec.layout = layout,
            Self::Conv2d(spec) => spec.layout = layout,
            Self::Separable(spec) => {
                spec.depthwise.layout = layout;
                spec.pointwise.layout = layout;
            }
        }
        self
    }

    /// Memory layout of input and output.
    pub const fn layout(&self) -> Layout {
        match self {
            Self::Depthwise(spec) => spec.layout,
            Self::Pointwise(spec) => spec.layout,
            Self::Separable(spec) => spec.layout(),
            Self::Conv2d(spec) => spec.layout,
        }
    }

    /// Kernel, stride, dilation and padding; of separable work, those of its depthwise stage.
    pub const fn window(&self) -> Window {
        match self {
            Self::Depthwise(spec) => spec.window,
            Self::Pointwise(spec) => spec.window(),
            Self::Separable(spec) => spec.depthwise.window,
            Self::Conv2d(spec) => spec.window,
        }
    }

    /// Channel multiplier of the depthwise stage; 1 where there is none.
    pub const fn multiplier(&self) -> usize {
        match self {
            Self::Depthwise(spec) => spec.multiplier,
            Self::Separable(spec) => spec.depthwise.multiplier,
            Self::Pointwise(_) | Self::Conv2d(_) => 1,
        }
    }

    /// Shape of the output for an input of this shape.
    pub fn output_shape(&self, input: Shape) -> Result<Shape> {
        match self {
            Self::Depthwise(spec) => spec.output_shape(input),
            Self::Pointwise(spec) => spec.output_shape(input),
            Self::Separable(spec) => spec.output_shape(input),
            Self::Conv2d(spec) => spec.output_shape(input),
        }
    }

    /// Shape of what the depthwise stage hands to the pointwise stage, for separable work.
    pub fn middle_shape(&self, input: Shape) -> Result<Option<Shape>> {
        match self {
            Self::Separable(spec) => spec.depthwise.output_shape(input).map(Some),
            _ => Ok(None),
        }
    }

    /// Multiplications for an input of this shape.
    pub fn multiplications(&self, input: Shape) -> Result<Multiplications> {
        match self {
            Self::Depthwise(spec) => cost::depthwise(spec, input),
            Self::Pointwise(spec) => cost::pointwise(spec, input),
            Self::Separable(spec) => cost::separable(spec, input),
            Self::Conv2d(spec) => cost::conv2d(spec, input),
        }
    }

    /// Sizes of the weights and biases, stage by stage.
    pub fn stages(&self) -> Result<Vec<StageSize>> {
        let depthwise = |spec: &DepthwiseSpec| -> Result<StageSize> {
            let fan_in = spec.window.kernel[0].saturating_mul(spec.window.kernel[1]);
            Ok(StageSize { weights: spec.weights_len()?, bias: spec.out_channels()?, fan_in })
        };
        let pointwise = |spec: &PointwiseSpec| -> Result<StageSize> {
            Ok(StageSize { weights: spec.weights_len()?, bias: spec.out_channels, fan_in: spec.in_channels })
        };
        Ok(match self {
            Self::Depthwise(spec) => vec![depthwise(spec)?],
            Self::Pointwise(spec) => vec![pointwise(spec)?],
            Self::Separable(spec) => vec![depthwise(&spec.depthwise)?, pointwise(&spec.pointwise)?],
            Self::Conv2d(spec) => {
                let weights = spec.weights_len()?;
                vec![StageSize { weights, bias: spec.out_channels, fan_in: weights / spec.out_channels }]
            }
        })
    }
}
