//! What is asked of an operator: pure, validated data, independent of the map's size and of the CPU.

#![forbid(unsafe_code)]

mod blocks;

pub use blocks::{Fusion, InvertedResidualSpec, SeparableSpec};

use crate::error::{Error, Result};
use crate::layout::{DType, Layout, MAX_ELEMENTS, Shape};

/// Padding around the map. A padded tap is skipped: it contributes nothing, whatever its weight (even infinite or NaN).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Padding {
    /// No padding: the kernel stays inside the map.
    #[default]
    Valid,
    /// TensorFlow's `SAME`: the output size is `⌈input / stride⌉`; an odd total puts the extra pixel at the bottom and right.
    Same,
    /// So many pixels on each side.
    Explicit {
        /// Rows above the map.
        top: usize,
        /// Columns left of the map.
        left: usize,
        /// Rows below the map.
        bottom: usize,
        /// Columns right of the map.
        right: usize,
    },
}

impl Padding {
    /// The same padding on all four sides.
    pub const fn uniform(pixels: usize) -> Self {
        Self::Explicit { top: pixels, left: pixels, bottom: pixels, right: pixels }
    }
}

/// Function applied to every output, within the kernel.
///
/// A NaN stays NaN through every activation, the clamping ones included.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Activation {
    /// `y = x`.
    #[default]
    Identity,
    /// `y = max(x, 0)`.
    Relu,
    /// `y = min(max(x, 0), 6)`.
    Relu6,
    /// `y = min(max(x, lo), hi)`.
    Clamp {
        /// Smallest output.
        lo: f32,
        /// Largest output.
        hi: f32,
    },
    /// `y = x` for `x ≥ 0`, `slope·x` below.
    LeakyRelu {
        /// Slope of the negative side.
        slope: f32,
    },
    /// `y = x·relu6(x + 3) / 6` (MobileNetV3).
    HardSwish,
    /// `y = x / (1 + e^−x)`, also called swish (EfficientNet).
    Silu,
}

impl Activation {
    /// Name without parameters: `"identity"`, `"relu"`, `"relu6"`, `"clamp"`, `"leaky-relu"`, `"hard-swish"`, `"silu"`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Relu => "relu",
            Self::Relu6 => "relu6",
            Self::Clamp { .. } => "clamp",
            Self::LeakyRelu { .. } => "leaky-relu",
            Self::HardSwish => "hard-swish",
            Self::Silu => "silu",
        }
    }

    fn check(self) -> Result<()> {
        let (bad, parameters) = match self {
            // Written so that a NaN on either side is refused too.
            Self::Clamp { lo, hi } => (lo.partial_cmp(&hi).is_none_or(|order| order.is_gt()), [lo, hi]),
            Self::LeakyRelu { slope } => (!slope.is_finite(), [slope, 0.0]),
            _ => (false, [0.0, 0.0]),
        };
        if bad { Err(Error::InvalidActivation { name: self.name(), parameters }) } else { Ok(()) }
    }
}

/// The sliding window of a convolution: sizes along (height, width), in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Window {
    /// Kernel size `[kh, kw]`; any size from 1, even and non-square ones too.
    pub kernel: [usize; 2],
    /// Step between outputs `[sh, sw]`.
    pub stride: [usize; 2],
    /// Step between taps `[dh, dw]`; 1 means not dilated.
    pub dilation: [usize; 2],
    /// Padding on the four sides.
    pub padding: Padding,
}

/// A [`Window`] laid on a map of a given size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Placement {
    /// Output size `[oh, ow]`.
    pub output: [usize; 2],
    /// Padding above and left of the map `[top, left]`.
    pub before: [usize; 2],
    /// Padding below and right of the map `[bottom, right]`.
    pub after: [usize; 2],
}

const AXES: [&str; 2] = ["height", "width"];

impl Window {
    /// A window with stride 1, dilation 1 and no padding.
    pub const fn new(kernel: [usize; 2]) -> Self {
        Self { kernel, stride: [1, 1], dilation: [1, 1], padding: Padding::Valid }
    }

    /// Pixels that the dilated kernel spans, `[(kh − 1)·dh + 1, (kw − 1)·dw + 1]`.
    pub fn span(&self) -> Result<[usize; 2]> {
        let axis = |i: usize| {
            let sizes = [self.kernel[i], self.dilation[i], 0, 0];
            let span = self.kernel[i].checked_sub(1).and_then(|k| k.checked_mul(self.dilation[i]));
            span.and_then(|s| s.checked_add(1))
                .filter(|&s| s <= MAX_ELEMENTS)
                .ok_or(Error::SizeOverflow { what: "the kernel's span", sizes })
        };
        Ok([axis(0)?, axis(1)?])
    }

    /// Refuses kernels, strides and dilations of 0, and spans that overflow.
    pub fn check(&self) -> Result<()> {
        self.checked_span().map(|_| ())
    }

    #[inline(always)]
    fn checked_span(&self) -> Result<[usize; 2]> {
        for i in 0..2 {
            if self.kernel[i] == 0 {
                return Err(Error::ZeroDimension { what: ["kernel height", "kernel width"][i] });
            }
            if self.stride[i] == 0 {
                return Err(Error::ZeroStride { axis: AXES[i] });
            }
            if self.dilation[i] == 0 {
                return Err(Error::ZeroDilation { axis: AXES[i] });
            }
        }
        self.span()
    }

    /// Output size and resolved padding on a map of `input = [h, w]` pixels: `⌊(input + padding − span) / stride⌋ + 1`.
    ///
    /// ```
    /// use sepconv::{Padding, Window};
    /// let mut window = Window::new([3, 3]);
    /// window.stride = [2, 2];
    /// window.padding = Padding::Same;
    /// let placed = window.place([224, 224]).unwrap();
    /// assert_eq!((placed.output, placed.before, placed.after), ([112, 112], [0, 0], [1, 1]));
    /// ```
    #[inline(always)]
    pub fn place(&self, input: [usize; 2]) -> Result<Placement> {
        let span = self.checked_span()?;
        let mut placed = Placement { output: [0; 2], before: [0; 2], after: [0; 2] };
        for i in 0..2 {
            if input[i] == 0 {
                return Err(Error::ZeroDimension { what: ["input height", "input width"][i] });
            }
            let (output, before, after) = self.place_axis(i, input[i], span[i])?;
            placed.output[i] = output;
            placed.before[i] = before;
            placed.after[i] = after;
        }
        Ok(placed)
    }

    #[inline(always)]
    fn place_axis(&self, i: usize, input: usize, span: usize) -> Result<(usize, usize, usize)> {
        let stride = self.stride[i];
        let overflow = |before: usize, after: usize| Error::SizeOverflow {
            what: "the padded input",
            sizes: [input, before, after, stride],
        };
        let (before, after) = match self.padding {
            Padding::Valid => (0, 0),
            Padding::Same => {
                let Some(covered) = ((input - 1) / stride * stride).checked_add(span) else {
                    return Err(overflow(0, 0));
                };
                let total = covered.saturating_sub(input);
                (total / 2, total - total / 2)
            }
            Padding::Explicit { top, left, bottom, right } => [(top, bottom), (left, right)][i],
        };
        let padded = input.checked_add(before).and_then(|v| v.checked_add(after));
        let Some(padded) = padded.filter(|&v| v <= MAX_ELEMENTS) else { return Err(overflow(before, after)) };
        if padded < span {
            return Err(Error::EmptyOutput { axis: AXES[i], input, padding: before + after, span });
        }
        Ok(((padded - span) / stride + 1, before, after))
    }
}

/// Setters shared by the specs that have a window.
macro_rules! window_setters {
    () => {
        /// Sets the step between outputs, `[height, width]`.
        pub const fn stride(mut self, stride: [usize; 2]) -> Self {
            self.window.stride = stride;
            self
        }

        /// Sets the step between taps, `[height, width]`; 1 means not dilated.
        pub const fn dilation(mut self, dilation: [usize; 2]) -> Self {
            self.window.dilation = dilation;
            self
        }

        /// Sets the padding around the map.
        pub const fn padding(mut self, padding: Padding) -> Self {
            self.window.padding = padding;
            self
        }
    };
}

/// Setters shared by all specs of one stage.
macro_rules! stage_setters {
    () => {
        /// Sets the memory layout of input and output (default HWC).
        pub const fn layout(mut self, layout: Layout) -> Self {
            self.layout = layout;
            self
        }

        /// Sets the activation applied to the output (default identity).
        pub const fn activation(mut self, activation: Activation) -> Self {
            self.activation = activation;
            self
        }
    };
}

/// Depthwise convolution: every channel with its own kernels. Output channel `c·multiplier + q` is input channel `c` with its kernel `q`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct DepthwiseSpec {
    /// Input channels.
    pub channels: usize,
    /// Output channels per input channel.
    pub multiplier: usize,
    /// Kernel, stride, dilation, padding.
    pub window: Window,
    /// Applied to the output.
    pub activation: Activation,
    /// Layout of input and output.
    pub layout: Layout,
    /// Element type.
    pub dtype: DType,
}

impl DepthwiseSpec {
    /// `kernel = [kh, kw]` on `channels` channels; multiplier 1, stride 1, dilation 1, no padding, no activation, HWC.
    pub const fn new(channels: usize, kernel: [usize; 2]) -> Self {
        Self {
            channels,
            multiplier: 1,
            window: Window::new(kernel),
            activation: Activation::Identity,
            layout: Layout::Hwc,
            dtype: DType::F32,
        }
    }

    /// Sets the output channels per input channel.
    pub const fn multiplier(mut self, multiplier: usize) -> Self {
        self.multiplier = multiplier;
        self
    }

    window_setters!();
    stage_setters!();

    /// Output channels, `channels·multiplier`.
    pub fn out_channels(&self) -> Result<usize> {
        let sizes = [self.channels, self.multiplier, 0, 0];
        let product = self.channels.checked_mul(self.multiplier).filter(|&v| v <= MAX_ELEMENTS);
        product.ok_or(Error::SizeOverflow { what: "the output channels", sizes })
    }

    /// Elements of the weights, `channels·multiplier·kh·kw`.
    pub fn weights_len(&self) -> Result<usize> {
        checked_weights([self.channels, self.multiplier, self.window.kernel[0], self.window.kernel[1]])
    }

    /// Refuses sizes of 0, overflows and bad activations.
    pub fn check(&self) -> Result<()> {
        nonzero(&[("channels", self.channels), ("channel multiplier", self.multiplier)])?;
        self.window.check()?;
        self.weights_len()?;
        self.activation.check()
    }

    /// Shape of the output for an input of this shape.
    pub fn output_shape(&self, input: Shape) -> Result<Shape> {
        self.check()?;
        Ok(place(&self.window, input, [self.channels, self.out_channels()?])?.1)
    }
}

/// Pointwise (1×1) convolution: every output channel is a weighted sum of all input channels of the same pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PointwiseSpec {
    /// Input channels.
    pub in_channels: usize,
    /// Output channels.
    pub out_channels: usize,
    /// Step between the pixels that are read, `[height, width]`.
    pub stride: [usize; 2],
    /// Applied to the output.
    pub activation: Activation,
    /// Layout of input and output.
    pub layout: Layout,
    /// Element type.
    pub dtype: DType,
}

impl PointwiseSpec {
    /// `in_channels` to `out_channels`; stride 1, no activation, HWC.
    pub const fn new(in_channels: usize, out_channels: usize) -> Self {
        Self {
            in_channels,
            out_channels,
            stride: [1, 1],
            activation: Activation::Identity,
            layout: Layout::Hwc,
            dtype: DType::F32,
        }
    }

    /// Sets the step between the pixels that are read, `[height, width]`.
    pub const fn stride(mut self, stride: [usize; 2]) -> Self {
        self.stride = stride;
        self
    }

    stage_setters!();

    /// The 1×1 window with this spec's stride.
    pub const fn window(&self) -> Window {
        let mut window = Window::new([1, 1]);
        window.stride = self.stride;
        window
    }

    /// Elements of the weights, `in_channels·out_channels`.
    pub fn weights_len(&self) -> Result<usize> {
        checked_weights([self.in_channels, self.out_channels, 1, 1])
    }

    /// Refuses sizes of 0, overflows and bad activations.
    pub fn check(&self) -> Result<()> {
        nonzero(&[("input channels", self.in_channels), ("output channels", self.out_channels)])?;
        self.window().check()?;
        self.weights_len()?;
        self.activation.check()
    }

    /// Shape of the output for an input of this shape.
    pub fn output_shape(&self, input: Shape) -> Result<Shape> {
        self.check()?;
        Ok(place(&self.window(), input, [self.in_channels, self.out_channels])?.1)
    }
}

/// Dense convolution (one group): every output channel sees every input channel through its own `kh×kw` kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Conv2dSpec {
    /// Input channels.
    pub in_channels: usize,
    /// Output channels.
    pub out_channels: usize,
    /// Kernel, stride, dilation, padding.
    pub window: Window,
    /// Applied to the output.
    pub activation: Activation,
    /// Layout of input and output.
    pub layout: Layout,
    /// Element type.
    pub dtype: DType,
}

impl Conv2dSpec {
    /// `kernel = [kh, kw]` from `in_channels` to `out_channels`; stride 1, dilation 1, no padding, no activation, HWC.
    pub const fn new(in_channels: usize, out_channels: usize, kernel: [usize; 2]) -> Self {
        Self {
            in_channels,
            out_channels,
            window: Window::new(kernel),
            activation: Activation::Identity,
            layout: Layout::Hwc,
            dtype: DType::F32,
        }
    }

    window_setters!();
    stage_setters!();

    /// Elements of the weights, `in_channels·out_channels·kh·kw`.
    pub fn weights_len(&self) -> Result<usize> {
        checked_weights([self.in_channels, self.out_channels, self.window.kernel[0], self.window.kernel[1]])
    }

    /// Refuses sizes of 0, overflows and bad activations.
    pub fn check(&self) -> Result<()> {
        nonzero(&[("input channels", self.in_channels), ("output channels", self.out_channels)])?;
        self.window.check()?;
        self.weights_len()?;
        self.activation.check()
    }

    /// Shape of the output for an input of this shape.
    pub fn output_shape(&self, input: Shape) -> Result<Shape> {
        self.check()?;
        Ok(place(&self.window, input, [self.in_channels, self.out_channels])?.1)
    }
}

fn nonzero(sizes: &[(&'static str, usize)]) -> Result<()> {
    match sizes.iter().find(|(_, size)| *size == 0) {
        Some((what, _)) => Err(Error::ZeroDimension { what }),
        None => Ok(()),
    }
}

fn checked_weights(sizes: [usize; 4]) -> Result<usize> {
    let len = sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    // Packing rounds channels up to whole vectors: leave room for that.
    len.filter(|&len| len <= MAX_ELEMENTS / 64).ok_or(Error::SizeOverflow { what: "the weights", sizes })
}

/// Where a window of a convolution from `channels` to `out_channels` falls on maps of this shape, and the shape of its output.
#[inline(always)]
pub(crate) fn place(window: &Window, input: Shape, [channels, out_channels]: [usize; 2]) -> Result<(Placement, Shape)> {
    input.len()?;
    if input.c != channels {
        return Err(Error::ChannelMismatch { what: "input", expected: channels, actual: input.c });
    }
    let placed = window.place([input.h, input.w])?;
    let [h, w] = placed.output;
    let output = Shape { n: input.n, c: out_channels, h, w };
    output.len()?;
    Ok((placed, output))
}
