//! Depthwise convolution: kernels, strides, dilations and paddings of every kind.

use crate::support::{Case, in_turn};
use sepconv::{DepthwiseSpec, Padding};

/// Channels of the sweeps: less than a vector, a vector and a tail.
const CHANNELS: [usize; 4] = [1, 3, 17, 8];

const PADDINGS: [Padding; 7] = [
    Padding::Valid,
    Padding::Same,
    Padding::Explicit { top: 1, left: 1, bottom: 1, right: 1 },
    Padding::Explicit { top: 2, left: 0, bottom: 1, right: 3 },
    Padding::Explicit { top: 0, left: 3, bottom: 4, right: 0 },
    Padding::Explicit { top: 0, left: 0, bottom: 0, right: 5 },
    Padding::Explicit { top: 6, left: 7, bottom: 8, right: 9 },
];

/// A map on which the window fits at least once whatever its padding.
fn check_on_fitting_map(spec: DepthwiseSpec, slack: [usize; 2]) {
    let span = spec.window.span().expect("small windows have a span");
    Case::new(spec, [span[0] + slack[0], span[1] + slack[1]]).check_both_layouts();
}

#[test]
fn every_kernel_up_to_7x7() {
    let strides = [[1, 1], [2, 2], [1, 2], [3, 1], [2, 3]];
    let dilations = [[1, 1], [1, 2], [2, 1], [3, 3]];
    let mut turn = 0;
    for kh in 1..=7 {
        for kw in 1..=7 {
            for _ in 0..6 {
                let spec = DepthwiseSpec::new(in_turn(&CHANNELS, turn / 2), [kh, kw]).stride(in_turn(&strides, turn));
                let spec = spec.dilation(in_turn(&dilations, turn / 3)).padding(in_turn(&PADDINGS, turn));
                check_on_fitting_map(spec, [in_turn(&[0, 3, 7], turn), in_turn(&[1, 16, 5, 9], turn)]);
                turn += 1;
            }
        }
    }
}

#[test]
fn large_and_flat_kernels() {
    let kernels =
        [[9, 9], [11, 11], [8, 8], [1, 9], [9, 1], [1, 31], [31, 1], [3, 7], [7, 3], [5, 3], [2, 6], [13, 2], [10, 3]];
    for (turn, kernel) in kernels.into_iter().enumerate() {
        for stride in [[1, 1], [2, 2], [3, 1]] {
            for padding in [Padding::Valid, Padding::Same, Padding::Explicit { top: 12, left: 0, bottom: 3, right: 40 }]
            {
                let spec = DepthwiseSpec::new(in_turn(&CHANNELS, turn), kernel).stride(stride).padding(padding);
                check_on_fitting_map(spec, [4, 9]);
            }
        }
    }
}

#[test]
fn every_stride_and_dilation_up_to_3() {
    let kernels = [[3, 3], [2, 5], [5, 5], [7, 7]];
    let mut turn = 0;
    for stride in (0..9).map(|i| [1 + i / 3, 1 + i % 3]) {
        for dilation in (0..9).map(|i| [1 + i / 3, 1 + i % 3]) {
            for kernel in kernels {
                let spec = DepthwiseSpec::new(in_turn(&CHANNELS, turn), kernel).stride(stride).dilation(dilation);
                check_on_fitting_map(spec.padding(in_turn(&PADDINGS, turn)), [turn % 6, 5 + turn % 11]);
                turn += 1;
            }
        }
    }
}

/// Paddings larger than the map, outputs that see no pixel at all, maps of one pixel.
#[test]
fn small_maps_under_large_paddings() {
    let sizes = [[1, 1], [1, 2], [2, 1], [1, 5], [4, 1], [2, 3]];
    let paddings = [
        Padding::Same,
        Padding::uniform(6),
        Padding::Explicit { top: 9, left: 6, bottom: 0, right: 0 },
        Padding::Explicit { top: 0, left: 0, bottom: 7, right: 17 },
        Padding::Explicit { top: 8, left: 20, bottom: 1, right: 0 },
        Padding::Explicit { top: 40, left: 40, bottom: 40, right: 40 },
    ];
    let windows = [
        ([3, 3], 1, 1),
        ([3, 3], 2, 1),
        ([5, 5], 1, 1),
        ([7, 7], 1, 1),
        ([7, 7], 2, 1),
        ([2, 4], 1, 2),
        ([3, 3], 1, 3),
    ];
    for (turn, size) in sizes.into_iter().enumerate() {
        for padding in paddings {
            for (kernel, stride, dilation) in windows {
                let spec = DepthwiseSpec::new(in_turn(&CHANNELS, turn), kernel).stride([stride; 2]);
                Case::new(spec.dilation([dilation; 2]).padding(padding), size).check_both_layouts();
            }
        }
    }
}

#[test]
fn strides_larger_than_the_kernel() {
    for (kernel, stride) in
        [([1, 1], [2, 3]), ([2, 2], [5, 4]), ([3, 3], [4, 5]), ([3, 3], [7, 1]), ([5, 5], [9, 6]), ([1, 3], [2, 19])]
    {
        for (turn, padding) in PADDINGS.into_iter().enumerate() {
            let spec = DepthwiseSpec::new(in_turn(&CHANNELS, turn), kernel).stride(stride).padding(padding);
            check_on_fitting_map(spec, [11, 45]);
        }
    }
}

/// TensorFlow's `SAME` on every size, with odd and even totals and totals of nothing.
#[test]
fn same_padding_on_every_size() {
    for size in 1..=12 {
        for (kernel, stride) in
            [([3, 3], 1), ([3, 3], 2), ([5, 5], 2), ([2, 2], 2), ([4, 3], 3), ([1, 1], 2), ([7, 7], 2)]
        {
            for dilation in [1, 2] {
                let spec = DepthwiseSpec::new(5, kernel).stride([stride; 2]).dilation([dilation; 2]);
                Case::new(spec.padding(Padding::Same), [size, 13 - size]).check_both_layouts();
            }
        }
    }
}

/// Maps long enough that dilated lines are made as interleaved ones without gaps, whole tiles of them and cut ones.
#[test]
fn long_dilated_lines() {
    let mut turn = 0;
    for taps in [3, 5, 7] {
        for stride in 1..=3 {
            for dilation in 2..=4 {
                for outputs in [30, 43] {
                    let spec = DepthwiseSpec::new(in_turn(&CHANNELS, turn), [taps; 2]).multiplier(1 + turn % 2);
                    let spec = spec.padding(in_turn(&PADDINGS, turn));
                    // Long rows, then long columns.
                    let (short, long) = ([1, stride], [1, dilation]);
                    check_on_fitting_map(spec.stride(short).dilation(long), [1, outputs * stride]);
                    let (short, long) = ([stride, 1], [dilation, 1]);
                    check_on_fitting_map(spec.stride(short).dilation(long), [outputs * stride, 1]);
                    turn += 1;
                }
            }
        }
    }
}

/// Windows of one column, on maps tall enough for whole tiles down the map.
#[test]
fn windows_of_one_column() {
    let mut turn = 0;
    for taps in [2, 3, 5, 7, 9] {
        for stride in [1, 2, 3] {
            for dilation in [1, 2, 3] {
                let spec = DepthwiseSpec::new(in_turn(&[20, 3, 17, 40], turn), [taps, 1]).multiplier(1 + turn % 3 / 2);
                let spec = spec.stride([stride, 1 + turn % 2]).dilation([dilation, 1]);
                check_on_fitting_map(spec.padding(in_turn(&PADDINGS, turn)), [31 * stride, turn % 4]);
                turn += 1;
            }
        }
    }
}
