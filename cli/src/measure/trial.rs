//! One operator on one input, with all that a run takes: threads, scratch and an output.

use super::timing::{Timing, measure};
use crate::problem::{AlignedVec, Crew};
use sepconv::{Operator, Result, Shape, TensorMut, TensorRef, Workspace};
use std::time::Duration;

/// Runs into memory of its own.
pub struct Trial<'a> {
    operator: &'a dyn Operator,
    input: TensorRef<'a>,
    crew: &'a Crew,
    shape: Shape,
    output: AlignedVec,
    workspace: Workspace,
}

impl<'a> Trial<'a> {
    /// Takes the memory that runs need.
    pub fn new(operator: &'a dyn Operator, input: TensorRef<'a>, crew: &'a Crew) -> Result<Self> {
        let shape = operator.output_shape(input.shape())?;
        // NaN, so that an output that is never written is found out.
        let output = AlignedVec::filled(shape.len()?, f32::NAN);
        let workspace = Workspace::new(operator.workspace_len(input.shape(), crew.threads())?);
        Ok(Self { operator, input, crew, shape, output, workspace })
    }

    /// Runs once.
    pub fn run(&mut self) -> Result<()> {
        let mut output = TensorMut::new(self.output.as_mut_slice(), self.shape, self.operator.layout())?;
        self.operator.run(&self.input, &mut output, &mut self.workspace, self.crew.executor())
    }

    /// Runs again and again for this time.
    pub fn time(&mut self, budget: Duration) -> Result<Timing> {
        let mut output = TensorMut::new(self.output.as_mut_slice(), self.shape, self.operator.layout())?;
        let (operator, input, workspace) = (self.operator, &self.input, &mut self.workspace);
        let executor = self.crew.executor();
        self.crew.install(|| measure(budget, || operator.run(input, &mut output, workspace, executor)))
    }

    /// What the last run gave.
    pub fn output(&self) -> &[f32] {
        self.output.as_slice()
    }
}
