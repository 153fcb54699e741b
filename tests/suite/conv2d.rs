//! Dense convolution: channels, maps and windows around every tile of the implicit matrix product.

use crate::support::{ACTIVATIONS, Case, in_turn, input_for, sizes_around_tiles};
use sepconv::{Conv2dSpec, Padding};

const PADDINGS: [Padding; 5] = [
    Padding::Same,
    Padding::Valid,
    Padding::Explicit { top: 1, left: 1, bottom: 1, right: 1 },
    Padding::Explicit { top: 2, left: 0, bottom: 1, right: 3 },
    Padding::Explicit { top: 5, left: 9, bottom: 7, right: 6 },
];

fn check_on_fitting_map(spec: Conv2dSpec, slack: [usize; 2]) {
    let span = spec.window.span().expect("small windows have a span");
    Case::new(spec, [span[0] + slack[0], span[1] + slack[1]]).check_both_layouts();
}

#[test]
fn channels_around_every_tile() {
    let mut turn = 0;
    for inputs in [1, 2, 3, 4, 7, 8, 15, 16, 17, 33] {
        for outputs in (1..=18).chain([31, 32, 33, 34, 47, 48, 49, 63, 64, 65]) {
            let spec = Conv2dSpec::new(inputs, outputs, in_turn(&[[3, 3], [2, 2], [3, 3], [1, 3]], turn));
            let spec = spec.stride([1 + turn % 2; 2]).padding(in_turn(&PADDINGS, turn));
            Case::new(spec, [4, 7]).tensorflow(turn % 2 == 0).check_both_layouts();
            turn += 1;
        }
    }
}

#[test]
fn output_sizes_around_every_tile() {
    for (turn, size) in sizes_around_tiles().enumerate() {
        for output in [[1, size], [size, 2], [3, size], [size, 1 + turn % 7]] {
            for (kernel, stride) in
                [([3, 3], [1, 1]), ([3, 3], [2, 2]), ([5, 5], [1, 1]), ([1, 1], [1, 1]), ([2, 3], [2, 1])]
            {
                let spec = Conv2dSpec::new(3, 18, kernel).stride(stride).padding(in_turn(&PADDINGS, turn));
                Case::new(spec, input_for(&spec.window, output)).check_both_layouts();
            }
        }
    }
}

#[test]
fn every_kernel_up_to_7x7() {
    let strides = [[1, 1], [2, 2], [1, 2], [3, 1], [2, 3]];
    let dilations = [[1, 1], [1, 2], [2, 1], [3, 3]];
    let mut turn = 0;
    for kh in 1..=7 {
        for kw in 1..=7 {
            for _ in 0..2 {
                let spec = Conv2dSpec::new(1 + turn % 5, in_turn(&[4, 17, 9], turn), [kh, kw]);
                let spec = spec.stride(in_turn(&strides, turn)).dilation(in_turn(&dilations, turn / 3));
                check_on_fitting_map(spec.padding(in_turn(&PADDINGS, turn)), [turn % 4, turn % 7]);
                turn += 1;
            }
        }
    }
}

#[test]
fn large_and_flat_kernels() {
    for kernel in [[9, 9], [11, 11], [1, 9], [9, 1], [1, 31], [31, 1], [8, 3]] {
        for padding in [Padding::Valid, Padding::Same, Padding::uniform(14)] {
            let spec = Conv2dSpec::new(2, 5, kernel).stride([2, 1]).padding(padding);
            check_on_fitting_map(spec, [3, 6]);
        }
    }
}

#[test]
fn every_stride_and_dilation_up_to_3() {
    let mut turn = 0;
    for stride in (0..9).map(|i| [1 + i / 3, 1 + i % 3]) {
        for dilation in (0..9).map(|i| [1 + i / 3, 1 + i % 3]) {
            let spec = Conv2dSpec::new(3, 6, in_turn(&[[3, 3], [2, 4]], turn)).stride(stride).dilation(dilation);
            check_on_fitting_map(spec.padding(in_turn(&PADDINGS, turn)), [turn % 5, 4 + turn % 9]);
            turn += 1;
        }
    }
}

#[test]
fn small_maps_under_large_paddings() {
    for size in [[1, 1], [1, 4], [3, 1], [2, 2]] {
        for padding in [Padding::Same, Padding::uniform(7), Padding::Explicit { top: 0, left: 20, bottom: 9, right: 1 }]
        {
            for (kernel, stride) in [([3, 3], 1), ([3, 3], 2), ([5, 5], 1), ([7, 7], 2), ([2, 4], 3)] {
                let spec = Conv2dSpec::new(3, 17, kernel).stride([stride; 2]).padding(padding);
                Case::new(spec, size).check_both_layouts();
            }
        }
    }
}

#[test]
fn strides_larger_than_the_kernel() {
    for (kernel, stride) in [([1, 1], [2, 3]), ([2, 2], [5, 4]), ([3, 3], [4, 7]), ([1, 3], [2, 19])] {
        for padding in PADDINGS {
            check_on_fitting_map(Conv2dSpec::new(4, 10, kernel).stride(stride).padding(padding), [9, 40]);
        }
    }
}

#[test]
fn activations_bias_and_batches() {
    for (turn, activation) in ACTIVATIONS.into_iter().enumerate() {
        for bias in [true, false] {
            for outputs in [1, 8, 35] {
                let spec = Conv2dSpec::new(3, outputs, [3, 3]).activation(activation).padding(Padding::Same);
                Case::new(spec, [5, 9]).bias([bias; 2]).batch(1 + turn % 3).check_both_layouts();
            }
        }
    }
}

/// Stems of networks on smaller pictures, and a layer with many channels.
#[test]
fn real_layers() {
    for (inputs, outputs, kernel, stride, size) in
        [(3, 32, 3, 2, 45), (3, 64, 7, 2, 33), (3, 48, 4, 4, 32), (64, 65, 3, 1, 14), (130, 40, 3, 2, 9)]
    {
        let spec = Conv2dSpec::new(inputs, outputs, [kernel; 2]).stride([stride; 2]).padding(Padding::Same);
        Case::new(spec, [size, size + 3]).check_both_layouts();
    }
}
