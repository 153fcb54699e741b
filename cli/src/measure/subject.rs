//! A piece of work with random data: what operators are made for, run on and compared with.

use super::timing::{Timing, measure_slow};
use crate::machine::{ensure_memory, logical_cores};
use crate::problem::{AlignedVec, Oracle, Parameters, Work, build, memory_needed, random_input, reference, seeded};
use sepconv::{Isa, Operator, Result, Shape, TensorRef};
use std::hint::black_box;
use std::time::Duration;

/// Work with weights, biases and an input.
pub struct Subject {
    work: Work,
    shape: Shape,
    parameters: Parameters,
    input: AlignedVec,
}

/// An error if measuring and checking this work takes more memory than there is; `what` is its name.
pub fn ensure_room(work: &Work, input: Shape, what: &str) -> anyhow::Result<()> {
    ensure_memory(memory_needed(work, input, logical_cores())?, what)
}

impl Subject {
    /// The same data for the same seed and label, in every layout that the work may have.
    pub fn new(work: Work, shape: Shape, seed: u64, label: &str) -> Result<Self> {
        let mut rng = seeded(seed, label);
        let parameters = Parameters::random(&work, &mut rng)?;
        let input = random_input(shape, &mut rng)?;
        Ok(Self { work, shape, parameters, input })
    }

    /// The input as the library takes it.
    pub fn input(&self) -> Result<TensorRef<'_>> {
        TensorRef::new(self.input.as_slice(), self.shape, self.work.layout())
    }

    /// What every output must be, computed on all cores.
    pub fn oracle(&self) -> Result<Oracle> {
        Oracle::compute(&self.work, &self.parameters, self.input.as_slice(), self.shape, logical_cores())
    }

    /// Times the scalar reference.
    pub fn time_naive(&self, budget: Duration) -> Result<Timing> {
        let input = self.input()?;
        measure_slow(budget, || {
            black_box(reference::<f32>(&self.work, &self.parameters, &input)?);
            Ok(())
        })
    }

    /// The library's operator for one instruction set.
    pub fn operator(&self, isa: Isa) -> Result<Box<dyn Operator>> {
        build(&self.work, &self.parameters, isa)
    }
}
