//! Padding on every combination of sides, on maps of a few pixels: there a window of one tap has outputs that read nothing.

use crate::special_values::assert_as_reference;
use crate::support::{Case, Data, Problem, in_turn};
use sepconv::{Conv2dSpec, DepthwiseSpec, Layout, Padding, PointwiseSpec, SeparableSpec, Window};

const KERNELS: [[usize; 2]; 6] = [[1, 1], [1, 2], [2, 1], [1, 3], [3, 1], [3, 3]];
const SIZES: [[usize; 2]; 5] = [[2, 1], [3, 5], [1, 2], [4, 17], [1, 1]];

/// Every window with padding on the sides of every subset of the four.
fn windows() -> impl Iterator<Item = Window> {
    let sides = (0..16).map(|sides: usize| {
        let side = |bit: usize, len: usize| (sides >> bit & 1) * len;
        Padding::Explicit { top: side(0, 6), left: side(1, 2), bottom: side(2, 1), right: side(3, 3) }
    });
    sides.flat_map(|padding| {
        KERNELS.into_iter().flat_map(move |kernel| {
            [1, 2].map(|stride| {
                let mut window = Window::new(kernel);
                (window.padding, window.stride) = (padding, [stride; 2]);
                window
            })
        })
    })
}

/// One case of each operation with a window, each of two images, for each window that fits its map.
fn cases() -> impl Iterator<Item = Case> {
    windows().enumerate().flat_map(|(turn, window)| {
        let channels = in_turn(&[1, 3, 17], turn);
        let mut depthwise = DepthwiseSpec::new(channels, [1, 1]);
        let mut dense = Conv2dSpec::new(channels, in_turn(&[1, 5, 18], turn / 2), [1, 1]);
        (depthwise.window, dense.window) = (window, window);
        let block = SeparableSpec::new(depthwise, PointwiseSpec::new(channels, 5));
        // Each window meets some of the sizes, and each of them in the end.
        let size = in_turn(&SIZES, turn / 3);
        let fits = window.place(size).is_ok();
        [Case::new(depthwise, size), Case::new(dense, size), Case::new(block, size)]
            .into_iter()
            .map(|case| case.batch(2))
            .filter(move |_| fits)
    })
}

/// Found by fuzzing: a product with padding above and below the map, but none beside it, read the first rows of the map there.
#[test]
fn on_every_combination_of_sides() {
    cases().for_each(|case| case.check_both_layouts());
}

/// Outputs that see no pixel are their bias, also where the window has one tap.
#[test]
fn keeps_infinite_weights_out_on_every_combination_of_sides() {
    for case in cases() {
        for layout in Layout::ALL {
            let mut problem = Problem::new(&case.with_layout(layout), Data::Integers);
            problem.weights[0].fill(f32::INFINITY);
            assert_as_reference(&problem);
        }
    }
}
