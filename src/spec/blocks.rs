//! Specs of blocks: several convolutions in a row, as one operator.

use super::single::{DepthwiseSpec, PointwiseSpec};
use crate::error::{Error, Result};
use crate::layout::{Layout, Shape};

/// Depthwise-separable convolution: depthwise → bias, activation → pointwise → bias, activation.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct SeparableSpec {
    /// The spatial part.
    pub depthwise: DepthwiseSpec,
    /// The channel-mixing part; its input channels are the depthwise part's output channels.
    pub pointwise: PointwiseSpec,
    /// Whether the two parts take turns.
    pub fusion: Fusion,
}

/// Whether the parts of a block take turns, band of rows by band of rows, so that what lies between them stays in a cache.
/// The result has the same bits either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Fusion {
    /// As the map, the caches and the number of threads suggest.
    #[default]
    Auto,
    /// Never: each part is finished, by all threads, before the next one starts.
    Off,
    /// Always, with at most so many output rows in a band.
    Rows(usize),
}

impl SeparableSpec {
    /// The two parts of a block. [`SeparableSpec::check`] tells whether they fit together.
    pub const fn new(depthwise: DepthwiseSpec, pointwise: PointwiseSpec) -> Self {
        Self { depthwise, pointwise, fusion: Fusion::Auto }
    }

    /// Forces the parts to take turns, or not to.
    #[must_use]
    pub const fn fusion(mut self, fusion: Fusion) -> Self {
        self.fusion = fusion;
        self
    }

    /// Layout of input and output.
    pub const fn layout(&self) -> Layout {
        self.depthwise.layout
    }

    /// Refuses what either part refuses, and parts that do not fit together.
    pub fn check(&self) -> Result<()> {
        self.depthwise.check()?;
        self.pointwise.check()?;
        let expected = self.depthwise.out_channels()?;
        let actual = self.pointwise.in_channels;
        if expected != actual {
            return Err(Error::ChannelMismatch { what: "pointwise input channels", expected, actual });
        }
        if self.depthwise.layout != self.pointwise.layout {
            return Err(Error::LayoutMismatch { expected: self.depthwise.layout, actual: self.pointwise.layout });
        }
        if self.fusion == Fusion::Rows(0) {
            return Err(Error::ZeroDimension { what: "rows of a fused band" });
        }
        Ok(())
    }

    /// Shape of the output for an input of this shape.
    pub fn output_shape(&self, input: Shape) -> Result<Shape> {
        self.check()?;
        self.pointwise.output_shape(self.depthwise.output_shape(input)?)
    }
}

/// Inverted residual: pointwise (expand) → activation → depthwise → activation → pointwise (project) → activation, plus the
/// input if asked for. The block of MobileNetV2 and its successors.
///
/// ```
/// use sepconv::{Activation, DepthwiseSpec, InvertedResidualSpec, Padding, PointwiseSpec, Shape};
/// // 24 channels, six times as many in between.
/// let spec = InvertedResidualSpec::new(
///     Some(PointwiseSpec::new(24, 144).activation(Activation::Relu6)),
///     DepthwiseSpec::new(144, [3, 3]).padding(Padding::Same).activation(Activation::Relu6),
///     PointwiseSpec::new(144, 24),
/// )
/// .residual(true);
/// assert_eq!(spec.output_shape(Shape::new(1, 24, 56, 56))?, Shape::new(1, 24, 56, 56));
/// # Ok::<(), sepconv::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct InvertedResidualSpec {
    /// The first pointwise part, stride 1; `None` for expansion 1, where the depthwise part reads the input.
    pub expand: Option<PointwiseSpec>,
    /// The spatial part.
    pub depthwise: DepthwiseSpec,
    /// The last part, stride 1.
    pub project: PointwiseSpec,
    /// Whether the input is added to the result, behind the last activation; it must have the output's shape then.
    pub residual: bool,
    /// Whether the parts take turns.
    pub fusion: Fusion,
}

impl InvertedResidualSpec {
    /// The parts of a block without residual. [`InvertedResidualSpec::check`] tells whether they fit together.
    pub const fn new(expand: Option<PointwiseSpec>, depthwise: DepthwiseSpec, project: PointwiseSpec) -> Self {
        Self { expand, depthwise, project, residual: false, fusion: Fusion::Auto }
    }

    /// Whether to add the input to the result.
    #[must_use]
    pub const fn residual(mut self, residual: bool) -> Self {
        self.residual = residual;
        self
    }

    /// Forces the parts to take turns, or not to.
    #[must_use]
    pub const fn fusion(mut self, fusion: Fusion) -> Self {
        self.fusion = fusion;
        self
    }

    /// Layout of input and output.
    pub const fn layout(&self) -> Layout {
        self.depthwise.layout
    }

    /// The last two parts alone.
    pub const fn separable(&self) -> SeparableSpec {
        SeparableSpec { depthwise: self.depthwise, pointwise: self.project, fusion: self.fusion }
    }

    /// Channels of the input.
    pub fn in_channels(&self) -> usize {
        self.expand.map_or(self.depthwise.channels, |expand| expand.in_channels)
    }

    /// Refuses what a part refuses, parts that do not fit together, and pointwise parts with a stride.
    pub fn check(&self) -> Result<()> {
        self.separable().check()?;
        if let Some(expand) = &self.expand {
            expand.check()?;
            let (expected, actual) = (expand.out_channels, self.depthwise.channels);
            if expected != actual {
                return Err(Error::ChannelMismatch { what: "depthwise input channels", expected, actual });
            }
            if expand.layout != self.depthwise.layout {
                return Err(Error::LayoutMismatch { expected: expand.layout, actual: self.depthwise.layout });
            }
        }
        for (what, part) in [("the expanding part", self.expand), ("the projecting part", Some(self.project))] {
            match part.map(|part| part.stride) {
                None | Some([1, 1]) => {}
                Some(stride) => return Err(Error::StridedPart { what, stride }),
            }
        }
        if self.residual && self.in_channels() != self.project.out_channels {
            let (expected, actual) = (self.in_channels(), self.project.out_channels);
            return Err(Error::ChannelMismatch { what: "output channels of a residual block", expected, actual });
        }
        Ok(())
    }

    /// Shape of the input of the depthwise part.
    pub fn expanded_shape(&self, input: Shape) -> Result<Shape> {
        self.expand.map_or(Ok(input), |expand| expand.output_shape(input))
    }

    /// Shape of the output for an input of this shape.
    pub fn output_shape(&self, input: Shape) -> Result<Shape> {
        self.check()?;
        let output = self.project.output_shape(self.depthwise.output_shape(self.expanded_shape(input)?)?)?;
        self.check_residual(input, output)?;
        Ok(output)
    }

    /// Whether the input can be added to the output, if it is to be.
    pub(crate) fn check_residual(&self, input: Shape, output: Shape) -> Result<()> {
        match self.residual && output != input {
            true => {
                let what = "the output, to which the input is added,";
                Err(Error::ShapeMismatch { what, expected: input, actual: output })
            }
            false => Ok(()),
        }
    }
}
