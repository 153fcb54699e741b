//! Inputs, weights and biases for problems: random, reproducible from a seed, in buffers that start on a cache line.

use super::work::Work;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sepconv::{Result, Shape, Weights};

/// A vector of floats whose first element is aligned to 64 bytes, as frameworks allocate their tensors.
#[derive(Debug)]
pub struct AlignedVec {
    memory: Vec<f32>,
    start: usize,
    len: usize,
}

/// Floats in a cache line of 64 bytes.
const LINE: usize = 16;

impl AlignedVec {
    /// `len` elements, all `value`, every page touched.
    pub fn filled(len: usize, value: f32) -> Self {
        let mut memory = vec![0.0; len + LINE];
        // `align_offset` may decline to answer; an unaligned start is slower but not wrong.
        let start = Some(memory.as_ptr().align_offset(64)).filter(|&start| start <= LINE).unwrap_or(0);
        memory.fill(value);
        Self { memory, start, len }
    }

    /// The elements.
    pub fn as_slice(&self) -> &[f32] {
        &self.memory[self.start..self.start + self.len]
    }

    /// The elements, to be written.
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut self.memory[self.start..self.start + self.len]
    }
}

/// A random generator that depends on a seed and on a label, so that different uses of one seed do not see the same numbers.
pub fn seeded(seed: u64, label: &str) -> StdRng {
    // FNV-1a: small, fixed for ever, and good enough to keep labels apart.
    let hash = label
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    StdRng::seed_from_u64(seed ^ hash.rotate_left(17))
}

/// Values in [−1, 1) for an input of this shape.
pub fn random_input(shape: Shape, rng: &mut StdRng) -> Result<AlignedVec> {
    let mut data = AlignedVec::filled(shape.len()?, 0.0);
    data.as_mut_slice().fill_with(|| rng.random_range(-1.0..1.0));
    Ok(data)
}

/// In which framework's order weights stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightOrder {
    /// `[Cout, Cin / groups, kh, kw]`.
    Torch,
    /// `[kh, kw, C, M]` depthwise, `[kh, kw, Cin, Cout]` otherwise.
    TensorFlow,
}

/// Weights and biases of all stages of a piece of work.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// Weights per stage.
    pub weights: Vec<Vec<f32>>,
    /// Bias per stage.
    pub biases: Vec<Option<Vec<f32>>>,
    /// Order of the weights.
    pub order: WeightOrder,
}

impl Parameters {
    /// Random weights scaled so that sums stay around 1, and small random biases, in torch order.
    pub fn random(work: &Work, rng: &mut StdRng) -> Result<Self> {
        let mut parameters = Self { weights: vec![], biases: vec![], order: WeightOrder::Torch };
        for stage in work.stages()? {
            // Products of two uniform numbers from [−1, 1) have variance 1/9.
            let scale = 3.0 / (stage.fan_in as f32).sqrt();
            parameters.weights.push((0..stage.weights).map(|_| scale * rng.random_range(-1.0f32..1.0)).collect());
            parameters.biases.push(Some((0..stage.bias).map(|_| rng.random_range(-0.5f32..0.5)).collect()));
        }
        Ok(parameters)
    }

    /// The weights of a stage as the library takes them.
    pub fn stage_weights(&self, stage: usize) -> Weights<'_> {
        match self.order {
            WeightOrder::Torch => Weights::torch(&self.weights[stage]),
            WeightOrder::TensorFlow => Weights::tensorflow(&self.weights[stage]),
        }
    }

    /// The bias of a stage, if it has one.
    pub fn stage_bias(&self, stage: usize) -> Option<&[f32]> {
        self.biases[stage].as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_start_on_a_cache_line() {
        for len in [1, 15, 16, 1000] {
            let data = AlignedVec::filled(len, 2.0);
            assert_eq!(data.as_slice().as_ptr() as usize % 64, 0);
            assert_eq!(data.as_slice(), vec![2.0; len]);
        }
    }

    #[test]
    fn labels_and_seeds_keep_generators_apart() {
        let first = |seed, label| seeded(seed, label).random::<u64>();
        assert_eq!(first(1, "a"), first(1, "a"));
        assert_ne!(first(1, "a"), first(1, "b"));
        assert_ne!(first(1, "a"), first(2, "a"));
    }
}
