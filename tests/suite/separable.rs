//! Separable convolution: both stages' parameters, bands of every height, and maps larger than a cache.

use crate::support::executors::Reverse;
use crate::support::{ACTIVATIONS, Case, Data, Problem, View, in_turn, input_for, same_bits, sizes_around_tiles};
use sepconv::{
    Activation, DepthwiseSpec, Error, Fusion, Isa, Layout, Padding, PointwiseSpec, Separable, SeparableSpec, Serial,
    Shape, Weights,
};

fn spec(depthwise: DepthwiseSpec, outputs: usize) -> SeparableSpec {
    SeparableSpec::new(depthwise, PointwiseSpec::new(depthwise.channels * depthwise.multiplier, outputs))
}

#[test]
fn channels_around_every_tile() {
    let mut turn = 0;
    for channels in (1..=18).chain([31, 32, 33, 48, 65]) {
        for outputs in [1, 2, 3, 5, 8, 15, 16, 17, 31, 32, 33, 34, 49, 65] {
            let (kernel, stride) = in_turn(&[([3, 3], 1), ([3, 3], 2), ([5, 5], 1), ([2, 3], 1), ([7, 7], 1)], turn);
            let depthwise = DepthwiseSpec::new(channels, kernel).stride([stride; 2]).padding(Padding::Same);
            let case = Case::new(spec(depthwise, outputs), [5, 3 + turn % 7]);
            case.tensorflow(turn % 2 == 0).check_both_layouts();
            turn += 1;
        }
    }
}

#[test]
fn output_sizes_around_every_tile() {
    for (turn, size) in sizes_around_tiles().enumerate() {
        for output in [[1, size], [size, 3], [2, size], [size, 1 + turn % 7]] {
            for (kernel, stride) in [([3, 3], 1), ([3, 3], 2), ([5, 5], 1), ([5, 5], 2), ([7, 7], 1), ([3, 4], 1)] {
                let padding = in_turn(&[Padding::Same, Padding::Valid, Padding::uniform(1)], turn);
                let depthwise = DepthwiseSpec::new(18, kernel).stride([stride; 2]).padding(padding);
                let map = input_for(&depthwise.window, output);
                Case::new(spec(depthwise, 9), map).check_both_layouts();
            }
        }
    }
}

#[test]
fn all_window_parameters() {
    let kernels = [[3, 3], [1, 1], [2, 2], [5, 5], [1, 7], [6, 1], [9, 9], [7, 7], [4, 3], [11, 2]];
    let strides = [[1, 1], [2, 2], [1, 3], [3, 2], [4, 5], [2, 1], [1, 1]];
    let dilations = [[1, 1], [2, 1], [3, 3]];
    let paddings = [
        Padding::Same,
        Padding::Valid,
        Padding::Explicit { top: 3, left: 0, bottom: 1, right: 2 },
        Padding::uniform(12),
        Padding::Explicit { top: 0, left: 9, bottom: 0, right: 0 },
    ];
    for turn in 0..420 {
        let depthwise = DepthwiseSpec::new(in_turn(&[1, 3, 8, 17], turn / 7), in_turn(&kernels, turn))
            .multiplier(in_turn(&[1, 1, 2, 1, 3], turn / 3))
            .stride(in_turn(&strides, turn))
            .dilation(in_turn(&dilations, turn))
            .padding(in_turn(&paddings, turn / 2));
        let span = depthwise.window.span().expect("small windows have a span");
        let map = [span[0] + turn % 6, span[1] + turn % 11];
        let case = Case::new(spec(depthwise, in_turn(&[4, 16, 19], turn)), map);
        case.batch(1 + turn % 3).bias([turn % 2 == 0, turn % 3 == 0]).check_both_layouts();
    }
}

#[test]
fn maps_of_one_pixel() {
    for channels in [1, 5, 16, 33] {
        for padding in [Padding::Same, Padding::uniform(3)] {
            let depthwise = DepthwiseSpec::new(channels, [3, 3]).padding(padding);
            Case::new(spec(depthwise, 7), [1, 1]).check_both_layouts();
        }
    }
}

#[test]
fn strided_pointwise_stage() {
    for stride in [[2, 2], [1, 3], [3, 1], [5, 5]] {
        for size in [[9, 9], [4, 17], [12, 5]] {
            let depthwise = DepthwiseSpec::new(10, [3, 3]).padding(Padding::Same);
            let pointwise = PointwiseSpec::new(10, 21).stride(stride);
            Case::new(SeparableSpec::new(depthwise, pointwise), size).batch(2).check_both_layouts();
        }
    }
}

#[test]
fn multipliers() {
    for multiplier in [2, 3, 4, 5, 17] {
        for channels in [1, 3, 8, 9] {
            let depthwise = DepthwiseSpec::new(channels, [3, 3]).multiplier(multiplier).padding(Padding::Same);
            Case::new(spec(depthwise, 11), [6, 9]).check_both_layouts();
        }
    }
}

#[test]
fn every_pair_of_activations() {
    for first in ACTIVATIONS {
        for second in ACTIVATIONS {
            let depthwise = DepthwiseSpec::new(11, [3, 3]).padding(Padding::Same).activation(first);
            let pointwise = PointwiseSpec::new(11, 18).activation(second);
            for bias in [[true, true], [true, false], [false, true], [false, false]] {
                Case::new(SeparableSpec::new(depthwise, pointwise), [5, 7]).bias(bias).check_both_layouts();
            }
        }
    }
}

/// Blocks of MobileNet's proportions: many bands, middle results larger than the first and second cache.
#[test]
fn real_layers() {
    for (channels, outputs, size, kernel, stride) in
        [(32, 24, 56, 3, 1), (64, 33, 57, 3, 2), (200, 130, 14, 3, 1), (96, 17, 40, 5, 1), (40, 48, 30, 7, 1)]
    {
        let depthwise = DepthwiseSpec::new(channels, [kernel; 2]).stride([stride; 2]).padding(Padding::Same);
        let pointwise = PointwiseSpec::new(channels, outputs).activation(Activation::Relu6);
        let block = SeparableSpec::new(depthwise.activation(Activation::Relu6), pointwise);
        Case::new(block, [size, size + 1]).check_both_layouts();
    }
}

/// Bands of every height, whole maps, and any number of threads: the same bits.
#[test]
fn fusion_changes_no_bit() {
    let specs = [
        spec(DepthwiseSpec::new(35, [3, 3]).padding(Padding::Same), 40),
        spec(DepthwiseSpec::new(256, [3, 3]).stride([2, 2]).padding(Padding::Same), 33),
        SeparableSpec::new(DepthwiseSpec::new(18, [5, 5]), PointwiseSpec::new(18, 24).stride([2, 3])),
    ];
    for (spec, layout) in specs.iter().flat_map(|spec| Layout::ALL.map(|layout| (spec, layout))) {
        let case = |fusion| Case::new(spec.fusion(fusion), [23, 21]).with_layout(layout).batch(2);
        let expected = Problem::new(&case(Fusion::Off), Data::Reals).expected();
        for &isa in Isa::available() {
            let results =
                [Fusion::Off, Fusion::Auto, Fusion::Rows(1), Fusion::Rows(4), Fusion::Rows(99)].map(|fusion| {
                    let problem = Problem::new(&case(fusion), Data::Reals);
                    let operator = problem.operator(isa);
                    let serial = problem.run(&*operator, [View::PACKED; 2], &Serial);
                    problem.compare(&expected, &serial).unwrap_or_else(|error| panic!("{isa} {fusion:?} {error}"));
                    let split = problem.run(&*operator, [View::PACKED; 2], &Reverse { threads: 3 });
                    assert!(same_bits(&serial, &split), "{isa} {fusion:?} threads change bits");
                    serial
                });
            for other in &results[1..] {
                assert!(same_bits(&results[0], other), "{isa} {layout} fusion changes bits: {spec:?}");
            }
        }
    }
}

#[test]
fn operators_say_how_they_fuse() {
    let spec = spec(DepthwiseSpec::new(8, [3, 3]).padding(Padding::uniform(1)), 4);
    let shape = Shape::new(1, 8, 20, 20);
    let rows = |fusion, threads| {
        let (depthwise, pointwise) = ([1.0; 72], [1.0; 32]);
        let weights = [Weights::torch(&depthwise), Weights::torch(&pointwise)];
        Separable::new(&spec.fusion(fusion), weights, [None, None]).unwrap().band_rows(shape, threads)
    };
    assert_eq!(rows(Fusion::Off, 1), Ok(None));
    assert_eq!(rows(Fusion::Rows(6), 1), Ok(Some(5)), "four bands of five rows");
    assert_eq!(rows(Fusion::Auto, 1), Ok(Some(20)), "a small map in one piece");
    let zero = spec.fusion(Fusion::Rows(0)).check();
    assert_eq!(zero, Err(Error::ZeroDimension { what: "rows of a fused band" }));
}
