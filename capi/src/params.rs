//! Parameters of the operations, as C states them, and their translation into the library's specs.
//!
//! Numbers that stand for one of a list are plain integers here: C can put anything into an enum.

use crate::pointer;
use crate::status::{Failure, SepconvStatus, report};
use crate::versioned::{self, Versioned};
use sepconv::{Activation, Conv2dSpec, DepthwiseSpec, Layout, Padding, PointwiseSpec, Weights};

/// Which axis of the maps is contiguous in memory.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SepconvLayout {
    /// Channels last: n, h, w, c.
    Nhwc = 0,
    /// Channels first: n, c, h, w.
    Nchw = 1,
}

/// Order of the elements of weights. In both, depthwise output channel c * multiplier + q is input channel c with its kernel q.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SepconvWeightOrder {
    /// PyTorch and ONNX: depthwise [c * m, 1, kh, kw], pointwise and dense [cout, cin, kh, kw].
    Torch = 0,
    /// TensorFlow and Keras: depthwise [kh, kw, c, m], pointwise and dense [kh, kw, cin, cout].
    Tensorflow = 1,
}

/// How maps are padded. Padding contributes nothing to a sum, whatever the weight.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SepconvPadding {
    /// By the numbers in `pads`; all of them 0 means no padding.
    Explicit = 0,
    /// TensorFlow's SAME: ceil(input / stride) outputs, an odd pixel at the bottom and right. `pads` must be 0.
    Same = 1,
}

/// Function applied to every output.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SepconvActivation {
    /// y = x
    Identity = 0,
    /// y = max(x, 0)
    Relu = 1,
    /// y = min(max(x, 0), 6)
    Relu6 = 2,
    /// y = min(max(x, parameters[0]), parameters[1])
    Clamp = 3,
    /// y = x for x >= 0, parameters[0] * x below
    LeakyRelu = 4,
    /// y = x * relu6(x + 3) / 6
    HardSwish = 5,
    /// y = x / (1 + exp(-x))
    Silu = 6,
}

/// An activation with its parameters.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct ActivationParams {
    /// One of sepconv_activation.
    pub kind: u32,
    /// Those that the kind takes; the others are not looked at.
    pub parameters: [f32; 2],
}

/// The sliding window, in pixels.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct WindowParams {
    /// Kernel size: height, width.
    pub kernel: [usize; 2],
    /// Step between outputs: height, width.
    pub stride: [usize; 2],
    /// Step between taps: height, width; 1 means not dilated.
    pub dilation: [usize; 2],
    /// Padding: top, left, bottom, right.
    pub pads: [usize; 4],
}

/// Weights: they are copied when the operator is made.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct WeightsView {
    /// First element.
    pub data: *const f32,
    /// Elements; must be exactly as many as the sizes say.
    pub len: usize,
}

/// One number for each output channel, added before the activation. They are copied when the operator is made.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct BiasView {
    /// First element; null for no bias.
    pub data: *const f32,
    /// Elements: the output channels, or 0 if there is no bias.
    pub len: usize,
}

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

const WINDOW: WindowParams = WindowParams { kernel: [0; 2], stride: [1; 2], dilation: [1; 2], pads: [0; 4] };
const ACTIVATION: ActivationParams = ActivationParams { kind: 0, parameters: [0.0; 2] };
const WEIGHTS: WeightsView = WeightsView { data: core::ptr::null(), len: 0 };
const BIAS: BiasView = BiasView { data: core::ptr::null(), len: 0 };

// SAFETY: `repr(C)`, `struct_size` first, otherwise numbers and nullable pointers.
unsafe impl Versioned for DepthwiseParams {
    const NAME: &'static str = "sepconv_depthwise_params";
    const FIRST_SIZE: usize = size_of::<Self>();
}
// SAFETY: as above.
unsafe impl Versioned for PointwiseParams {
    const NAME: &'static str = "sepconv_pointwise_params";
    const FIRST_SIZE: usize = size_of::<Self>();
}
// SAFETY: as above.
unsafe impl Versioned for Conv2dParams {
    const NAME: &'static str = "sepconv_conv2d_params";
    const FIRST_SIZE: usize = size_of::<Self>();
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
    let (window, activation, weights, bias) = (WINDOW, ACTIVATION, WEIGHTS, BIAS);
    let (padding, layout, weight_order) = (0, 0, 0);
    let value = DepthwiseParams {
        struct_size,
        channels: 0,
        multiplier: 1,
        window,
        padding,
        layout,
        weight_order,
        activation,
        weights,
        bias,
    };
    // SAFETY: the caller's promise.
    report(|| unsafe { versioned::init(params, struct_size, value) })
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
    let value = PointwiseParams {
        struct_size,
        in_channels: 0,
        out_channels: 0,
        stride: [1; 2],
        layout: 0,
        weight_order: 0,
        activation: ACTIVATION,
        reserved: 0,
        weights: WEIGHTS,
        bias: BIAS,
    };
    // SAFETY: the caller's promise.
    report(|| unsafe { versioned::init(params, struct_size, value) })
}

/// Sets stride and dilation 1, everything else 0. `struct_size` is sizeof(*params).
///
/// # Safety
///
/// `struct_size` bytes from `params` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sepconv_conv2d_params_init(params: *mut Conv2dParams, struct_size: usize) -> SepconvStatus {
    let value = Conv2dParams {
        struct_size,
        in_channels: 0,
        out_channels: 0,
        window: WINDOW,
        padding: 0,
        layout: 0,
        weight_order: 0,
        activation: ACTIVATION,
        weights: WEIGHTS,
        bias: BIAS,
    };
    // SAFETY: the caller's promise.
    report(|| unsafe { versioned::init(params, struct_size, value) })
}

impl DepthwiseParams {
    pub(crate) fn spec(&self) -> Result<DepthwiseSpec, Failure> {
        let WindowParams { kernel, stride, dilation, .. } = self.window;
        let spec = DepthwiseSpec::new(self.channels, kernel).multiplier(self.multiplier).stride(stride);
        let spec = spec.dilation(dilation).padding(self.window.padding(self.padding)?);
        Ok(spec.layout(layout(self.layout)?).activation(self.activation.translate()?))
    }
}

impl PointwiseParams {
    pub(crate) fn spec(&self) -> Result<PointwiseSpec, Failure> {
        if self.reserved != 0 {
            return Err(unknown("reserved", self.reserved, "0"));
        }
        let spec = PointwiseSpec::new(self.in_channels, self.out_channels).stride(self.stride);
        Ok(spec.layout(layout(self.layout)?).activation(self.activation.translate()?))
    }
}

impl Conv2dParams {
    pub(crate) fn spec(&self) -> Result<Conv2dSpec, Failure> {
        let WindowParams { kernel, stride, dilation, .. } = self.window;
        let spec = Conv2dSpec::new(self.in_channels, self.out_channels, kernel).stride(stride).dilation(dilation);
        let spec = spec.padding(self.window.padding(self.padding)?);
        Ok(spec.layout(layout(self.layout)?).activation(self.activation.translate()?))
    }
}

impl WindowParams {
    fn padding(&self, kind: u32) -> Result<Padding, Failure> {
        let [top, left, bottom, right] = self.pads;
        match kind {
            0 => Ok(Padding::Explicit { top, left, bottom, right }),
            1 if self.pads == [0; 4] => Ok(Padding::Same),
            1 => {
                let message = format!("padding is SAME, but pads are {:?}; they must be 0", self.pads);
                Err(Failure::new(SepconvStatus::InvalidParameter, message))
            }
            _ => Err(unknown("padding", kind, "0 (explicit) and 1 (same)")),
        }
    }
}

impl ActivationParams {
    fn translate(&self) -> Result<Activation, Failure> {
        let [first, second] = self.parameters;
        match self.kind {
            0 => Ok(Activation::Identity),
            1 => Ok(Activation::Relu),
            2 => Ok(Activation::Relu6),
            3 => Ok(Activation::Clamp { lo: first, hi: second }),
            4 => Ok(Activation::LeakyRelu { slope: first }),
            5 => Ok(Activation::HardSwish),
            6 => Ok(Activation::Silu),
            kind => Err(unknown("the activation's kind", kind, "0 to 6")),
        }
    }
}

impl WeightsView {
    /// # Safety
    ///
    /// `len` floats from `data` are readable during `'a` if `data` is neither null nor misaligned.
    pub(crate) unsafe fn weights<'a>(&self, order: u32) -> Result<Weights<'a>, Failure> {
        // SAFETY: the caller's promise.
        let data = unsafe { pointer::floats(self.data, self.len, "weights.data") }?;
        match order {
            0 => Ok(Weights::torch(data)),
            1 => Ok(Weights::tensorflow(data)),
            _ => Err(unknown("weight_order", order, "0 (torch) and 1 (tensorflow)")),
        }
    }
}

impl BiasView {
    /// # Safety
    ///
    /// As [`WeightsView::weights`].
    pub(crate) unsafe fn bias<'a>(&self) -> Result<Option<&'a [f32]>, Failure> {
        if self.data.is_null() && self.len == 0 {
            return Ok(None);
        }
        // SAFETY: the caller's promise.
        unsafe { pointer::floats(self.data, self.len, "bias.data") }.map(Some)
    }
}

fn layout(value: u32) -> Result<Layout, Failure> {
    match value {
        0 => Ok(Layout::Hwc),
        1 => Ok(Layout::Chw),
        _ => Err(unknown("layout", value, "0 (NHWC) and 1 (NCHW)")),
    }
}

/// 0 or 1.
pub(crate) fn flag(what: &str, value: u32) -> Result<bool, Failure> {
    match value {
        0 | 1 => Ok(value == 1),
        _ => Err(unknown(what, value, "0 (no) and 1 (yes)")),
    }
}

fn unknown(what: &str, value: u32, known: &str) -> Failure {
    Failure::new(SepconvStatus::UnknownValue, format!("{what} is {value}; known are {known}"))
}
