//! Operators of all five kinds with an input each, for tests that ask the same of every operator.

use super::{Case, Data, Problem};
use crate::inverted::{Block, blocks};
use sepconv::{
    Activation, Conv2dSpec, DepthwiseSpec, Executor, Fusion, Isa, Layout, Operator, Padding, PointwiseSpec,
    SeparableSpec, Serial, Shape, TensorMut, TensorRef, Workspace,
};

/// An operator and what it is given.
pub struct Subject {
    pub operator: Box<dyn Operator>,
    pub shape: Shape,
    pub input: Vec<f32>,
    pub output: Shape,
    /// What it is, for messages.
    pub name: String,
}

impl Subject {
    pub fn of_case(case: &Case, isa: Isa) -> Self {
        let problem = Problem::new(case, Data::Reals);
        let operator = problem.operator(isa);
        let name = format!("{} {case:?}", operator.kernel_name());
        Self { operator, shape: case.input, input: problem.input, output: problem.output_shape, name }
    }

    pub fn of_block(block: Block, isa: Isa, fusion: Fusion) -> Self {
        let operator = block.operator(isa, fusion);
        let name = format!("{isa} {fusion:?} {:?} on {}", block.spec, block.shape);
        let output = operator.output_shape(block.shape).expect("the block is valid");
        Self { operator: Box::new(operator), shape: block.shape, input: block.input, output, name }
    }

    pub fn layout(&self) -> Layout {
        self.operator.layout()
    }

    pub fn workspace(&self, threads: usize) -> Workspace {
        Workspace::new(self.operator.workspace_len(self.shape, threads).expect("the subject is valid"))
    }

    /// A plain run on one thread.
    pub fn plain(&self) -> Vec<f32> {
        self.run(&mut self.workspace(1), &Serial)
    }

    pub fn run(&self, workspace: &mut Workspace, executor: &dyn Executor) -> Vec<f32> {
        let mut output = vec![f32::NAN; self.output.len().expect("the subject is valid")];
        let input = TensorRef::new(&self.input, self.shape, self.layout()).expect("right length");
        let mut view = TensorMut::new(&mut output, self.output, self.layout()).expect("right length");
        self.operator
            .run(&input, &mut view, workspace, executor)
            .unwrap_or_else(|error| panic!("{error}: {}", self.name));
        output
    }
}

/// Every operation in both layouts on every available instruction set, with enough rows to be shared by eight threads.
pub fn subjects() -> Vec<Subject> {
    let same = Padding::Same;
    let depthwise = |channels, kernel| DepthwiseSpec::new(channels, kernel).padding(same);
    let separable = |depthwise: DepthwiseSpec, outputs, fusion| {
        let channels = depthwise.channels * depthwise.multiplier;
        let depthwise = depthwise.activation(Activation::Relu6);
        SeparableSpec::new(depthwise, PointwiseSpec::new(channels, outputs)).fusion(fusion)
    };
    let cases = [
        Case::new(depthwise(19, [3, 3]), [41, 37]).batch(2),
        Case::new(depthwise(33, [5, 5]).stride([2, 2]), [39, 43]),
        Case::new(depthwise(9, [7, 7]).multiplier(2), [27, 29]),
        Case::new(PointwiseSpec::new(37, 45), [27, 29]).batch(3),
        Case::new(Conv2dSpec::new(17, 20, [3, 3]).padding(same), [23, 28]),
        Case::new(separable(depthwise(35, [3, 3]), 21, Fusion::Rows(3)), [43, 46]),
        Case::new(separable(depthwise(18, [5, 5]).stride([2, 2]), 40, Fusion::Off), [45, 53]).batch(2),
    ];
    let mut subjects = vec![];
    for &isa in Isa::available() {
        for layout in Layout::ALL {
            subjects.extend(cases.iter().map(|case| Subject::of_case(&case.with_layout(layout), isa)));
        }
        for (spec, shape) in blocks().into_iter().filter(|(_, shape)| (12..40).contains(&shape.h)) {
            for fusion in [Fusion::Rows(2), Fusion::Off] {
                subjects.push(Subject::of_block(Block::new(spec, shape, Data::Reals), isa, fusion));
            }
        }
    }
    subjects
}
