//! All parameters of an operation together, at random: what the sweeps do not think of.
//!
//! The seed is fixed, so that a failure is the same everywhere; `PROPTEST_RNG_SEED` and `PROPTEST_CASES` change it.

use crate::support::{ACTIVATIONS, Case, input_for};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use sepconv::{Activation, Conv2dSpec, DepthwiseSpec, Layout, Padding, PointwiseSpec, SeparableSpec, Window};

const SEED: u64 = 0x5e9c_0417;

/// Checks as many random cases as the configuration says; the smallest failing one is in the panic's message.
fn check_all(cases: impl Strategy<Value = Case>) {
    let mut config = ProptestConfig { failure_persistence: None, max_shrink_iters: 400, ..ProptestConfig::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(SEED);
    }
    eprintln!("{} cases, {:?}", config.cases, config.rng_seed);
    let checked = TestRunner::new(config).run(&cases, |case| {
        case.check();
        Ok(())
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
}

fn layout() -> impl Strategy<Value = Layout> {
    prop::sample::select(Layout::ALL.to_vec())
}

fn activation() -> impl Strategy<Value = Activation> {
    prop_oneof![
        3 => prop::sample::select(ACTIVATIONS.to_vec()),
        1 => (-9i8..9, 0i8..9).prop_map(|(lo, above)| Activation::Clamp { lo: lo.into(), hi: (lo + above).into() }),
        1 => (-2.0f32..2.0).prop_map(|slope| Activation::LeakyRelu { slope }),
    ]
}

fn padding() -> impl Strategy<Value = Padding> {
    prop_oneof![
        2 => Just(Padding::Valid),
        2 => Just(Padding::Same),
        2 => (0usize..4).prop_map(Padding::uniform),
        3 => prop::array::uniform4(0usize..10)
            .prop_map(|[top, left, bottom, right]| Padding::Explicit { top, left, bottom, right }),
    ]
}

/// A window and a map on which it fits, with up to `outputs` rows and columns of output (more where padding alone gives them).
fn window_on_map(outputs: [usize; 2]) -> impl Strategy<Value = (Window, [usize; 2])> {
    let kernel = prop_oneof![
        4 => prop::sample::select(vec![[3usize, 3], [5, 5], [7, 7]]),
        4 => prop::array::uniform2(1usize..=7),
        1 => [1usize..=11, 1usize..=11],
    ];
    let stride = prop_oneof![
        3 => (1usize..=2).prop_map(|both| [both; 2]),
        2 => prop::array::uniform2(1usize..=3),
        1 => prop::array::uniform2(1usize..=9),
    ];
    let dilation = prop_oneof![3 => Just([1usize; 2]), 1 => prop::array::uniform2(1usize..=3)];
    let output = [1..=outputs[0], 1..=outputs[1]];
    let slack = prop::array::uniform2(0usize..4);
    (kernel, stride, dilation, padding(), output, slack).prop_map(
        |(kernel, stride, dilation, padding, output, slack)| {
            let mut window = Window::new(kernel);
            window.stride = stride;
            window.dilation = dilation;
            window.padding = padding;
            let [h, w] = input_for(&window, output);
            (window, [h + slack[0].min(stride[0] - 1), w + slack[1].min(stride[1] - 1)])
        },
    )
}

fn with_window(mut spec: DepthwiseSpec, window: Window) -> DepthwiseSpec {
    spec.window = window;
    spec
}

/// Batch, biases and order of weights, shared by all operations.
fn on(spec: impl Into<crate::support::Spec>, size: [usize; 2], rest: (usize, [bool; 2], bool)) -> Case {
    let (batch, bias, tensorflow) = rest;
    Case::new(spec, size).batch(batch).bias(bias).tensorflow(tensorflow)
}

fn rest() -> impl Strategy<Value = (usize, [bool; 2], bool)> {
    (1usize..=3, any::<[bool; 2]>(), any::<bool>())
}

fn channels() -> impl Strategy<Value = usize> {
    prop_oneof![2 => 1usize..=6, 3 => 1usize..=40, 1 => 60usize..=66]
}

#[test]
fn depthwise() {
    let multiplier = prop_oneof![4 => Just(1usize), 2 => 2usize..=4, 1 => prop::sample::select(vec![5usize, 17])];
    let cases = (channels(), multiplier, window_on_map([20, 36]), activation(), layout(), rest());
    check_all(cases.prop_map(|(channels, multiplier, (window, size), activation, layout, rest)| {
        let spec = with_window(DepthwiseSpec::new(channels, [1, 1]), window);
        on(spec.multiplier(multiplier).activation(activation).layout(layout), size, rest)
    }));
}

#[test]
fn pointwise() {
    let inputs = prop_oneof![3 => 1usize..=70, 1 => 100usize..=700];
    let stride = prop_oneof![2 => Just([1usize; 2]), 1 => prop::array::uniform2(1usize..=4)];
    let size = [1usize..=12, 1usize..=40];
    let cases = (inputs, 1usize..=70, stride, size, activation(), layout(), rest());
    check_all(cases.prop_map(|(inputs, outputs, stride, size, activation, layout, rest)| {
        let spec = PointwiseSpec::new(inputs, outputs).stride(stride);
        on(spec.activation(activation).layout(layout), size, rest)
    }));
}

#[test]
fn conv2d() {
    let cases = (1usize..=18, 1usize..=40, window_on_map([8, 20]), activation(), layout(), rest());
    check_all(cases.prop_map(|(inputs, outputs, (window, size), activation, layout, rest)| {
        let mut spec = Conv2dSpec::new(inputs, outputs, [1, 1]);
        spec.window = window;
        on(spec.activation(activation).layout(layout), size, rest)
    }));
}

#[test]
fn separable() {
    let multiplier = prop_oneof![4 => Just(1usize), 1 => 2usize..=4];
    let stride = prop_oneof![4 => Just([1usize; 2]), 1 => prop::array::uniform2(1usize..=3)];
    let depthwise = (channels(), multiplier, window_on_map([16, 24]), activation());
    let pointwise = (1usize..=50, stride, activation());
    check_all((depthwise, pointwise, layout(), rest()).prop_map(|(depthwise, pointwise, layout, rest)| {
        let (channels, multiplier, (window, size), first) = depthwise;
        let (outputs, stride, second) = pointwise;
        let depthwise = with_window(DepthwiseSpec::new(channels, [1, 1]), window).multiplier(multiplier);
        let pointwise = PointwiseSpec::new(channels * multiplier, outputs).stride(stride);
        let spec =
            SeparableSpec::new(depthwise.activation(first).layout(layout), pointwise.activation(second).layout(layout));
        on(spec, size, rest)
    }));
}
