//! Operators and runs that are refused: each kind of error with its numbers, on every instruction set.

use crate::support::{Case, Data, Problem, View};
use sepconv::{
    Conv2d, Conv2dSpec, Depthwise, DepthwiseSpec, Error, Isa, Layout, Operator, Padding, Pointwise, PointwiseSpec,
    Separable, SeparableSpec, Serial, Shape, Strides, TensorMut, TensorRef, Weights, Workspace,
};

/// Expected and actual length of the slice that was refused.
fn lengths<T>(result: sepconv::Result<T>) -> (usize, usize) {
    match result {
        Err(Error::LengthMismatch { what, expected, actual }) => {
            assert!(!what.is_empty());
            (expected, actual)
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("wrong lengths were accepted"),
    }
}

/// A constructor of weights.
type MakeWeights = for<'a> fn(&'a [f32]) -> Weights<'a>;

#[test]
fn weights_of_another_length() {
    let data = [0.5; 200];
    let depthwise = DepthwiseSpec::new(5, [3, 2]).multiplier(2);
    let pointwise = PointwiseSpec::new(10, 7);
    let dense = Conv2dSpec::new(2, 3, [3, 3]);
    for wrong in [0, 1, 53, 59, 61, 69, 71, 100] {
        for make in [|data| Weights::torch(data), |data| Weights::tensorflow(data)] as [MakeWeights; 2] {
            let weights = make(&data[..wrong]);
            assert_eq!(lengths(Depthwise::new(&depthwise, weights, None)), (60, wrong));
            assert_eq!(lengths(Pointwise::new(&pointwise, weights, None)), (70, wrong));
            assert_eq!(lengths(Conv2d::new(&dense, weights, None)), (54, wrong));
            let block = SeparableSpec::new(depthwise, pointwise);
            let right = [make(&data[..60]), make(&data[..70])];
            assert_eq!(lengths(Separable::new(&block, [weights, right[1]], [None; 2])), (60, wrong));
            assert_eq!(lengths(Separable::new(&block, [right[0], weights], [None; 2])), (70, wrong));
        }
    }
}

#[test]
fn biases_of_another_length() {
    let data = [0.5; 200];
    let depthwise = DepthwiseSpec::new(5, [3, 2]).multiplier(2);
    let pointwise = PointwiseSpec::new(10, 7);
    let weights = |len| Weights::torch(&data[..len]);
    for wrong in [0, 1, 5, 6, 8, 9, 11] {
        let bias = Some(&data[..wrong]);
        assert_eq!(lengths(Depthwise::new(&depthwise, weights(60), bias)), (10, wrong));
        assert_eq!(lengths(Pointwise::new(&pointwise, weights(70), bias)), (7, wrong));
        assert_eq!(lengths(Conv2d::new(&Conv2dSpec::new(2, 3, [3, 3]), weights(54), bias)), (3, wrong));
        let block = SeparableSpec::new(depthwise, pointwise);
        let weights = [weights(60), weights(70)];
        assert_eq!(lengths(Separable::new(&block, weights, [bias, None])), (10, wrong));
        assert_eq!(lengths(Separable::new(&block, weights, [Some(&data[..10]), bias])), (7, wrong));
    }
}

#[test]
fn specs_are_checked_when_operators_are_made() {
    let weights = Weights::torch(&[]);
    let stride = Error::ZeroStride { axis: "height" };
    let depthwise = DepthwiseSpec::new(4, [3, 3]).stride([0, 1]);
    let pointwise = PointwiseSpec::new(4, 4);
    for &isa in Isa::available() {
        assert_eq!(Depthwise::with_isa(&depthwise, weights, None, isa).err(), Some(stride.clone()));
        assert_eq!(Pointwise::with_isa(&pointwise.stride([0, 1]), weights, None, isa).err(), Some(stride.clone()));
        let dense = Conv2dSpec::new(4, 4, [3, 3]).stride([0, 1]);
        assert_eq!(Conv2d::with_isa(&dense, weights, None, isa).err(), Some(stride.clone()));
        let block = SeparableSpec::new(depthwise, pointwise);
        assert_eq!(Separable::with_isa(&block, [weights; 2], [None; 2], isa).err(), Some(stride.clone()));
        let mixed = SeparableSpec::new(DepthwiseSpec::new(4, [3, 3]).layout(Layout::Chw), pointwise);
        let error = Error::LayoutMismatch { expected: Layout::Chw, actual: Layout::Hwc };
        assert_eq!(Separable::with_isa(&mixed, [weights; 2], [None; 2], isa).err(), Some(error));
    }
}

/// One problem of each operation in each layout.
fn problems() -> Vec<Problem> {
    let depthwise = DepthwiseSpec::new(6, [3, 3]).padding(Padding::Same);
    let cases = [
        Case::new(depthwise, [9, 11]).batch(2),
        Case::new(PointwiseSpec::new(6, 4), [9, 11]).batch(2),
        Case::new(Conv2dSpec::new(6, 4, [3, 3]).padding(Padding::Same), [9, 11]).batch(2),
        Case::new(SeparableSpec::new(depthwise, PointwiseSpec::new(6, 4)), [9, 11]).batch(2),
    ];
    let both = cases.iter().flat_map(|case| Layout::ALL.map(|layout| case.with_layout(layout)));
    both.map(|case| Problem::new(&case, Data::Reals)).collect()
}

fn for_every_operator(check: impl Fn(&Problem, &dyn Operator)) {
    for problem in problems() {
        for &isa in Isa::available() {
            check(&problem, &*problem.operator(isa));
        }
    }
}

/// Runs between tensors without gaps of any shapes, in enough workspace.
fn run_shapes(operator: &dyn Operator, input: Shape, output: Shape) -> sepconv::Result<()> {
    let data = vec![0.0; input.len()?];
    let mut result = vec![0.0; output.len()?];
    let input = TensorRef::new(&data, input, operator.layout())?;
    let mut output = TensorMut::new(&mut result, output, operator.layout())?;
    operator.run(&input, &mut output, &mut Workspace::new(1 << 16), &Serial)
}

#[test]
fn outputs_of_another_shape() {
    for_every_operator(|problem, operator| {
        let expected = problem.output_shape;
        let swapped = Shape { h: expected.w, w: expected.h, ..expected };
        let flat = Shape { h: 1, w: expected.h * expected.w, ..expected };
        let folded = Shape { n: 1, c: 2 * expected.c, ..expected };
        let larger = Shape { h: expected.h + 1, ..expected };
        let smaller = Shape { c: expected.c - 1, ..expected };
        for actual in [swapped, flat, folded, larger, smaller, Shape::new(1, 1, 1, 1)] {
            match run_shapes(operator, problem.case.input, actual) {
                Err(Error::ShapeMismatch { expected: e, actual: a, .. }) => assert_eq!((e, a), (expected, actual)),
                other => panic!("{other:?}"),
            }
        }
    });
}

#[test]
fn inputs_with_other_channels() {
    for_every_operator(|problem, operator| {
        for channels in [1, 5, 7, 12] {
            let input = Shape { c: channels, ..problem.case.input };
            let refused = |error| match error {
                Error::ChannelMismatch { expected, actual, .. } => assert_eq!((expected, actual), (6, channels)),
                other => panic!("{other:?}"),
            };
            refused(run_shapes(operator, input, problem.output_shape).unwrap_err());
            refused(operator.output_shape(input).unwrap_err());
            refused(operator.workspace_len(input, 1).unwrap_err());
            let data = vec![0.0; input.len().unwrap()];
            let tensor = TensorRef::new(&data, input, operator.layout()).unwrap();
            refused(operator.run_to_vec(&tensor, &Serial).unwrap_err());
        }
    });
}

#[test]
fn inputs_that_leave_no_output() {
    let spec = DepthwiseSpec::new(2, [3, 5]);
    let operator = Depthwise::new(&spec, Weights::torch(&[1.0; 30]), None).unwrap();
    let error = Error::EmptyOutput { axis: "width", input: 4, padding: 0, span: 5 };
    let input = Shape::new(1, 2, 3, 4);
    assert_eq!(operator.output_shape(input), Err(error.clone()));
    assert_eq!(operator.workspace_len(input, 1), Err(error.clone()));
    assert_eq!(run_shapes(&operator, input, Shape::new(1, 2, 1, 1)), Err(error));
}

/// Views whose innermost axis has a step: the kernels cannot walk them, on either side.
#[test]
fn views_that_are_not_contiguous() {
    for_every_operator(|problem, operator| {
        let (layout, from, to) = (operator.layout(), problem.case.input, problem.output_shape);
        let stretched = |shape: Shape| match layout {
            Layout::Hwc => Strides { n: 1 << 12, c: 2, h: shape.w * 2 * shape.c, w: 2 * shape.c },
            Layout::Chw => Strides { n: 1 << 12, c: shape.h * 2 * shape.w, h: 2 * shape.w, w: 2 },
        };
        let axis = if layout == Layout::Hwc { "c" } else { "w" };
        let expected = Err(Error::NotContiguous { layout, axis, stride: 2 });
        let (data, mut result) = (vec![0.0; 1 << 14], vec![0.0; 1 << 14]);
        let mut workspace = Workspace::new(1 << 16);

        let good = TensorRef::new(&data[..from.len().unwrap()], from, layout).unwrap();
        let bad = TensorRef::strided(&data, from, stretched(from)).unwrap();
        let mut output = TensorMut::new(&mut result[..to.len().unwrap()], to, layout).unwrap();
        assert_eq!(operator.run(&bad, &mut output, &mut workspace, &Serial), expected);
        let mut output = TensorMut::strided(&mut result, to, stretched(to)).unwrap();
        assert_eq!(operator.run(&good, &mut output, &mut workspace, &Serial), expected);
        assert!(result.iter().all(|&y| y == 0.0), "a refused run writes nothing");
    });
}

/// A tensor of the other layout is one whose strides the kernels cannot walk.
#[test]
fn tensors_of_the_other_layout() {
    for_every_operator(|problem, operator| {
        let input = problem.case.input;
        let other = if operator.layout() == Layout::Hwc { Layout::Chw } else { Layout::Hwc };
        let data = vec![0.0; input.len().unwrap()];
        let tensor = TensorRef::new(&data, input, other).unwrap();
        let stride = if other == Layout::Chw { input.h * input.w } else { input.c };
        match operator.run_to_vec(&tensor, &Serial) {
            Err(Error::NotContiguous { layout, stride: actual, .. }) => {
                assert_eq!((layout, actual), (operator.layout(), stride));
            }
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn workspaces_that_are_too_small() {
    let mut some_need_one = false;
    for_every_operator(|problem, operator| {
        for threads in [1, 2, 4] {
            let executor = crate::support::executors::Reverse { threads };
            let needed = operator.workspace_len(problem.case.input, threads).unwrap();
            let shape = problem.output_shape;
            let data = vec![0.0; problem.case.input.len().unwrap()];
            let input = TensorRef::new(&data, problem.case.input, operator.layout()).unwrap();
            let mut result = vec![7.0; shape.len().unwrap()];
            for given in [0, needed.saturating_sub(1) / 16 * 16] {
                let mut output = TensorMut::new(&mut result, shape, operator.layout()).unwrap();
                let run = operator.run(&input, &mut output, &mut Workspace::new(given), &executor);
                if needed > given {
                    assert_eq!(run, Err(Error::WorkspaceTooSmall { needed, actual: given }));
                    assert!(result.iter().all(|&y| y == 7.0), "a refused run writes nothing");
                } else {
                    assert_eq!(run, Ok(()));
                }
            }
        }
    });
    for problem in problems() {
        let needs = |&isa: &Isa| problem.operator(isa).workspace_len(problem.case.input, 1) != Ok(0);
        some_need_one |= Isa::available().iter().any(needs);
    }
    assert!(some_need_one, "this test has seen no operator that needs a workspace");
}

#[test]
fn a_workspace_that_has_grown_is_large_enough() {
    for_every_operator(|problem, operator| {
        let needed = operator.workspace_len(problem.case.input, 1).unwrap();
        let mut workspace = Workspace::new(0);
        workspace.reserve(needed);
        assert!(workspace.capacity() >= needed);
        let first = problem.run_in(operator, [View::PACKED; 2], &Serial, &mut workspace);
        workspace.reserve(1);
        assert!(workspace.capacity() >= needed, "reserving less keeps what is there");
        assert_eq!(problem.run_in(operator, [View::PACKED; 2], &Serial, &mut workspace), first);
    });
}

#[test]
fn instruction_sets_that_are_not_here() {
    for name in ["", "sse9", "AVX2", "avx512f", " avx2", "portable\n"] {
        assert_eq!(name.parse::<Isa>().map_err(Error::from), Err(Error::UnknownIsa { name: name.to_owned() }));
    }
    let available = Isa::available().to_vec();
    for &isa in Isa::ALL {
        if isa.is_available() {
            assert_eq!(isa.require(), Ok(isa));
            eprintln!("{isa} is here: what is said where it is missing is not tested on this machine");
            continue;
        }
        let expected = Some(Error::IsaUnavailable { isa, available: available.clone() });
        let spec = PointwiseSpec::new(1, 1);
        let weights = Weights::torch(&[1.0]);
        assert_eq!(isa.require().err().map(Error::from), expected);
        assert_eq!(Pointwise::with_isa(&spec, weights, None, isa).err(), expected);
        assert_eq!(Depthwise::with_isa(&DepthwiseSpec::new(1, [1, 1]), weights, None, isa).err(), expected);
        assert_eq!(Conv2d::with_isa(&Conv2dSpec::new(1, 1, [1, 1]), weights, None, isa).err(), expected);
        let block = SeparableSpec::new(DepthwiseSpec::new(1, [1, 1]), spec);
        assert_eq!(Separable::with_isa(&block, [weights; 2], [None; 2], isa).err(), expected);
    }
}

#[cfg(feature = "rayon")]
#[test]
fn pools_of_no_threads() {
    assert_eq!(sepconv::Rayon::new(0).err(), Some(Error::ZeroDimension { what: "threads" }));
}
