//! The comparison itself can fail: wrong results are outside the bound, results of careless rounding are inside.

use crate::support::{Case, Data, InputMemory, Problem, View};
use sepconv::reference::Bounded;
use sepconv::{Activation, Conv2dSpec, DepthwiseSpec, Isa, PointwiseSpec, SeparableSpec, Serial};

fn cases() -> [Case; 4] {
    let depthwise = DepthwiseSpec::new(5, [3, 3]).activation(Activation::HardSwish);
    let pointwise = PointwiseSpec::new(5, 7).activation(Activation::Silu);
    [
        Case::new(depthwise, [7, 9]),
        Case::new(pointwise, [4, 5]),
        Case::new(Conv2dSpec::new(5, 6, [3, 3]), [6, 7]),
        Case::new(SeparableSpec::new(depthwise, pointwise), [7, 9]),
    ]
}

fn bounded(problem: &Problem) -> Vec<Bounded> {
    let input = InputMemory::new(&problem.input, problem.case.input, problem.case.spec.layout(), View::PACKED);
    let result = problem.case.spec.reference(&input.tensor(), problem.weights(), problem.bias());
    result.expect("the reference takes the case")
}

#[test]
fn an_error_of_a_hundred_bounds_is_seen() {
    for case in cases() {
        let problem = Problem::new(&case, Data::Reals);
        let expected = bounded(&problem);
        let actual = problem.run(&*problem.operator(Isa::Portable), [View::PACKED; 2], &Serial);
        for (i, element) in expected.iter().enumerate() {
            assert!(element.error_over_bound(actual[i]) <= 1.0);
            for direction in [-100.0, 100.0] {
                let wrong = (f64::from(actual[i]) + direction * element.bound()) as f32;
                assert!(element.error_over_bound(wrong) > 1.0, "element {i} of {case:?}");
                let mut perturbed = actual.clone();
                perturbed[i] = wrong;
                assert!(problem.compare(&problem.expected(), &perturbed).is_err(), "element {i} of {case:?}");
            }
        }
    }
}

#[test]
fn nan_and_infinity_are_no_substitutes_for_a_number() {
    for case in cases() {
        for element in bounded(&Problem::new(&case, Data::Reals)) {
            for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                assert!(element.error_over_bound(wrong) > 1.0, "{wrong} in {case:?}");
            }
        }
    }
}

/// A forgotten tap, channel or bias is far outside the bound: the bound does not hide errors.
#[test]
fn a_forgotten_product_is_seen() {
    for case in cases() {
        let problem = Problem::new(&case, Data::Reals);
        let expected = problem.expected();
        for stage in 0..2 {
            let mut forgetful = Problem::new(&case, Data::Reals);
            let Some(weight) = forgetful.weights[stage].first_mut() else { continue };
            *weight = 0.0;
            let actual = forgetful.run(&*forgetful.operator(Isa::Portable), [View::PACKED; 2], &Serial);
            assert!(problem.compare(&expected, &actual).is_err(), "stage {stage} of {case:?}");
        }
    }
}

/// The bound is one of rounding: a few hundred units in the last place for these sums, not a percentage.
#[test]
fn the_bound_is_small() {
    for case in cases() {
        for element in bounded(&Problem::new(&case, Data::Reals)) {
            assert!(element.bound() < 1e-3, "{element:?} in {case:?}");
        }
    }
}

#[test]
fn integers_one_apart_are_seen() {
    let case = Case::new(DepthwiseSpec::new(3, [3, 3]), [5, 5]);
    let problem = Problem::new(&case, Data::Integers);
    let mut actual = problem.run(&*problem.operator(Isa::Portable), [View::PACKED; 2], &Serial);
    assert_eq!(problem.compare(&problem.expected(), &actual), Ok(()));
    actual[7] = actual[7].next_up();
    assert!(problem.compare(&problem.expected(), &actual).is_err_and(|error| error.contains("exactly")));
}
