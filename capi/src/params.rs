//! Parameters of the convolutions that operators are made of: as C states them, their defaults, and what the library makes of them.

use crate::fields::{self, ActivationParams, BiasView, WeightsView, WindowParams};
use crate::status::{Failure, SepconvStatus, report};
use crate::versioned::{self, Versioned};
use sepconv::{Conv2dSpec, DepthwiseSpec, PointwiseSpec, Weights};

/// Depthwise convolution: every channel with its own kernels.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct DepthwiseParams {
    /// sizeof(sepconv_depthwise_params), as sepconv_depthwise_params_init sets it.
    pub struct_size: usize,
    /// Input channels.
    pub channels: usize,
    /// Output channels for each input channel.
    pub multiplier: usize,
    /// Kernel, stride, dilation, padding.
    pub window: WindowParams,
    /// One of sepconv_padding.
    pub padding: u32,
    /// One of sepconv_layout, of input and output.
    pub layout: u32,
    /// One of sepconv_weight_order.
    pub weight_order: u32,
    /// Applied to the output.
    pub activation: ActivationParams,
    /// channels * multiplier * kh * kw elements.
    pub weights: WeightsView,
    /// channels * multiplier elements, or none.
    pub bias: BiasView,
}

/// Pointwise (1x1) convolution: every output channel is a weighted sum of all input channels of the pixel.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct PointwiseParams {
    /// sizeof(sepconv_pointwise_params), as sepconv_pointwise_params_init sets it.
    pub struct_size: usize,
    /// Input channels.
    pub in_channels: usize,
    /// Output channels.
    pub out_channels: usize,
    /// Step between the pixels that are read: height, width.
    pub stride: [usize; 2],
    /// One of sepconv_layout, of input and output.
    pub layout: u32,
    /// One of sepconv_weight_order.
    pub weight_order: u32,
    /// Applied to the output.
    pub activation: ActivationParams,
    /// 0; keeps what follows aligned.
    pub reserved: u32,
    /// in_channels * out_channels elements.
    pub weights: WeightsView,
    /// out_channels elements, or none.
    pub bias: BiasView,
}

/// Dense convolution (one group).
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Conv2dParams {
    /// sizeof(sepconv_conv2d_params), as sepconv_conv2d_params_init sets it.
    pub struct_size: usize,
    /// Input channels.
    pub in_channels: usize,
    /// Output channels.
    pub out_channels: usize,
    /// Kernel, stride, dilation, padding.
    pub window: WindowParams,
    /// One of sepconv_padding.
    pub padding: u32,
    /// One of sepconv_layout, of input and output.
    pub layout: u32,
    /// One of sepconv_weight_order.
    pub weight_order: u32,
    /// Applied to the output.
    pub activation: ActivationParams,
    /// in_channels * out_channels * kh * kw elements.
    pub weights: WeightsView,
    /// out_channels elements, or none.
    pub bias: BiasView,
}

// SAFETY: `repr(C)`; `struct_size` first, otherwise numbers, nullable pointers, and `repr(C)` structures of them.
unsafe impl Versioned for DepthwiseParams {
    const NAME: &'static str = "sepconv_depthwise_params";
}
// SAFETY: `repr(C)`; `struct_size` first, otherwise numbers, nullable pointers, and `repr(C)` structures of them.
unsafe impl Versioned for PointwiseParams {
    const NAME: &'static str = "sepconv_pointwise_params";
}
// SAFETY: `repr(C)`; `struct_size` first, otherwise numbers, nullable pointers, and `repr(C)` structures of them.
unsafe impl Versioned for Conv2dParams {
    const NAME: &'static str = "sepconv_conv2d_params";
}

/// Sets multiplier, stride and dilation 1, everything else 0. `struct_size` is sizeof(*params).
///
/// # Safety
///
/// `struct_size` bytes from `params` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sepconv_depthwise_params_init(
    params: *mut DepthwiseParams,
    struct_size: usize,
) -> SepconvStatus {
    // SAFETY: `struct_size` bytes from `params` may be written, says the header.
    unsafe { init(params, struct_size) }
}

/// Sets stride 1, everything else 0. `struct_size` is sizeof(*params).
///
/// # Safety
///
/// `struct_size` bytes from `params` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sepconv_pointwise_params_init(
    params: *mut PointwiseParams,
    struct_size: usize,
) -> SepconvStatus {
    // SAFETY: `struct_size` bytes from `params` may be written, says the header.
    unsafe { init(params, struct_size) }
}

/// Sets stride and dilation 1, everything else 0. `struct_size` is sizeof(*params).
///
/// # Safety
///
/// `struct_size` bytes from `params` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sepconv_conv2d_params_init(params: *mut Conv2dParams, struct_size: usize) -> SepconvStatus {
    // SAFETY: `struct_size` bytes from `params` may be written, says the header.
    unsafe { init(params, struct_size) }
}

/// Writes the defaults.
///
/// # Safety
///
/// `struct_size` bytes from `params` may be written.
unsafe fn init<P: Params>(params: *mut P, struct_size: usize) -> SepconvStatus {
    // SAFETY: `struct_size` bytes from `params` may be written: what this function asks for.
    report(|| unsafe { versioned::init(params, struct_size, P::defaults()) })
}

/// The parameters of one convolution.
pub(crate) trait Params: Versioned {
    type Spec;

    /// What the init function writes.
    fn defaults() -> Self;

    fn spec(&self) -> Result<Self::Spec, Failure>;

    /// Weights, their order (one of sepconv_weight_order), bias.
    fn arrays(&self) -> (WeightsView, u32, BiasView);
}

impl Params for DepthwiseParams {
    type Spec = DepthwiseSpec;

    fn defaults() -> Self {
        Self { multiplier: 1, window: WindowParams::defaults(), ..versioned::zeros() }
    }

    fn spec(&self) -> Result<DepthwiseSpec, Failure> {
        let WindowParams { kernel, stride, dilation, .. } = self.window;
        let spec = DepthwiseSpec::new(self.channels, kernel).multiplier(self.multiplier).stride(stride);
        let spec = spec.dilation(dilation).padding(self.window.padding(self.padding)?);
        Ok(spec.layout(fields::layout(self.layout)?).activation(self.activation.translate()?))
    }

    fn arrays(&self) -> (WeightsView, u32, BiasView) {
        (self.weights, self.weight_order, self.bias)
    }
}

impl Params for PointwiseParams {
    type Spec = PointwiseSpec;

    fn defaults() -> Self {
        Self { stride: [1; 2], ..versioned::zeros() }
    }

    fn spec(&self) -> Result<PointwiseSpec, Failure> {
        if self.reserved != 0 {
            return Err(fields::unknown("reserved", self.reserved, "0"));
        }
        let spec = PointwiseSpec::new(self.in_channels, self.out_channels).stride(self.stride);
        Ok(spec.layout(fields::layout(self.layout)?).activation(self.activation.translate()?))
    }

    fn arrays(&self) -> (WeightsView, u32, BiasView) {
        (self.weights, self.weight_order, self.bias)
    }
}

impl Params for Conv2dParams {
    type Spec = Conv2dSpec;

    fn defaults() -> Self {
        Self { window: WindowParams::defaults(), ..versioned::zeros() }
    }

    fn spec(&self) -> Result<Conv2dSpec, Failure> {
        let WindowParams { kernel, stride, dilation, .. } = self.window;
        let spec = Conv2dSpec::new(self.in_channels, self.out_channels, kernel).stride(stride).dilation(dilation);
        let spec = spec.padding(self.window.padding(self.padding)?);
        Ok(spec.layout(fields::layout(self.layout)?).activation(self.activation.translate()?))
    }

    fn arrays(&self) -> (WeightsView, u32, BiasView) {
        (self.weights, self.weight_order, self.bias)
    }
}

/// One convolution of an operator, as the library wants it.
pub(crate) struct Part<'a, Spec> {
    pub spec: Spec,
    pub weights: Weights<'a>,
    pub bias: Option<&'a [f32]>,
}

/// Reads the parameters of a convolution.
///
/// # Safety
///
/// If `params` is neither null nor misaligned, it points to as many bytes as its `struct_size` says; where its weights and bias are
/// neither null nor misaligned, their `len` floats are readable. Nobody writes any of these during `'a`.
pub(crate) unsafe fn part<'a, P: Params>(params: *const P) -> Result<Part<'a, P::Spec>, Failure> {
    // SAFETY: what this function asks for `params`.
    let params = unsafe { versioned::read(params) }?;
    let (weights, order, bias) = params.arrays();
    // SAFETY: what this function asks for the weights and the bias.
    let (weights, bias) = unsafe { (weights.weights(order)?, bias.bias()?) };
    Ok(Part { spec: params.spec()?, weights, bias })
}
