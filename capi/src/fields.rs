//! Fields that parameters share, as C states them, and their translation into the library's types.
//!
//! Numbers that stand for one of a list are plain integers here: C can put anything into an enum.

use crate::pointer;
use crate::status::{Failure, SepconvStatus};
use sepconv::{Activation, Layout, Padding, Weights};

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

impl WindowParams {
    /// Not strided, not dilated, not padded.
    pub(crate) const fn defaults() -> Self {
        Self { kernel: [0; 2], stride: [1; 2], dilation: [1; 2], pads: [0; 4] }
    }

    /// The padding of this kind, one of sepconv_padding.
    pub(crate) fn padding(&self, kind: u32) -> Result<Padding, Failure> {
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
    pub(crate) fn translate(&self) -> Result<Activation, Failure> {
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
    /// If `data` is neither null nor misaligned, `len` floats from it are readable and nobody writes them during `'a`.
    pub(crate) unsafe fn weights<'a>(&self, order: u32) -> Result<Weights<'a>, Failure> {
        // SAFETY: `self.len` floats from `self.data` are readable during `'a`: what this function asks for.
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
        // SAFETY: `self.len` floats from `self.data` are readable during `'a`: what this function asks for.
        unsafe { pointer::floats(self.data, self.len, "bias.data") }.map(Some)
    }
}

/// The layout of this number, one of sepconv_layout.
pub(crate) fn layout(value: u32) -> Result<Layout, Failure> {
    match value {
        0 => Ok(Layout::Hwc),
        1 => Ok(Layout::Chw),
        _ => Err(unknown("layout", value, "0 (NHWC) and 1 (NCHW)")),
    }
}

impl From<Layout> for SepconvLayout {
    fn from(layout: Layout) -> Self {
        match layout {
            Layout::Hwc => Self::Nhwc,
            Layout::Chw => Self::Nchw,
        }
    }
}

/// 0 or 1.
pub(crate) fn flag(what: &str, value: u32) -> Result<bool, Failure> {
    match value {
        0 | 1 => Ok(value == 1),
        _ => Err(unknown(what, value, "0 (no) and 1 (yes)")),
    }
}

/// What a number that stands for nothing is refused with.
pub(crate) fn unknown(what: &str, value: u32, known: &str) -> Failure {
    Failure::new(SepconvStatus::UnknownValue, format!("{what} is {value}; known are {known}"))
}
