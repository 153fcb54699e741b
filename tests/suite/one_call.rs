//! The one-call functions give what the operators give, and refuse what they refuse.

use crate::support::{Case, Data, InputMemory, OutputMemory, Problem, Spec, View, same_bits};
use sepconv::{
    Activation, Conv2dSpec, DepthwiseSpec, Error, Isa, Layout, Padding, PointwiseSpec, SeparableSpec, Shape, TensorMut,
    TensorRef, Weights,
};

/// The one call that does what the case's operator does.
fn call(problem: &Problem, input: &TensorRef<'_>, out: &mut TensorMut<'_>) -> sepconv::Result<()> {
    let (weights, bias, layout) = (problem.weights(), problem.bias(), problem.case.spec.layout());
    match problem.case.spec {
        Spec::Depthwise(DepthwiseSpec { window, activation, .. }) => sepconv::depthwise_conv2d(
            input,
            weights[0],
            window.kernel,
            bias[0],
            window.stride,
            window.padding,
            window.dilation,
            layout,
            activation,
            out,
        ),
        Spec::Pointwise(PointwiseSpec { stride, activation, .. }) => {
            sepconv::pointwise_conv2d(input, weights[0], bias[0], stride, layout, activation, out)
        }
        Spec::Conv2d(Conv2dSpec { window, activation, .. }) => sepconv::conv2d(
            input,
            weights[0],
            window.kernel,
            bias[0],
            window.stride,
            window.padding,
            window.dilation,
            layout,
            activation,
            out,
        ),
        Spec::Separable(SeparableSpec { depthwise: DepthwiseSpec { window, activation, .. }, pointwise, .. }) => {
            sepconv::separable_conv2d(
                input,
                weights[0],
                weights[1],
                window.kernel,
                bias[0],
                bias[1],
                window.stride,
                window.padding,
                window.dilation,
                layout,
                [activation, pointwise.activation],
                out,
            )
        }
    }
}

#[test]
fn one_call_gives_what_the_operator_gives() {
    let isa = Isa::preferred().expect("tests run with an instruction set that is here");
    let padding = Padding::Explicit { top: 1, left: 2, bottom: 0, right: 1 };
    let depthwise = DepthwiseSpec::new(9, [3, 4]).stride([2, 1]).dilation([1, 2]).padding(padding);
    let depthwise = depthwise.activation(Activation::Relu6);
    let pointwise = PointwiseSpec::new(9, 18).activation(Activation::HardSwish);
    let dense = Conv2dSpec::new(9, 5, [2, 3]).stride([1, 2]).dilation([3, 1]).padding(padding);
    let cases = [
        Case::new(depthwise, [11, 12]),
        Case::new(depthwise.multiplier(3), [11, 12]).batch(2),
        Case::new(pointwise.stride([2, 3]), [7, 8]),
        Case::new(dense.activation(Activation::Silu), [9, 10]).bias([false; 2]),
        Case::new(SeparableSpec::new(depthwise, pointwise), [12, 13]),
        Case::new(SeparableSpec::new(depthwise, pointwise), [12, 13]).bias([true, false]).tensorflow(true),
    ];
    for case in cases.iter().flat_map(|case| Layout::ALL.map(|layout| case.with_layout(layout))) {
        let problem = Problem::new(&case, Data::Reals);
        let expected = problem.run(&*problem.operator(isa), [View::PACKED; 2], &sepconv::Serial);
        let view = View::slice_of_larger(1, [2, 3, 4]);
        let input = InputMemory::new(&problem.input, case.input, case.spec.layout(), view);
        let mut output = OutputMemory::new(problem.output_shape, case.spec.layout(), view);
        call(&problem, &input.tensor(), &mut output.tensor()).unwrap_or_else(|error| panic!("{error}: {case:?}"));
        let actual = output.collect().unwrap_or_else(|error| panic!("{error}: {case:?}"));
        assert!(same_bits(&actual, &expected), "{case:?}");
    }
}

/// Channels of the output that are no multiple of the input's, or fewer: refused with both shapes.
#[test]
fn outputs_that_no_multiplier_gives() {
    let data = [1.0; 6 * 9];
    let input = TensorRef::new(&data, Shape::new(1, 6, 3, 3), Layout::Hwc).expect("right length");
    for channels in [1, 5, 7, 13] {
        let mut result = vec![0.0; channels];
        let mut out = TensorMut::new(&mut result, Shape::new(1, channels, 1, 1), Layout::Hwc).expect("right length");
        let multiplier = (channels / 6).max(1);
        let weights = vec![1.0; 54 * multiplier];
        let error = sepconv::depthwise_conv2d(
            &input,
            Weights::torch(&weights),
            [3, 3],
            None,
            [1, 1],
            Padding::Valid,
            [1, 1],
            Layout::Hwc,
            Activation::Identity,
            &mut out,
        );
        match error {
            Err(Error::ShapeMismatch { expected, actual, .. }) => {
                assert_eq!((expected.c, actual.c), (6 * multiplier, channels));
            }
            other => panic!("{other:?}"),
        }
    }
}
