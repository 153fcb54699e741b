//! What all operators have in common: shapes, workspace, run.

use super::executor::Executor;
use crate::buffer::Workspace;
use crate::error::Result;
use crate::isa::Isa;
use crate::layout::{Layout, Shape};
use crate::tensor::{TensorMut, TensorRef};

/// A prepared operation: weights packed for one instruction set and layout, immutable, good for any map size and batch.
///
/// Share it between threads freely; give each run that goes on at the same time a [`Workspace`] of its own.
pub trait Operator: Send + Sync {
    /// Shape of the output for an input of this shape.
    fn output_shape(&self, input: Shape) -> Result<Shape>;

    /// Elements of workspace that a run on an executor of `threads` threads needs.
    fn workspace_len(&self, input: Shape, threads: usize) -> Result<usize>;

    /// Computes the output. Allocates nothing; every element of the output is written, whatever it held.
    fn run(
        &self,
        input: &TensorRef<'_>,
        output: &mut TensorMut<'_>,
        workspace: &mut Workspace,
        executor: &dyn Executor,
    ) -> Result<()>;

    /// Layout of input and output.
    fn layout(&self) -> Layout;

    /// The instruction set that the weights were packed for and that the kernels use.
    fn isa(&self) -> Isa;

    /// Names of the kernels that do the work on large maps, joined by `" + "` where an operator has two stages.
    fn kernel_name(&self) -> &str;

    /// Runs into a new vector without gaps, with a workspace made for it.
    fn run_to_vec(&self, input: &TensorRef<'_>, executor: &dyn Executor) -> Result<Vec<f32>> {
        let shape = self.output_shape(input.shape())?;
        let mut output = vec![0.0; shape.len()?];
        let mut workspace = Workspace::new(self.workspace_len(input.shape(), executor.threads())?);
        let mut view = TensorMut::new(&mut output, shape, self.layout())?;
        self.run(input, &mut view, &mut workspace, executor)?;
        Ok(output)
    }
}
