//! Stages of operators on one map: checked stage by stage, then timed, naive and fast.

use super::map::Map;
use crate::machine::logical_cores;
use crate::measure::{Timing, measure, measure_slow};
use crate::problem::{AlignedVec, Crew, Oracle, Parameters, Work, build, reference};
use sepconv::{Executor, Isa, Operator, Result, Shape, TensorMut, TensorRef, Workspace};
use std::hint::black_box;
use std::time::Duration;

/// One operator's work and weights.
pub struct Stage {
    /// Operation and parameters.
    pub work: Work,
    /// Weights and biases.
    pub parameters: Parameters,
}

/// Operators for maps of one shape.
pub struct Pipeline<'a> {
    stages: &'a [Stage],
    operators: Vec<Box<dyn Operator>>,
    /// Shape of the input and of every stage's output.
    shapes: Vec<Shape>,
}

/// What came out, how long it took, and how right it is.
pub struct Measured {
    /// Output of the last stage of the fast path.
    pub result: Map,
    /// Kernels of each stage.
    pub kernels: Vec<String>,
    /// Scalar reference, all stages.
    pub naive: Timing,
    /// Library operators, all stages.
    pub fast: Timing,
    /// Largest error of any stage's output over its bound, given that stage's input.
    pub err_over_bound: f64,
    /// Largest difference of the last outputs of both ways.
    pub difference: f32,
}

impl<'a> Pipeline<'a> {
    /// Packs the weights of all stages.
    pub fn new(stages: &'a [Stage], input: Shape, isa: Isa) -> Result<Self> {
        let (mut operators, mut shapes) = (vec![], vec![input]);
        let mut shape = input;
        for stage in stages {
            let operator = build(&stage.work, &stage.parameters, isa)?;
            shape = operator.output_shape(shape)?;
            shapes.push(shape);
            operators.push(operator);
        }
        Ok(Self { stages, operators, shapes })
    }

    /// Runs, checks and times both ways. `budget` is the time for each measurement.
    pub fn measure(&self, input: &Map, threads: usize, budget: Duration) -> Result<Measured> {
        let crew = Crew::new(threads)?;
        let mut buffers = vec![];
        for shape in &self.shapes {
            buffers.push(AlignedVec::filled(shape.len()?, f32::NAN));
        }
        buffers[0].as_mut_slice().copy_from_slice(&input.data);
        let mut workspace = Workspace::new(0);
        for (operator, &shape) in self.operators.iter().zip(&self.shapes) {
            workspace.reserve(operator.workspace_len(shape, threads)?);
        }
        self.run_fast(&mut buffers, &mut workspace, crew.executor())?;
        let err_over_bound = self.worst_error(&buffers)?;
        let naive_result = self.run_naive(input)?;
        let result = buffers.last().map_or(&[][..], AlignedVec::as_slice).to_vec();
        let difference = result.iter().zip(&naive_result).fold(0.0f32, |most, (a, b)| most.max((a - b).abs()));

        let naive = measure_slow(budget, || self.run_naive(input).map(|result| drop(black_box(result))))?;
        let executor = crew.executor();
        let fast = crew.install(|| measure(budget, || self.run_fast(&mut buffers, &mut workspace, executor)))?;
        let shape = self.shapes.last().copied().unwrap_or(input.shape);
        let kernels = self.operators.iter().map(|operator| operator.kernel_name().to_owned()).collect();
        Ok(Measured { result: Map { data: result, shape }, kernels, naive, fast, err_over_bound, difference })
    }

    /// Every stage from one buffer into the next.
    fn run_fast(&self, buffers: &mut [AlignedVec], workspace: &mut Workspace, executor: &dyn Executor) -> Result<()> {
        for (i, operator) in self.operators.iter().enumerate() {
            let (before, after) = buffers.split_at_mut(i + 1);
            let input = TensorRef::new(before[i].as_slice(), self.shapes[i], operator.layout())?;
            let mut output = TensorMut::new(after[0].as_mut_slice(), self.shapes[i + 1], operator.layout())?;
            operator.run(&input, &mut output, workspace, executor)?;
        }
        Ok(())
    }

    fn run_naive(&self, input: &Map) -> Result<Vec<f32>> {
        let mut data = input.data.clone();
        for (stage, &shape) in self.stages.iter().zip(&self.shapes) {
            let view = TensorRef::new(&data, shape, stage.work.layout())?;
            data = reference(&stage.work, &stage.parameters, &view)?;
        }
        Ok(data)
    }

    fn worst_error(&self, buffers: &[AlignedVec]) -> Result<f64> {
        let mut worst = 0.0f64;
        for (i, stage) in self.stages.iter().enumerate() {
            let input = buffers[i].as_slice();
            let oracle = Oracle::compute(&stage.work, &stage.parameters, input, self.shapes[i], logical_cores())?;
            worst = worst.max(oracle.worst(buffers[i + 1].as_slice())?);
        }
        Ok(worst)
    }
}
