//! Depthwise convolution: map sizes, channels, multipliers, activations and batches around every tile.

use crate::support::{ACTIVATIONS, Case, channels_around_vectors, in_turn, input_for, sizes_around_tiles};
use sepconv::{DepthwiseSpec, Layout, Padding};

/// Few planes for CHW, whose lanes are columns; a vector and a tail for HWC, whose lanes are channels.
const CHANNELS: [(Layout, usize); 2] = [(Layout::Hwc, 19), (Layout::Chw, 2)];

/// Outputs of every size around the tiles along both axes.
fn check_output_sizes(kernel: [usize; 2], stride: [usize; 2], dilation: [usize; 2]) {
    let paddings = [
        Padding::Valid,
        Padding::Explicit { top: kernel[0] / 2, left: kernel[1] / 2, bottom: kernel[0] / 2, right: kernel[1] / 2 },
        Padding::Explicit { top: 1, left: 0, bottom: 0, right: 2 },
    ];
    for (turn, size) in sizes_around_tiles().enumerate() {
        for output in [[1, size], [size, 3], [2, size], [3 + turn % 3, size], [size, 1 + turn % 7]] {
            for padding in paddings {
                for (layout, channels) in CHANNELS {
                    let spec = DepthwiseSpec::new(channels, kernel).stride(stride).dilation(dilation).padding(padding);
                    let map = input_for(&spec.window, output);
                    Case::new(spec.layout(layout), map).check();
                }
            }
        }
    }
}

#[test]
fn output_sizes_of_3x3() {
    check_output_sizes([3, 3], [1, 1], [1, 1]);
    check_output_sizes([3, 3], [2, 2], [1, 1]);
}

#[test]
fn output_sizes_of_5x5() {
    check_output_sizes([5, 5], [1, 1], [1, 1]);
    check_output_sizes([5, 5], [2, 2], [1, 1]);
}

#[test]
fn output_sizes_of_7x7() {
    check_output_sizes([7, 7], [1, 1], [1, 1]);
    check_output_sizes([7, 7], [2, 2], [1, 1]);
}

#[test]
fn output_sizes_of_generic_windows() {
    check_output_sizes([1, 1], [1, 1], [1, 1]);
    check_output_sizes([2, 4], [1, 1], [1, 1]);
    check_output_sizes([3, 3], [1, 2], [1, 1]);
    check_output_sizes([3, 3], [3, 3], [1, 1]);
    check_output_sizes([3, 3], [1, 1], [2, 2]);
    check_output_sizes([4, 3], [2, 1], [1, 3]);
}

#[test]
fn channels_around_every_vector() {
    for (turn, channels) in channels_around_vectors().enumerate() {
        for (kernel, stride) in [(3, 1), (3, 2), (5, 1), (5, 2), (7, 1), (7, 2), (4, 1), (2, 3)] {
            let spec = DepthwiseSpec::new(channels, [kernel; 2]).stride([stride; 2]).padding(Padding::Same);
            Case::new(spec, [4 + turn % 5, 17]).tensorflow(turn % 2 == 0).check_both_layouts();
        }
    }
}

/// In HWC a vector spans several pixels where channels are few: widths around every tile for each count.
#[test]
fn few_channels_on_rows_of_every_width() {
    for channels in 1..=6 {
        for width in 1..=40 {
            for (kernel, stride) in [([3, 3], 1), ([3, 3], 2), ([5, 5], 1), ([7, 7], 1), ([2, 3], 1), ([1, 5], 3)] {
                for padding in [Padding::Same, Padding::uniform(kernel[1])] {
                    let spec = DepthwiseSpec::new(channels, kernel).stride([stride; 2]).padding(padding);
                    Case::new(spec, [3, width]).check();
                }
            }
        }
    }
}

#[test]
fn multipliers() {
    for multiplier in [2, 3, 4, 5, 17] {
        for channels in (1..=9).chain([15, 16, 17, 33]) {
            for (kernel, stride) in
                [([3, 3], [1, 1]), ([3, 3], [2, 2]), ([5, 5], [1, 1]), ([7, 7], [1, 1]), ([2, 3], [1, 3])]
            {
                let spec = DepthwiseSpec::new(channels, kernel).multiplier(multiplier).stride(stride);
                let case = Case::new(spec.padding(Padding::Same), [5, 9]);
                case.tensorflow(channels % 2 == 0).check_both_layouts();
            }
        }
    }
}

/// Multiplier and few channels together: lanes of one vector belong to several pixels or to several multipliers.
#[test]
fn multipliers_of_few_channels_on_rows_of_every_width() {
    for (channels, multiplier) in [(1, 2), (1, 3), (2, 2), (3, 2), (3, 4), (1, 17)] {
        for width in 1..=34 {
            let spec = DepthwiseSpec::new(channels, [3, 3]).multiplier(multiplier).padding(Padding::uniform(1));
            Case::new(spec, [2, width]).check_both_layouts();
        }
    }
}

#[test]
fn activations_and_bias() {
    for activation in ACTIVATIONS {
        for (kernel, stride) in [([3, 3], 1), ([3, 3], 2), ([5, 5], 1), ([7, 7], 1), ([4, 4], 1)] {
            for channels in [1, 3, 8, 16, 19, 33] {
                for bias in [true, false] {
                    let spec = DepthwiseSpec::new(channels, kernel).stride([stride; 2]).activation(activation);
                    let case = Case::new(spec.padding(Padding::Same), [9, 19]).bias([bias; 2]);
                    case.check_both_layouts();
                }
            }
        }
    }
}

#[test]
fn activations_with_multipliers() {
    for (turn, activation) in ACTIVATIONS.into_iter().enumerate() {
        for multiplier in 2..=4 {
            let channels = in_turn(&[3, 8, 11], turn);
            let spec = DepthwiseSpec::new(channels, [3, 3]).multiplier(multiplier).activation(activation);
            Case::new(spec, [6, 12]).bias([turn % 2 == 0; 2]).check_both_layouts();
        }
    }
}

#[test]
fn batches() {
    for batch in 1..=3 {
        for (kernel, stride) in [([3, 3], 1), ([5, 5], 2), ([7, 7], 1), ([3, 2], 1)] {
            for channels in [1, 4, 17] {
                let spec = DepthwiseSpec::new(channels, kernel).stride([stride; 2]).padding(Padding::Same);
                Case::new(spec, [7, 11]).batch(batch).check_both_layouts();
            }
        }
    }
}

/// Layers of real networks, with more channels and larger maps than the sweeps.
#[test]
fn real_layers() {
    for (channels, size, kernel, stride) in
        [(32, 56, 3, 1), (64, 57, 3, 2), (48, 28, 5, 1), (40, 29, 5, 2), (96, 28, 7, 1), (144, 14, 7, 2)]
    {
        let spec = DepthwiseSpec::new(channels, [kernel; 2]).stride([stride; 2]).padding(Padding::Same);
        Case::new(spec, [size; 2]).check_both_layouts();
    }
}
