//! The weights and the bias of one convolution: a group has up to three of them.

use super::numbers::{Numbers, floats};
use super::oracle::After;
use sepconv::Activation;

/// Weights and bias of one part, as whole numbers and as the library takes them.
pub struct Part {
    /// As many as the largest case needs.
    pub weights: Vec<i32>,
    /// Zeros if there is none.
    pub bias: Vec<i32>,
    has_bias: bool,
    /// What follows its sums.
    pub after: After,
}

impl Part {
    /// Weights in ±`largest`; a bias in ±8 or none.
    pub fn new(numbers: &mut Numbers, weights: usize, outputs: usize, largest: i32, [bias, curve]: [bool; 2]) -> Self {
        let weights = numbers.take(weights, largest);
        let values = if bias { numbers.take(outputs, 8) } else { vec![0; outputs] };
        let after = if curve { After::Absolute } else { After::Identity };
        Self { weights, bias: values, has_bias: bias, after }
    }

    /// What follows its sums, as the library calls it.
    pub fn activation(&self) -> Activation {
        match self.after {
            After::Identity => Activation::Identity,
            After::Absolute => Activation::LeakyRelu { slope: -1.0 },
        }
    }

    /// The first weights and the bias of the first outputs.
    pub fn floats(&self, weights: usize, outputs: usize) -> (Vec<f32>, Option<Vec<f32>>) {
        (floats(&self.weights[..weights]), self.has_bias.then(|| floats(&self.bias[..outputs])))
    }
}
