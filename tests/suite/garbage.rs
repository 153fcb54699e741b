//! Numbers that nobody would write: every public function answers them with a result or an error, never with a panic.

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use sepconv::{
    Activation, Conv2d, Conv2dSpec, Depthwise, DepthwiseSpec, Layout, Operator, Padding, Pointwise, PointwiseSpec,
    Separable, SeparableSpec, Serial, Shape, Strides, TensorMut, TensorRef, Weights, Window, Workspace, cost,
};

/// More elements than this are not allocated: the sizes are only asked about.
const SMALL: usize = 1 << 14;

/// More multiplications than this are not run.
const SHORT: u64 = 1 << 18;

fn check_all<T: std::fmt::Debug>(values: impl Strategy<Value = T>, check: impl Fn(T)) {
    let mut config = ProptestConfig { failure_persistence: None, cases: 4000, ..ProptestConfig::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(0x0bad_5eed);
    }
    let checked = TestRunner::new(config).run(&values, |value| {
        check(value);
        Ok(())
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
}

/// Mostly small, sometimes 0, sometimes around a power of two, sometimes the largest.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![
        12 => 1usize..=4,
        4 => 0usize..=20,
        1 => (0u32..usize::BITS, -1isize..=1).prop_map(|(bit, by)| (1usize << bit).wrapping_add_signed(by)),
        1 => (0usize..=4).prop_map(|below| usize::MAX - below),
        1 => any::<usize>(),
    ]
}

fn pair() -> impl Strategy<Value = [usize; 2]> {
    prop::array::uniform2(size())
}

fn activation() -> impl Strategy<Value = Activation> {
    prop_oneof![
        Just(Activation::Identity),
        Just(Activation::Silu),
        (any::<f32>(), any::<f32>()).prop_map(|(lo, hi)| Activation::Clamp { lo, hi }),
        any::<f32>().prop_map(|slope| Activation::LeakyRelu { slope }),
        Just(Activation::Clamp { lo: f32::NAN, hi: 1.0 }),
    ]
}

fn padding() -> impl Strategy<Value = Padding> {
    prop_oneof![
        Just(Padding::Valid),
        Just(Padding::Same),
        prop::array::uniform4(size()).prop_map(|[top, left, bottom, right]| Padding::Explicit {
            top,
            left,
            bottom,
            right
        }),
    ]
}

fn window() -> impl Strategy<Value = Window> {
    (pair(), pair(), pair(), padding()).prop_map(|(kernel, stride, dilation, padding)| {
        let mut window = Window::new(kernel);
        window.stride = stride;
        window.dilation = dilation;
        window.padding = padding;
        window
    })
}

fn shape() -> impl Strategy<Value = Shape> {
    prop::array::uniform4(size()).prop_map(|[n, c, h, w]| Shape::new(n, c, h, w))
}

fn layout() -> impl Strategy<Value = Layout> {
    prop::sample::select(Layout::ALL.to_vec())
}

/// What the pure questions about a spec and a map were answered.
struct Answers {
    valid: sepconv::Result<()>,
    weights: sepconv::Result<usize>,
    output: sepconv::Result<Shape>,
    cost: sepconv::Result<cost::Multiplications>,
}

impl Answers {
    /// A spec that is refused gives no output, a map without output costs nothing that could be said.
    fn agree(&self) {
        assert!(self.valid.is_ok() || self.output.is_err());
        assert!(self.weights.is_ok() || self.valid.is_err());
        assert!(self.output.is_ok() || self.cost.is_err());
        if let Ok(count) = self.cost {
            assert!(count.inside <= count.nominal);
        }
    }

    /// Elements of the weights, if it is a matter of little memory to make the operator.
    fn small_weights(&self) -> Option<usize> {
        self.weights.as_ref().ok().copied().filter(|&len| len <= SMALL)
    }

    /// Making the operator is refused for the same reason as the spec; an operator is asked everything, and run where
    /// that is a matter of little memory and time.
    fn check(&self, operator: sepconv::Result<impl Operator>, shape: Shape, threads: usize) {
        let operator = match operator {
            Ok(operator) => operator,
            Err(error) => {
                // As text: a NaN among the parameters does not equal itself.
                let valid = self.valid.as_ref().map_err(ToString::to_string);
                return assert_eq!(valid, Err(error.to_string()));
            }
        };
        assert_eq!(operator.output_shape(shape), self.output);
        let for_many = operator.workspace_len(shape, threads);
        assert!(for_many.is_err() || self.output.is_ok(), "a workspace for a run without an output");
        let (Ok(output), Ok(workspace)) = (&self.output, operator.workspace_len(shape, 1)) else { return };
        let small = |len: sepconv::Result<usize>| len.is_ok_and(|len| len <= SMALL);
        let short = self.cost.as_ref().is_ok_and(|count| count.nominal <= SHORT);
        if small(shape.len()) && small(output.len()) && short && workspace <= 64 * SMALL {
            run(&operator, shape, *output, workspace);
        }
    }
}

/// Ones through positive weights: every output is a number, so none was left as it was.
fn run(operator: &impl Operator, shape: Shape, output: Shape, workspace: usize) {
    let data = vec![1.0; shape.len().expect("a small shape")];
    let mut result = vec![f32::NAN; output.len().expect("a small shape")];
    let input = TensorRef::new(&data, shape, operator.layout()).expect("exact length");
    let mut tensor = TensorMut::new(&mut result, output, operator.layout()).expect("exact length");
    operator.run(&input, &mut tensor, &mut Workspace::new(workspace), &Serial).expect("a valid run");
    assert!(result.iter().all(|y| !y.is_nan()), "an element was not written");
}

#[test]
fn depthwise() {
    let values = (size(), size(), window(), activation(), layout(), shape(), size(), any::<bool>());
    check_all(values, |(channels, multiplier, window, activation, layout, mut shape, threads, fits)| {
        let mut spec = DepthwiseSpec::new(channels, [1, 1]).multiplier(multiplier);
        spec.window = window;
        let spec = spec.activation(activation).layout(layout);
        if fits {
            shape.c = channels;
        }
        let answers = Answers {
            valid: spec.check(),
            weights: spec.weights_len(),
            output: spec.output_shape(shape),
            cost: cost::depthwise(&spec, shape),
        };
        answers.agree();
        if let Some(len) = answers.small_weights() {
            answers.check(Depthwise::new(&spec, Weights::torch(&vec![0.5; len]), None), shape, threads);
        }
    });
}

#[test]
fn pointwise() {
    let values = (size(), size(), pair(), activation(), layout(), shape(), size(), any::<bool>());
    check_all(values, |(inputs, outputs, stride, activation, layout, mut shape, threads, fits)| {
        let spec = PointwiseSpec::new(inputs, outputs).stride(stride).activation(activation).layout(layout);
        if fits {
            shape.c = inputs;
        }
        let answers = Answers {
            valid: spec.check(),
            weights: spec.weights_len(),
            output: spec.output_shape(shape),
            cost: cost::pointwise(&spec, shape),
        };
        answers.agree();
        if let Some(len) = answers.small_weights() {
            answers.check(Pointwise::new(&spec, Weights::torch(&vec![0.5; len]), None), shape, threads);
        }
    });
}

#[test]
fn conv2d() {
    let values = (size(), size(), window(), activation(), layout(), shape(), size(), any::<bool>());
    check_all(values, |(inputs, outputs, window, activation, layout, mut shape, threads, fits)| {
        let mut spec = Conv2dSpec::new(inputs, outputs, [1, 1]);
        spec.window = window;
        let spec = spec.activation(activation).layout(layout);
        if fits {
            shape.c = inputs;
        }
        let answers = Answers {
            valid: spec.check(),
            weights: spec.weights_len(),
            output: spec.output_shape(shape),
            cost: cost::conv2d(&spec, shape),
        };
        answers.agree();
        if let Some(len) = answers.small_weights() {
            answers.check(Conv2d::new(&spec, Weights::tensorflow(&vec![0.5; len]), None), shape, threads);
        }
    });
}

#[test]
fn separable() {
    let first = (size(), size(), window(), activation(), layout());
    let second = (size(), size(), pair(), activation(), layout());
    check_all((first, second, shape(), size(), any::<[bool; 2]>()), |(first, second, mut shape, threads, fits)| {
        let (channels, multiplier, window, activation, layout) = first;
        let mut depthwise = DepthwiseSpec::new(channels, [1, 1]).multiplier(multiplier);
        depthwise.window = window;
        let depthwise = depthwise.activation(activation).layout(layout);
        let (mut inputs, outputs, stride, activation, mut layout) = second;
        if fits[0] {
            shape.c = channels;
        }
        if fits[1] {
            inputs = depthwise.out_channels().unwrap_or(inputs);
            layout = depthwise.layout;
        }
        let pointwise = PointwiseSpec::new(inputs, outputs).stride(stride).activation(activation).layout(layout);
        let spec = SeparableSpec::new(depthwise, pointwise);
        let lens = [depthwise.weights_len(), pointwise.weights_len()];
        let both = lens.iter().try_fold(0, |_, len| len.clone());
        let answers = Answers {
            valid: spec.check(),
            weights: both,
            output: spec.output_shape(shape),
            cost: cost::separable(&spec, shape),
        };
        answers.agree();
        if let [Ok(a @ ..=SMALL), Ok(b @ ..=SMALL)] = lens {
            let weights = [vec![0.5; a], vec![0.5; b]];
            let weights = weights.each_ref().map(|weights| Weights::torch(weights));
            answers.check(Separable::new(&spec, weights, [None; 2]), shape, threads);
        }
    });
}

#[test]
fn weights_and_biases_of_any_length() {
    let values = (1usize..=6, 1usize..=6, prop::array::uniform4(0usize..=40));
    check_all(values, |(channels, outputs, [a, b, c, d])| {
        let data = [0.5; 41];
        let (weights, bias) = ([Weights::torch(&data[..a]), Weights::tensorflow(&data[..b])], [&data[..c], &data[..d]]);
        let depthwise = DepthwiseSpec::new(channels, [2, 2]);
        let pointwise = PointwiseSpec::new(channels, outputs);
        let made = Depthwise::new(&depthwise, weights[0], Some(bias[0]));
        assert_eq!(made.is_ok(), a == 4 * channels && c == channels);
        let made = Pointwise::new(&pointwise, weights[1], Some(bias[1]));
        assert_eq!(made.is_ok(), b == channels * outputs && d == outputs);
        let made = Separable::new(&SeparableSpec::new(depthwise, pointwise), weights, bias.map(Some));
        let right = a == 4 * channels && c == channels && b == channels * outputs && d == outputs;
        assert_eq!(made.is_ok(), right);
        let made = Conv2d::new(&Conv2dSpec::new(channels, outputs, [1, 1]), weights[0], Some(bias[1]));
        assert_eq!(made.is_ok(), a == channels * outputs && d == outputs);
    });
}

/// Views of any dims and strides are refused or reach only elements of the slice.
#[test]
fn views() {
    let strides = prop::array::uniform4(size()).prop_map(|[n, c, h, w]| Strides { n, c, h, w });
    check_all((shape(), strides, 0usize..=300, layout()), |(shape, strides, len, layout)| {
        let mut data = vec![1.0; len];
        if let Ok(tensor) = TensorRef::strided(&data, shape, strides) {
            assert_eq!(tensor.at(shape.n - 1, shape.c - 1, shape.h - 1, shape.w - 1), 1.0);
            let spec = PointwiseSpec::new(shape.c, 1).layout(layout);
            if let Ok(operator) = Pointwise::new(&spec, Weights::torch(&vec![0.5; shape.c]), None) {
                let sum = 0.5 * shape.c as f32;
                if let Ok(result) = operator.run_to_vec(&tensor, &Serial) {
                    assert!(result.iter().all(|&y| y == sum));
                }
            }
        }
        assert_eq!(TensorRef::new(&data, shape, layout).is_ok(), shape.len() == Ok(len));
        assert_eq!(TensorMut::new(&mut data, shape, layout).is_ok(), shape.len() == Ok(len));
        let readable = TensorRef::strided(&data, shape, strides).is_ok();
        assert_eq!(TensorMut::strided(&mut data, shape, strides).is_ok(), readable);
    });
}

/// The stride of an axis with one position is never stepped over, so it may be any number.
#[test]
fn strides_of_single_rows_and_columns() {
    for (layout, kernel, step) in Layout::ALL
        .into_iter()
        .flat_map(|layout| [[3, 3], [4, 4], [5, 5]].map(|kernel| (layout, kernel)))
        .flat_map(|(layout, kernel)| [1, 2].map(|step| (layout, kernel, step)))
    {
        let spec = DepthwiseSpec::new(5, kernel).stride([step; 2]).padding(Padding::Same).layout(layout);
        let weights: Vec<f32> = (0..spec.weights_len().unwrap()).map(|i| (i % 7) as f32).collect();
        let operator = Depthwise::new(&spec, Weights::torch(&weights), None).unwrap();
        let data: Vec<f32> = (0..5 * 9).map(|i| (i % 5) as f32 - 2.0).collect();
        for shape in [Shape::new(1, 5, 1, 9), Shape::new(1, 5, 9, 1)] {
            let packed = TensorRef::new(&data, shape, layout).unwrap();
            let mut strides = packed.strides();
            if shape.h == 1 {
                strides.h = usize::MAX / 2 + 3;
            } else {
                strides.w = usize::MAX / 2 + 3;
            }
            let far = TensorRef::strided(&data, shape, strides).unwrap();
            let expected = operator.run_to_vec(&packed, &Serial).unwrap();
            assert_eq!(operator.run_to_vec(&far, &Serial).unwrap(), expected, "{spec:?} {shape}");
        }
    }
}
