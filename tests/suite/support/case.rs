//! One thing to compute: an operation with all its parameters on a map of a given size.

use super::{Data, Problem, Spec};
use sepconv::{Isa, Layout, Shape};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Everything that a result depends on, except the instruction set, the threads and the views: those must not matter.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub spec: Spec,
    pub input: Shape,
    /// Whether each stage has a bias; the second counts only for a separable convolution.
    pub bias: [bool; 2],
    /// Whether the weights stand in TensorFlow's order, otherwise in PyTorch's.
    pub tensorflow: bool,
}

impl Case {
    /// One map of `size = [h, w]`, with biases.
    pub fn new(spec: impl Into<Spec>, size: [usize; 2]) -> Self {
        let spec = spec.into();
        let input = Shape::new(1, spec.in_channels(), size[0], size[1]);
        Self { spec, input, bias: [true; 2], tensorflow: false }
    }

    pub fn batch(mut self, batch: usize) -> Self {
        self.input.n = batch;
        self
    }

    pub fn bias(mut self, bias: [bool; 2]) -> Self {
        self.bias = bias;
        self
    }

    pub fn tensorflow(mut self, tensorflow: bool) -> Self {
        self.tensorflow = tensorflow;
        self
    }

    pub fn with_layout(mut self, layout: Layout) -> Self {
        self.spec = self.spec.with_layout(layout);
        self
    }

    /// Seed of the case's numbers: depends on all of its parameters, so that neighbours differ.
    pub fn seed(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        format!("{self:?}").hash(&mut hasher);
        hasher.finish()
    }

    /// Both kinds of data on every available instruction set, against the reference.
    pub fn check(&self) {
        for data in Data::ALL {
            let problem = Problem::new(self, data);
            let expected = problem.expected();
            for &isa in Isa::available() {
                problem.check_on(&expected, isa);
            }
        }
    }

    /// [`Case::check`] in both layouts.
    pub fn check_both_layouts(&self) {
        for layout in Layout::ALL {
            self.with_layout(layout).check();
        }
    }
}
