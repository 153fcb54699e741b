//! Naive scalar convolutions, written to be read: the definition that every kernel is held against.
//!
//! Each function is generic over the number that it accumulates in: `f32` (the naive path that people time), `f64`
//! (the oracle) and [`Bounded`] (the oracle together with the largest error that an `f32` kernel may make).
//! Outputs come without gaps, in the layout of the spec.

#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::layout::{Layout, Shape, Strides};
use crate::spec::{Activation, Conv2dSpec, DepthwiseSpec, InvertedResidualSpec, PointwiseSpec, SeparableSpec, Window};
use crate::tensor::TensorRef;
use crate::weights::Weights;

/// What the reference accumulates in.
pub trait Number: Copy + From<f32> {
    /// `self + x·w`, rounded as the type rounds, not fused.
    fn add_product(self, x: Self, w: f32) -> Self;
    /// `self + x`, rounded as the type rounds.
    fn add(self, x: Self) -> Self;
    /// The activation of `self`.
    fn activate(self, activation: Activation) -> Self;
}

macro_rules! float_number {
    ($float:ty) => {
        impl Number for $float {
            #[inline]
            fn add_product(self, x: Self, w: f32) -> Self {
                self + x * <$float>::from(w)
            }

            #[inline]
            fn add(self, x: Self) -> Self {
                self + x
            }

            #[inline]
            fn activate(self, activation: Activation) -> Self {
                // Comparisons, not min and max: those would turn NaN into a number.
                let clamp = |x: $float, lo: f32, hi: f32| {
                    let (lo, hi) = (<$float>::from(lo), <$float>::from(hi));
                    if x < lo {
                        lo
                    } else if x > hi {
                        hi
                    } else {
                        x
                    }
                };
                match activation {
                    Activation::Identity => self,
                    Activation::Relu => clamp(self, 0.0, f32::INFINITY),
                    Activation::Relu6 => clamp(self, 0.0, 6.0),
                    Activation::Clamp { lo, hi } => clamp(self, lo, hi),
                    Activation::LeakyRelu { slope } => {
                        if self < 0.0 {
                            self * <$float>::from(slope)
                        } else {
                            self
                        }
                    }
                    Activation::HardSwish => self * clamp(self + 3.0, 0.0, 6.0) / 6.0,
                    Activation::Silu => self / (1.0 + (-self).exp()),
                }
            }
        }
    };
}
float_number!(f32);
float_number!(f64);

/// A result in `f64` together with the largest error that an `f32` kernel may make: `(n + 4)·ε·Σ|x·w|` for a sum of
/// `n` products, times the activation's slope, plus the activation's own rounding. Errors of a first stage are carried through the second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounded {
    /// The result.
    pub value: f64,
    /// `Σ|x·w|` so far, bias included.
    magnitude: f64,
    /// Error that the inputs brought along.
    inherited: f64,
    products: f64,
}

impl Bounded {
    /// The largest error allowed.
    pub fn bound(&self) -> f64 {
        // Below the normal range an operation errs by up to half of the smallest denormal, whatever its operands.
        let underflow = (self.products + 4.0) * f64::from(f32::from_bits(1));
        self.inherited + (self.products + 4.0) * f64::from(f32::EPSILON) * (self.magnitude + self.inherited) + underflow
    }

    /// `|actual − value|` divided by the bound: at most 1 for a correct kernel. Equal values, NaN and infinities among them, give 0.
    pub fn error_over_bound(&self, actual: f32) -> f64 {
        let actual = f64::from(actual);
        // Beyond the largest finite f32 the kernel must say infinity.
        let value = if self.value.is_finite() { self.value } else { f64::from(self.value as f32) };
        if actual == value || (actual.is_nan() && value.is_nan()) {
            return 0.0;
        }
        let error = (actual - value).abs() / self.bound();
        if error.is_nan() { f64::INFINITY } else { error }
    }
}

impl From<f32> for Bounded {
    fn from(x: f32) -> Self {
        Self { value: f64::from(x), magnitude: f64::from(x).abs(), inherited: 0.0, products: 0.0 }
    }
}

impl Number for Bounded {
    fn add_product(self, x: Self, w: f32) -> Self {
        let w = f64::from(w);
        // A plain input is exact; an output of an earlier stage brings its bound along.
        let carried = if x.products == 0.0 && x.inherited == 0.0 { 0.0 } else { x.bound() };
        Self {
            value: self.value + x.value * w,
            magnitude: self.magnitude + (x.value * w).abs(),
            inherited: self.inherited + carried * w.abs(),
            products: self.products + 1.0,
        }
    }

    fn add(self, x: Self) -> Self {
        let value = self.value + x.value;
        let carried = self.bound() + if x.products == 0.0 && x.inherited == 0.0 { 0.0 } else { x.bound() };
        // The sum's own rounding.
        let inherited = carried + f64::from(f32::EPSILON) * (value.abs() + carried);
        Self { value, magnitude: 0.0, inherited, products: 0.0 }
    }

    fn activate(self, activation: Activation) -> Self {
        // Largest slope anywhere, and the roundings of the activation itself in units of ε·|y|.
        let (slope, roundings) = match activation {
            Activation::Identity | Activation::Relu | Activation::Relu6 | Activation::Clamp { .. } => {
                return Self { value: self.value.activate(activation), ..self };
            }
            Activation::LeakyRelu { slope } => (f64::from(slope).abs().max(1.0), 1.0),
            Activation::HardSwish => (1.5, 4.0),
            Activation::Silu => (1.1, 8.0),
        };
        let value = self.value.activate(activation);
        let inherited =
            slope * self.bound() + roundings * f64::from(f32::EPSILON) * (value.abs() + slope * self.bound());
        Self { value, magnitude: 0.0, inherited, products: 0.0 }
    }
}

/// Naive depthwise convolution of `input`; weights as the operator takes them, `bias` per output channel.
pub fn depthwise<T: Number>(
    spec: &DepthwiseSpec,
    input: &TensorRef<'_>,
    weights: Weights<'_>,
    bias: Option<&[f32]>,
) -> Result<Vec<T>> {
    depthwise_of(spec, input.shape(), |n, c, y, x| T::from(input.at(n, c, y, x)), weights, bias)
}

/// As [`depthwise`], of what `element` says is at `(n, c, y, x)`.
fn depthwise_of<T: Number>(
    spec: &DepthwiseSpec,
    input: Shape,
    element: impl Fn(usize, usize, usize, usize) -> T,
    weights: Weights<'_>,
    bias: Option<&[f32]>,
) -> Result<Vec<T>> {
    let output = spec.output_shape(input)?;
    weights.check("the depthwise weights", spec.weights_len()?)?;
    check_bias("the depthwise bias", bias, output.c)?;
    let [kh, kw] = spec.window.kernel;
    let place = Taps::new(&spec.window, input)?;
    let mut result = vec![T::from(0.0); output.len()?];
    let to = Strides::contiguous(output, spec.layout);
    for n in 0..output.n {
        for o in 0..output.c {
            let (c, q) = (o / spec.multiplier, o % spec.multiplier);
            for oy in 0..output.h {
                for ox in 0..output.w {
                    let mut sum = T::from(bias.map_or(0.0, |bias| bias[o]));
                    for ky in 0..kh {
                        let Some(y) = place.row(oy, ky) else { continue };
                        for kx in 0..kw {
                            let Some(x) = place.column(ox, kx) else { continue };
                            let w = weights.depthwise_at(spec, c, q, ky, kx);
                            sum = sum.add_product(element(n, c, y, x), w);
                        }
                    }
                    result[n * to.n + o * to.c + oy * to.h + ox * to.w] = sum.activate(spec.activation);
                }
            }
        }
    }
    Ok(result)
}

/// Naive pointwise convolution of `input`; `bias` per output channel.
pub fn pointwise<T: Number>(
    spec: &PointwiseSpec,
    input: &TensorRef<'_>,
    weights: Weights<'_>,
    bias: Option<&[f32]>,
) -> Result<Vec<T>> {
    pointwise_of(spec, input.shape(), |n, c, y, x| T::from(input.at(n, c, y, x)), weights, bias)
}

/// Naive separable convolution: [`depthwise`], then [`pointwise`] on all of its output.
pub fn separable<T: Number>(
    spec: &SeparableSpec,
    input: &TensorRef<'_>,
    weights: [Weights<'_>; 2],
    bias: [Option<&[f32]>; 2],
) -> Result<Vec<T>> {
    spec.check()?;
    let middle = depthwise::<T>(&spec.depthwise, input, weights[0], bias[0])?;
    let shape = spec.depthwise.output_shape(input.shape())?;
    pointwise_of(&spec.pointwise, shape, of_vec(&middle, shape, spec.layout()), weights[1], bias[1])
}

/// Naive inverted residual block of `input`; weights and biases of (expand, depthwise, project), those of a missing expanding
/// part unused.
pub fn inverted_residual<T: Number>(
    spec: &InvertedResidualSpec,
    input: &TensorRef<'_>,
    weights: [Weights<'_>; 3],
    bias: [Option<&[f32]>; 3],
) -> Result<Vec<T>> {
    let output = spec.output_shape(input.shape())?;
    let expanded = match &spec.expand {
        Some(expand) => pointwise::<T>(expand, input, weights[0], bias[0])?,
        None => elements(input, spec.layout())?,
    };
    let shape = spec.expanded_shape(input.shape())?;
    let middle = depthwise_of(&spec.depthwise, shape, of_vec(&expanded, shape, spec.layout()), weights[1], bias[1])?;
    let shape = spec.depthwise.output_shape(shape)?;
    let mut result = pointwise_of(&spec.project, shape, of_vec(&middle, shape, spec.layout()), weights[2], bias[2])?;
    if spec.residual {
        debug_assert_eq!(output, input.shape());
        let added = elements::<T>(input, spec.layout())?;
        for (sum, x) in result.iter_mut().zip(added) {
            *sum = sum.add(x);
        }
    }
    Ok(result)
}

/// The elements of a tensor without gaps.
fn elements<T: Number>(tensor: &TensorRef<'_>, layout: Layout) -> Result<Vec<T>> {
    let (shape, mut result) = (tensor.shape(), vec![T::from(0.0); tensor.shape().len()?]);
    let to = Strides::contiguous(shape, layout);
    for n in 0..shape.n {
        for c in 0..shape.c {
            for y in 0..shape.h {
                for x in 0..shape.w {
                    result[n * to.n + c * to.c + y * to.h + x * to.w] = T::from(tensor.at(n, c, y, x));
                }
            }
        }
    }
    Ok(result)
}

/// Looks up elements of a map without gaps.
fn of_vec<T: Number>(map: &[T], shape: Shape, layout: Layout) -> impl Fn(usize, usize, usize, usize) -> T + '_ {
    let at = Strides::contiguous(shape, layout);
    move |n, c, y, x| map[n * at.n + c * at.c + y * at.h + x * at.w]
}

/// Naive dense convolution of `input`; `bias` per output channel.
pub fn conv2d<T: Number>(
    spec: &Conv2dSpec,
    input: &TensorRef<'_>,
    weights: Weights<'_>,
    bias: Option<&[f32]>,
) -> Result<Vec<T>> {
    let output = spec.output_shape(input.shape())?;
    weights.check("the weights", spec.weights_len()?)?;
    check_bias("the bias", bias, output.c)?;
    let [kh, kw] = spec.window.kernel;
    let place = Taps::new(&spec.window, input.shape())?;
    let mut result = vec![T::from(0.0); output.len()?];
    let to = Strides::contiguous(output, spec.layout);
    for n in 0..output.n {
        for o in 0..output.c {
            for oy in 0..output.h {
                for ox in 0..output.w {
                    let mut sum = T::from(bias.map_or(0.0, |bias| bias[o]));
                    for ky in 0..kh {
                        let Some(y) = place.row(oy, ky) else { continue };
                        for kx in 0..kw {
                            let Some(x) = place.column(ox, kx) else { continue };
                            for c in 0..spec.in_channels {
                                let w = weights.dense_at([spec.in_channels, spec.out_channels, kh, kw], o, c, ky, kx);
                                sum = sum.add_product(T::from(input.at(n, c, y, x)), w);
                            }
                        }
                    }
                    result[n * to.n + o * to.c + oy * to.h + ox * to.w] = sum.activate(spec.activation);
                }
            }
        }
    }
    Ok(result)
}

fn pointwise_of<T: Number>(
    spec: &PointwiseSpec,
    input: Shape,
    element: impl Fn(usize, usize, usize, usize) -> T,
    weights: Weights<'_>,
    bias: Option<&[f32]>,
) -> Result<Vec<T>> {
    let output = spec.output_shape(input)?;
    weights.check("the pointwise weights", spec.weights_len()?)?;
    check_bias("the pointwise bias", bias, output.c)?;
    let mut result = vec![T::from(0.0); output.len()?];
    let to = Strides::contiguous(output, spec.layout);
    for n in 0..output.n {
        for o in 0..output.c {
            for oy in 0..output.h {
                for ox in 0..output.w {
                    let mut sum = T::from(bias.map_or(0.0, |bias| bias[o]));
                    for c in 0..spec.in_channels {
                        let w = weights.dense_at([spec.in_channels, spec.out_channels, 1, 1], o, c, 0, 0);
                        sum = sum.add_product(element(n, c, oy * spec.stride[0], ox * spec.stride[1]), w);
                    }
                    result[n * to.n + o * to.c + oy * to.h + ox * to.w] = sum.activate(spec.activation);
                }
            }
        }
    }
    Ok(result)
}

fn check_bias(what: &'static str, bias: Option<&[f32]>, expected: usize) -> Result<()> {
    match bias {
        Some(bias) if bias.len() != expected => Err(Error::LengthMismatch { what, expected, actual: bias.len() }),
        _ => Ok(()),
    }
}

/// Where each tap of each output falls in the map.
struct Taps {
    window: Window,
    before: [usize; 2],
    size: [usize; 2],
}

impl Taps {
    fn new(window: &Window, input: Shape) -> Result<Self> {
        let size = [input.h, input.w];
        Ok(Self { window: *window, before: window.place(size)?.before, size })
    }

    /// Input row of tap row `ky` of output row `oy`, or `None` in the padding.
    #[inline]
    fn row(&self, oy: usize, ky: usize) -> Option<usize> {
        self.position(0, oy, ky)
    }

    /// Input column of tap column `kx` of output column `ox`, or `None` in the padding.
    #[inline]
    fn column(&self, ox: usize, kx: usize) -> Option<usize> {
        self.position(1, ox, kx)
    }

    #[inline]
    fn position(&self, axis: usize, o: usize, k: usize) -> Option<usize> {
        let padded = o * self.window.stride[axis] + k * self.window.dilation[axis];
        padded.checked_sub(self.before[axis]).filter(|&at| at < self.size[axis])
    }
}
