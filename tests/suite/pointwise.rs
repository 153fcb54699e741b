//! Pointwise convolution: channels and pixels around every tile of the matrix product.

use crate::support::{ACTIVATIONS, Case, in_turn, sizes_around_tiles};
use sepconv::PointwiseSpec;

fn channels_around_tiles() -> impl Iterator<Item = usize> + Clone {
    (1..=35).chain([63, 64, 65])
}

#[test]
fn channels_around_every_tile() {
    let mut turn = 0;
    for inputs in channels_around_tiles() {
        for outputs in channels_around_tiles() {
            let case = Case::new(PointwiseSpec::new(inputs, outputs), in_turn(&[[1, 5], [3, 3], [2, 7]], turn));
            case.tensorflow(turn % 2 == 0).check_both_layouts();
            turn += 1;
        }
    }
}

#[test]
fn pixels_around_every_tile() {
    for (turn, pixels) in sizes_around_tiles().chain([47, 48, 49, 63, 64, 65]).enumerate() {
        for (inputs, outputs) in [(1, 1), (3, 8), (7, 33), (16, 16), (33, 7), (5, 65)] {
            for size in [[1, pixels], [pixels, 1], [2, pixels], [pixels, 1 + turn % 5]] {
                Case::new(PointwiseSpec::new(inputs, outputs), size).check_both_layouts();
            }
        }
    }
}

/// More channels and pixels than a cache block of any size holds.
#[test]
fn many_channels_and_pixels() {
    for (inputs, outputs, size) in [
        (513, 35, [3, 11]),
        (1030, 17, [2, 9]),
        (35, 513, [5, 3]),
        (257, 130, [7, 7]),
        (24, 40, [61, 37]),
        (2100, 3, [1, 16]),
    ] {
        Case::new(PointwiseSpec::new(inputs, outputs), size).check_both_layouts();
    }
}

#[test]
fn strides() {
    for (turn, stride) in [[1, 2], [2, 1], [2, 2], [3, 3], [1, 3], [5, 4]].into_iter().enumerate() {
        for size in [[1, 1], [7, 7], [8, 33], [13, 4], [6, 35]] {
            for (inputs, outputs) in [(1, 3), (8, 17), (19, 33)] {
                let case = Case::new(PointwiseSpec::new(inputs, outputs).stride(stride), size);
                case.batch(1 + turn % 2).check_both_layouts();
            }
        }
    }
}

#[test]
fn activations_and_bias() {
    for activation in ACTIVATIONS {
        for bias in [true, false] {
            for (inputs, outputs) in [(1, 1), (3, 16), (8, 33), (20, 7)] {
                for size in [[1, 3], [4, 9]] {
                    let spec = PointwiseSpec::new(inputs, outputs).activation(activation);
                    Case::new(spec, size).bias([bias; 2]).check_both_layouts();
                }
            }
        }
    }
}

#[test]
fn batches() {
    for batch in 1..=3 {
        for size in [[1, 1], [1, 13], [5, 7]] {
            for (inputs, outputs) in [(4, 6), (17, 33)] {
                Case::new(PointwiseSpec::new(inputs, outputs), size).batch(batch).check_both_layouts();
            }
        }
    }
}
