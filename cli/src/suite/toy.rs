//! A few small problems that touch every operation and most parameters: a quick look, and the suite of the program's tests.

use crate::problem::{Problem, Work};
use sepconv::{Activation, Conv2dSpec, DepthwiseSpec, Padding, PointwiseSpec, SeparableSpec, Shape};

/// The list.
pub fn problems() -> Vec<Problem> {
    let uneven = Padding::Explicit { top: 0, left: 2, bottom: 3, right: 1 };
    let lecture = SeparableSpec::new(DepthwiseSpec::new(3, [3, 3]), PointwiseSpec::new(3, 128));
    let block = SeparableSpec::new(
        DepthwiseSpec::new(16, [3, 3]).stride([2, 2]).padding(Padding::Same).activation(Activation::Relu6),
        PointwiseSpec::new(16, 24).activation(Activation::HardSwish),
    );
    let list = [
        ("dw3x3", Shape::new(1, 24, 14, 14), Work::Depthwise(DepthwiseSpec::new(24, [3, 3]).padding(Padding::Same))),
        (
            "dw5x5s2m2",
            Shape::new(1, 7, 13, 11),
            Work::Depthwise(DepthwiseSpec::new(7, [5, 5]).multiplier(2).stride([2, 2]).padding(uneven)),
        ),
        (
            "dw4x2d3",
            Shape::new(2, 19, 12, 9),
            Work::Depthwise(DepthwiseSpec::new(19, [4, 2]).dilation([3, 2]).activation(Activation::Silu)),
        ),
        ("pw", Shape::new(1, 40, 10, 10), Work::Pointwise(PointwiseSpec::new(40, 33).activation(Activation::Relu))),
        ("pw-s2", Shape::new(1, 17, 9, 9), Work::Pointwise(PointwiseSpec::new(17, 16).stride([2, 2]))),
        ("lecture", Shape::new(1, 3, 7, 7), Work::Separable(lecture)),
        ("block-s2", Shape::new(1, 16, 12, 12), Work::Separable(block)),
        ("lecture", Shape::new(1, 3, 7, 7), Work::Conv2d(Conv2dSpec::new(3, 128, [3, 3]))),
        (
            "stem",
            Shape::new(1, 3, 20, 20),
            Work::Conv2d(
                Conv2dSpec::new(3, 8, [3, 3]).stride([2, 2]).padding(Padding::Same).activation(Activation::Relu6),
            ),
        ),
    ];
    list.into_iter()
        .map(|(name, input, work)| Problem { suite: "toy".into(), name: name.into(), input, work })
        .collect()
}
