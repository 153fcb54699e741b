//! NaN and infinity: they go where IEEE 754 sends them, and nowhere else. Padding never touches a weight.
//!
//! Data are integers, so that every output that is not NaN must have the reference's bits.

use crate::support::data::Source;
use crate::support::executors::Reverse;
use crate::support::{ACTIVATIONS, Case, Data, InputMemory, Problem, View, in_turn};
use sepconv::{
    Activation, Conv2dSpec, DepthwiseSpec, Executor, Isa, Padding, PointwiseSpec, SeparableSpec, Serial, Shape,
};

const SPECIAL: [f32; 3] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];

/// Every output of every instruction set is the reference's: the same bits, or NaN where that is NaN.
pub fn assert_as_reference(problem: &Problem) {
    let input = InputMemory::new(&problem.input, problem.case.input, problem.case.spec.layout(), View::PACKED);
    let expected = problem.case.spec.reference::<f32>(&input.tensor(), problem.weights(), problem.bias());
    let expected = expected.expect("the reference takes the case");
    let view = View::slice_of_larger(1, [3, 5, 7]);
    for &isa in Isa::available() {
        let operator = problem.operator(isa);
        let ways: [([View; 2], &dyn Executor); 2] =
            [([View::PACKED; 2], &Serial), ([view; 2], &Reverse { threads: 3 })];
        for (views, executor) in ways {
            let actual = problem.run(&*operator, views, executor);
            for (i, (&actual, &expected)) in actual.iter().zip(&expected).enumerate() {
                let same = actual.to_bits() == expected.to_bits() || (actual.is_nan() && expected.is_nan());
                let name = operator.kernel_name();
                assert!(same, "{name}: element {i} is {actual}, the reference says {expected}: {:?}", problem.case);
            }
        }
    }
}

fn windows() -> Vec<DepthwiseSpec> {
    let window = |channels, kernel, stride: usize, padding| {
        DepthwiseSpec::new(channels, kernel).stride([stride; 2]).padding(padding)
    };
    let uneven = Padding::Explicit { top: 2, left: 1, bottom: 0, right: 3 };
    vec![
        window(3, [3, 3], 1, Padding::Same),
        window(19, [3, 3], 1, Padding::Same),
        window(17, [3, 3], 2, uneven),
        window(2, [3, 3], 2, Padding::uniform(1)),
        window(18, [5, 5], 1, Padding::Same),
        window(4, [5, 5], 2, uneven),
        window(9, [7, 7], 1, Padding::Same),
        window(33, [7, 7], 2, Padding::Same),
        window(5, [4, 2], 1, uneven),
        window(6, [3, 3], 1, Padding::uniform(2)).dilation([2, 2]),
        window(3, [3, 3], 1, Padding::Same).multiplier(3),
        window(7, [1, 5], 3, Padding::uniform(2)),
        window(5, [9, 9], 1, Padding::Same),
        window(1, [3, 3], 1, Padding::uniform(5)),
    ]
}

/// One case of each operation for each window.
fn cases() -> impl Iterator<Item = Case> {
    windows().into_iter().enumerate().flat_map(|(turn, depthwise)| {
        let mut dense = Conv2dSpec::new(3, in_turn(&[5, 18, 33], turn), [1, 1]);
        dense.window = depthwise.window;
        let pointwise = PointwiseSpec::new(depthwise.channels * depthwise.multiplier, in_turn(&[4, 17, 34], turn));
        let size = [8 + turn % 3, 9 + turn % 12];
        [
            Case::new(depthwise, size),
            Case::new(dense, size),
            Case::new(SeparableSpec::new(depthwise, pointwise), size),
            Case::new(pointwise, [3, 5 + turn]),
        ]
    })
}

fn for_both_layouts(check: impl Fn(&Case)) {
    for case in cases() {
        for layout in sepconv::Layout::ALL {
            check(&case.with_layout(layout));
        }
    }
}

#[test]
fn special_inputs_reach_the_outputs_that_see_them() {
    for_both_layouts(|case| {
        for special in SPECIAL {
            let mut problem = Problem::new(case, Data::Integers);
            let mut source = Source::new(case.seed(), Data::Integers);
            let len = problem.input.len();
            problem.input[source.position(len)] = special;
            problem.input[source.position(len)] = special;
            assert_as_reference(&problem);
        }
    });
}

/// Corners are where padded taps are; a value there must not be multiplied by a padded tap's neighbour either.
#[test]
fn special_inputs_in_the_corners() {
    for_both_layouts(|case| {
        let mut problem = Problem::new(case, Data::Integers);
        let last = problem.input.len() - 1;
        problem.input[0] = f32::NAN;
        problem.input[last] = f32::INFINITY;
        assert_as_reference(&problem);
    });
}

/// Every tap in turn is infinite or NaN: outputs that meet it only outside the map stay finite.
#[test]
fn special_weights_do_not_leak_in_from_outside_the_map() {
    for_both_layouts(|case| {
        let len = Problem::new(case, Data::Integers).weights[0].len();
        let step = (len / 23).max(1);
        for (turn, at) in (0..len).step_by(step).chain([len - 1]).enumerate() {
            let mut problem = Problem::new(case, Data::Integers);
            problem.weights[0][at] = in_turn(&SPECIAL, turn);
            assert_as_reference(&problem);
        }
    });
}

/// All weights are infinite: an output that sees no pixel at all is its bias.
#[test]
fn an_output_outside_the_map_is_its_bias() {
    let spec = DepthwiseSpec::new(3, [3, 3]).padding(Padding::uniform(4));
    let dense = Conv2dSpec::new(3, 18, [3, 3]).padding(Padding::uniform(4));
    for case in [Case::new(spec, [2, 3]), Case::new(dense, [2, 3])] {
        for layout in sepconv::Layout::ALL {
            for special in SPECIAL {
                let mut problem = Problem::new(&case.with_layout(layout), Data::Integers);
                problem.weights[0].fill(special);
                problem.bias[0].as_mut().expect("the case has a bias").fill(5.0);
                assert_as_reference(&problem);
                let corner = problem.run(&*problem.operator(Isa::Portable), [View::PACKED; 2], &Serial)[0];
                assert_eq!(corner, 5.0);
            }
        }
    }
}

#[test]
fn special_weights_of_the_pointwise_stage() {
    let depthwise = DepthwiseSpec::new(9, [3, 3]).padding(Padding::Same);
    let block = SeparableSpec::new(depthwise, PointwiseSpec::new(9, 19));
    for (turn, special) in SPECIAL.into_iter().enumerate() {
        for layout in sepconv::Layout::ALL {
            let mut problem = Problem::new(&Case::new(block, [5, 7]).with_layout(layout), Data::Integers);
            problem.weights[1][turn * 50] = special;
            assert_as_reference(&problem);
        }
    }
}

#[test]
fn a_special_bias_stays_in_its_channel() {
    for_both_layouts(|case| {
        for (turn, special) in SPECIAL.into_iter().enumerate() {
            let mut problem = Problem::new(case, Data::Integers);
            let bias = problem.bias[0].as_mut().expect("the case has a bias");
            let at = (turn * 7) % bias.len();
            bias[at] = special;
            assert_as_reference(&problem);
        }
    });
}

/// NaN through every activation, the clamping ones included, in vectors and in tails.
#[test]
fn nan_stays_nan_through_every_activation() {
    for activation in ACTIVATIONS {
        let depthwise = DepthwiseSpec::new(19, [3, 3]).padding(Padding::Same).activation(activation);
        let pointwise = PointwiseSpec::new(19, 21).activation(activation);
        let plain = DepthwiseSpec::new(19, [3, 3]).padding(Padding::Same);
        for case in [
            Case::new(depthwise, [5, 18]),
            Case::new(pointwise, [5, 18]),
            Case::new(SeparableSpec::new(plain, pointwise), [5, 18]),
            Case::new(SeparableSpec::new(depthwise, PointwiseSpec::new(19, 3)), [5, 18]),
        ] {
            for layout in sepconv::Layout::ALL {
                let mut problem = Problem::new(&case.with_layout(layout), Data::Reals);
                problem.input.fill(f32::NAN);
                for &isa in Isa::available() {
                    let result = problem.run(&*problem.operator(isa), [View::PACKED; 2], &Serial);
                    assert!(result.iter().all(|y| y.is_nan()), "{isa} {activation:?} {case:?}");
                }
            }
        }
    }
}

/// What infinities become, for a plain `1·x` per pixel.
#[test]
fn infinities_through_every_activation() {
    let infinity = f32::INFINITY;
    for (activation, [of_minus, of_plus]) in [
        (Activation::Identity, [-infinity, infinity]),
        (Activation::Relu, [0.0, infinity]),
        (Activation::Relu6, [0.0, 6.0]),
        (Activation::Clamp { lo: -2.0, hi: 3.0 }, [-2.0, 3.0]),
        (Activation::LeakyRelu { slope: 0.5 }, [-infinity, infinity]),
        // −∞·0 and −∞/∞.
        (Activation::HardSwish, [f32::NAN, infinity]),
        (Activation::Silu, [f32::NAN, infinity]),
    ] {
        let spec = DepthwiseSpec::new(2, [1, 1]).activation(activation);
        let mut problem = Problem::new(&Case::new(spec, [1, 20]).bias([false; 2]), Data::Integers);
        problem.weights[0].fill(1.0);
        for (i, x) in problem.input.iter_mut().enumerate() {
            *x = if i % 2 == 0 { -infinity } else { infinity };
        }
        assert_eq!(problem.output_shape, Shape::new(1, 2, 1, 20));
        for &isa in Isa::available() {
            let result = problem.run(&*problem.operator(isa), [View::PACKED; 2], &Serial);
            for pair in result.chunks(2) {
                let same = |actual: f32, expected: f32| actual == expected || (actual.is_nan() && expected.is_nan());
                assert!(same(pair[0], of_minus) && same(pair[1], of_plus), "{isa} {activation:?}: {pair:?}");
            }
        }
    }
}

/// Denormals are numbers: they are neither flushed on the way in nor on the way out.
#[test]
fn denormals_are_kept() {
    for layout in sepconv::Layout::ALL {
        for case in [Case::new(DepthwiseSpec::new(19, [3, 3]), [5, 19]), Case::new(PointwiseSpec::new(5, 19), [3, 7])] {
            let mut problem = Problem::new(&case.with_layout(layout), Data::Integers);
            problem.bias = [None, None];
            for x in &mut problem.input {
                *x *= f32::from_bits(1);
            }
            assert_as_reference(&problem);
        }
    }
}

/// A sum of nothing but −0 is −0 where it starts from a bias of −0, and +0 where it starts from nothing.
#[test]
fn negative_zero_has_the_sign_that_addition_gives_it() {
    for layout in sepconv::Layout::ALL {
        let depthwise = DepthwiseSpec::new(19, [3, 3]);
        let dense = Conv2dSpec::new(3, 19, [3, 3]);
        for case in
            [Case::new(depthwise, [5, 19]), Case::new(dense, [5, 19]), Case::new(PointwiseSpec::new(5, 19), [3, 7])]
        {
            let mut problem = Problem::new(&case.with_layout(layout), Data::Integers);
            problem.input.fill(-0.0);
            problem.weights[0].fill(1.0);
            problem.bias[0].as_mut().expect("the case has a bias").fill(-0.0);
            assert_as_reference(&problem);
            problem.bias = [None, None];
            assert_as_reference(&problem);
            for &isa in Isa::available() {
                let result = problem.run(&*problem.operator(isa), [View::PACKED; 2], &Serial);
                assert!(result.iter().all(|y| y.to_bits() == 0), "{isa} {case:?}");
            }
        }
    }
}

/// The largest finite number stays finite through ±1, and becomes the infinity of its sign through ±2; clamps catch both.
#[test]
fn the_largest_finite_number_overflows_as_it_should() {
    for activation in [Activation::Identity, Activation::Relu, Activation::Relu6, Activation::LeakyRelu { slope: 0.5 }]
    {
        for layout in sepconv::Layout::ALL {
            let depthwise = DepthwiseSpec::new(19, [1, 1]).activation(activation);
            let pointwise = PointwiseSpec::new(1, 19).activation(activation);
            for case in [Case::new(depthwise, [5, 19]), Case::new(pointwise, [5, 19])] {
                let mut problem = Problem::new(&case.with_layout(layout).bias([false; 2]), Data::Integers);
                let signs = [1.0, -1.0, 1.0];
                problem.input.iter_mut().enumerate().for_each(|(i, x)| *x = signs[i % 3] * f32::MAX);
                let factors = [1.0, -1.0, 2.0, -2.0, 0.5, 0.0];
                problem.weights[0].iter_mut().enumerate().for_each(|(i, w)| *w = factors[i % factors.len()]);
                assert_as_reference(&problem);
            }
        }
    }
}
