//! What the tests of this suite share: cases with their data, guarded memory, executors, and the comparison with the reference.

pub mod case;
pub mod data;
pub mod executors;
pub mod memory;
#[cfg(target_os = "linux")]
pub mod pages;
pub mod problem;
pub mod spec;
pub mod subject;

pub use case::Case;
pub use data::Data;
pub use memory::{InputMemory, OutputMemory, View};
pub use problem::Problem;
pub use spec::{Spec, input_for};
pub use subject::{Subject, subjects};

use sepconv::Activation;

/// Every activation, the clamping ones first.
pub const ACTIVATIONS: [Activation; 7] = [
    Activation::Identity,
    Activation::Relu,
    Activation::Relu6,
    Activation::Clamp { lo: -3.0, hi: 17.0 },
    Activation::LeakyRelu { slope: 0.125 },
    Activation::HardSwish,
    Activation::Silu,
];

/// Sizes on both sides of every tile: 1..=17 and 27..=33.
pub fn sizes_around_tiles() -> impl Iterator<Item = usize> {
    (1..=17).chain(27..=33)
}

/// Channels on both sides of one to four vectors of every instruction set.
pub fn channels_around_vectors() -> impl Iterator<Item = usize> {
    (1..=33).chain([47, 48, 49, 63, 64, 65])
}

/// `items[turn % items.len()]`: walks several lists of coprime lengths at once, so that few cases cover all pairs.
pub fn in_turn<T: Copy>(items: &[T], turn: usize) -> T {
    items[turn % items.len()]
}

/// Whether two results are the same bit for bit.
pub fn same_bits(left: &[f32], right: &[f32]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(a, b)| a.to_bits() == b.to_bits())
}
