//! Numbers for inputs, weights and biases: the same for the same seed.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Which numbers a case computes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// Integers in ±8: as long as sums stay below 2²⁴ every order of summation gives the same bits.
    Integers,
    /// Reals in ±1.
    Reals,
}

impl Data {
    pub const ALL: [Self; 2] = [Self::Integers, Self::Reals];
}

/// A source of numbers.
pub struct Source {
    random: StdRng,
    data: Data,
}

impl Source {
    pub fn new(seed: u64, data: Data) -> Self {
        Self { random: StdRng::seed_from_u64(seed), data }
    }

    pub fn take(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| self.number()).collect()
    }

    fn number(&mut self) -> f32 {
        match self.data {
            Data::Integers => self.random.random_range(-8i8..=8).into(),
            Data::Reals => self.random.random_range(-1.0f32..1.0),
        }
    }

    /// A position below `len`.
    pub fn position(&mut self, len: usize) -> usize {
        self.random.random_range(0..len)
    }
}
