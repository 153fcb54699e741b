//! Weights as users hold them, in the orders of the frameworks.

use crate::error::{Error, Result};
use crate::spec::DepthwiseSpec;

/// A slice of weights and the order in which its elements stand.
///
/// | order | depthwise | pointwise, dense |
/// |---|---|---|
/// | [`Weights::torch`] (ONNX too) | `[C·M, 1, kh, kw]` | `[Cout, Cin, kh, kw]` |
/// | [`Weights::tensorflow`] (Keras too) | `[kh, kw, C, M]` | `[kh, kw, Cin, Cout]` |
///
/// In both, depthwise output channel `c·M + q` is input channel `c` with its kernel `q`.
#[derive(Debug, Clone, Copy)]
pub struct Weights<'a> {
    data: &'a [f32],
    order: Order,
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Torch,
    TensorFlow,
}

impl<'a> Weights<'a> {
    /// Weights in the order of PyTorch and ONNX: `[Cout, Cin / groups, kh, kw]`.
    pub const fn torch(data: &'a [f32]) -> Self {
        Self { data, order: Order::Torch }
    }

    /// Weights in the order of TensorFlow and Keras: `[kh, kw, C, M]` depthwise, `[kh, kw, Cin, Cout]` otherwise.
    pub const fn tensorflow(data: &'a [f32]) -> Self {
        Self { data, order: Order::TensorFlow }
    }

    pub(crate) fn check(&self, what: &'static str, expected: usize) -> Result<()> {
        let actual = self.data.len();
        if actual == expected { Ok(()) } else { Err(Error::LengthMismatch { what, expected, actual }) }
    }

    pub(crate) fn all_finite(&self) -> bool {
        // In pieces without an early end, which the compiler turns into vectors.
        self.data.chunks(256).all(|piece| piece.iter().fold(true, |finite, w| finite & w.is_finite()))
    }

    /// Depthwise weight of input channel `c`, multiplier index `q`, tap `(ky, kx)`.
    #[inline]
    pub(crate) fn depthwise_at(&self, spec: &DepthwiseSpec, c: usize, q: usize, ky: usize, kx: usize) -> f32 {
        let [kh, kw] = spec.window.kernel;
        self.data[match self.order {
            Order::Torch => ((c * spec.multiplier + q) * kh + ky) * kw + kx,
            Order::TensorFlow => ((ky * kw + kx) * spec.channels + c) * spec.multiplier + q,
        }]
    }

    /// All weights, and how far apart neighbouring output channels, input channels and taps are; `sizes = [Cin, Cout, kh, kw]`.
    pub(crate) const fn dense_steps(&self, [cin, cout, kh, kw]: [usize; 4]) -> (&[f32], [usize; 3]) {
        match self.order {
            Order::Torch => (self.data, [cin * kh * kw, kh * kw, 1]),
            Order::TensorFlow => (self.data, [1, cout, cin * cout]),
        }
    }

    /// Dense weight from input channel `c` to output channel `o`, tap `(ky, kx)`; `sizes = [Cin, Cout, kh, kw]`.
    #[inline]
    pub(crate) fn dense_at(&self, sizes: [usize; 4], o: usize, c: usize, ky: usize, kx: usize) -> f32 {
        let [cin, cout, kh, kw] = sizes;
        self.data[match self.order {
            Order::Torch => ((o * cin + c) * kh + ky) * kw + kx,
            Order::TensorFlow => ((ky * kw + kx) * cin + c) * cout + o,
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_lead_to_every_dense_weight() {
        let sizes @ [cin, cout, kh, kw] = [3, 4, 2, 5];
        let numbers = Vec::from_iter((0..cin * cout * kh * kw).map(|i| i as f32));
        for weights in [Weights::torch(&numbers), Weights::tensorflow(&numbers)] {
            let (all, [output_step, input_step, tap_step]) = weights.dense_steps(sizes);
            for (o, c, tap) in (0..cout * cin * kh * kw).map(|i| (i % cout, i / cout % cin, i / cout / cin)) {
                let at = o * output_step + c * input_step + tap * tap_step;
                assert_eq!(all[at], weights.dense_at(sizes, o, c, tap / kw, tap % kw), "{o} {c} {tap}");
            }
        }
    }

    #[test]
    fn a_weight_that_is_not_finite_is_seen_wherever_it_stands() {
        for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for at in [0, 255, 256, 511, 599] {
                let mut numbers = [1.0; 600];
                assert!(Weights::torch(&numbers).all_finite());
                numbers[at] = odd;
                assert!(!Weights::torch(&numbers).all_finite(), "{odd} at {at}");
            }
        }
        assert!(Weights::torch(&[f32::MAX, f32::MIN_POSITIVE / 2.0, -0.0]).all_finite());
    }
}
