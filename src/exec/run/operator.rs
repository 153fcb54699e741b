//! What all operators have in common: shapes, workspace, run.

use super::checks::workspace_overflow;
use super::executor::Executor;
use super::map::{Source, Target, open};
use crate::buffer::Workspace;
use crate::error::Result;
use crate::isa::Isa;
use crate::kernel_info::KernelInfo;
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

    /// The kernels that make most outputs of a run on this shape, without gaps in memory, on an executor of `threads` threads: those of each
    /// stage in turn. What their tiles leave over is made by shorter tiles of the same families.
    fn kernels(&self, input: Shape, threads: usize) -> Result<Vec<KernelInfo>>;

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

/// What an operator holds: its stages, and how they make a run.
pub(crate) trait Prepared {
    /// How a run on one shape goes.
    type Schedule: Schedule;

    fn layout(&self) -> Layout;

    fn isa(&self) -> Isa;

    /// See [`Operator::kernel_name`].
    fn kernel_name(&self) -> &str;

    /// See [`Operator::kernels`].
    fn kernels(&self, input: Shape, threads: usize) -> Result<Vec<KernelInfo>>;

    /// How a run on this shape goes with so many threads.
    fn schedule(&self, input: Shape, threads: usize) -> Result<Self::Schedule>;

    /// Computes `target`; `workspace` is as long as the schedule says.
    fn run(
        &self,
        schedule: &Self::Schedule,
        source: Source,
        target: Target,
        workspace: &mut [f32],
        executor: &dyn Executor,
    ) -> Result<()>;
}

/// What every schedule says.
pub(crate) trait Schedule {
    /// Shape of the output.
    fn output(&self) -> Shape;

    /// Elements of workspace in all, unless that overflows.
    fn workspace(&self) -> Option<usize>;
}

/// [`Operator::workspace_len`] of what an operator holds.
pub(crate) fn workspace_len(prepared: &impl Prepared, input: Shape, threads: usize) -> Result<usize> {
    prepared.schedule(input, threads)?.workspace().ok_or_else(|| workspace_overflow(input))
}

/// [`Operator::run`] of what an operator holds.
pub(crate) fn run(
    prepared: &impl Prepared,
    input: &TensorRef<'_>,
    output: &mut TensorMut<'_>,
    workspace: &mut Workspace,
    executor: &dyn Executor,
) -> Result<()> {
    let shape = input.shape();
    let schedule = prepared.schedule(shape, executor.threads())?;
    let (source, target) = open(prepared.layout(), schedule.output(), input, output)?;
    let scratch = workspace.get(schedule.workspace().ok_or_else(|| workspace_overflow(shape))?)?;
    prepared.run(&schedule, source, target, scratch, executor)
}

/// Implements [`Operator`] for a type by what it holds in a field, which is [`Prepared`]; the type's `spec()` says the output's shape.
macro_rules! impl_operator {
    ($operator:ident, $field:ident) => {
        impl $crate::exec::run::operator::Operator for $operator {
            fn output_shape(&self, input: $crate::layout::Shape) -> $crate::error::Result<$crate::layout::Shape> {
                self.spec().output_shape(input)
            }

            fn workspace_len(&self, input: $crate::layout::Shape, threads: usize) -> $crate::error::Result<usize> {
                $crate::exec::run::operator::workspace_len(&*self.$field, input, threads)
            }

            fn run(
                &self,
                input: &$crate::tensor::TensorRef<'_>,
                output: &mut $crate::tensor::TensorMut<'_>,
                workspace: &mut $crate::buffer::Workspace,
                executor: &dyn $crate::exec::run::executor::Executor,
            ) -> $crate::error::Result<()> {
                $crate::exec::run::operator::run(&*self.$field, input, output, workspace, executor)
            }

            fn layout(&self) -> $crate::layout::Layout {
                $crate::exec::run::operator::Prepared::layout(&*self.$field)
            }

            fn isa(&self) -> $crate::isa::Isa {
                $crate::exec::run::operator::Prepared::isa(&*self.$field)
            }

            fn kernel_name(&self) -> &str {
                $crate::exec::run::operator::Prepared::kernel_name(&*self.$field)
            }

            fn kernels(
                &self,
                input: $crate::layout::Shape,
                threads: usize,
            ) -> $crate::error::Result<Vec<$crate::kernel_info::KernelInfo>> {
                $crate::exec::run::operator::Prepared::kernels(&*self.$field, input, threads)
            }
        }
    };
}
pub(crate) use impl_operator;
