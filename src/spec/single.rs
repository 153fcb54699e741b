//! What is asked of a single convolution: depthwise, pointwise, dense.

use super::activation::Activation;
use super::window::{Padding, Window, place};
use crate::error::{Error, Result};
use crate::layout::{DType, Layout, MAX_ELEMENTS, Shape};

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
