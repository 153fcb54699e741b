//! Draws random problems: all parameters at once, sizes around those of vectors and tiles, small enough for the reference.

use crate::problem::{Op, Parameters, WeightOrder, Work, explicit_padding, seeded};
use rand::RngExt;
use rand::rngs::StdRng;
use sepconv::{Activation, Conv2dSpec, DepthwiseSpec, Padding, PointwiseSpec, SeparableSpec, Shape, Window};

/// One random problem with its data.
#[derive(Debug, Clone)]
pub struct Case {
    /// Seed that draws this case as the first one.
    pub seed: u64,
    /// Operation and parameters; the layout is chosen when it is checked.
    pub work: Work,
    /// Shape of the input.
    pub input: Shape,
    /// Weights and biases.
    pub parameters: Parameters,
    /// Input values in the order n, c, y, x.
    pub values: Vec<f32>,
    /// All values are small whole numbers: every sum is exact and results must agree bit for bit.
    pub exact: bool,
    /// Threads to run on.
    pub threads: usize,
    /// Elements left free behind every pixel or row, and behind every map, of input and output.
    pub gaps: [usize; 2],
}

/// Multiplications above which a problem is made smaller: the reference takes some nanoseconds each.
const MOST_MULTIPLICATIONS: u64 = 1 << 20;

impl Case {
    /// The problem of a seed, with one of these operations.
    pub fn draw(seed: u64, ops: &[Op]) -> Self {
        let op = ops[seeded(seed, "operation").random_range(0..ops.len())];
        // The rest depends on seed and operation only: the same whatever other operations were allowed.
        let mut rng = seeded(seed, op.name());
        let exact = rng.random_bool(0.3);
        let (work, input) = loop {
            let (work, input) = draw_work(op, exact, &mut rng);
            let count = work.multiplications(input).map(|count| count.nominal);
            if count.is_ok_and(|count| count <= MOST_MULTIPLICATIONS) {
                break (work, input);
            }
        };
        let parameters = draw_parameters(&work, exact, &mut rng);
        let len = input.n * input.c * input.h * input.w;
        let values = (0..len).map(|_| value(exact, 8, &mut rng)).collect();
        let gap = |rng: &mut StdRng| if rng.random_bool(0.5) { 0 } else { rng.random_range(1..20) };
        let gaps = [gap(&mut rng), gap(&mut rng)];
        Self { seed, work, input, parameters, values, exact, threads: rng.random_range(1..=3), gaps }
    }
}

fn draw_work(op: Op, exact: bool, rng: &mut StdRng) -> (Work, Shape) {
    let depthwise = |rng: &mut StdRng| {
        let multiplier = if rng.random_bool(0.6) { 1 } else { rng.random_range(2..=4) };
        let mut spec = DepthwiseSpec::new(channels(rng), [1, 1]).multiplier(multiplier);
        spec.window = draw_window(rng);
        spec.activation(draw_activation(exact, rng))
    };
    match op {
        Op::Dw => {
            let spec = depthwise(rng);
            (Work::Depthwise(spec), draw_input(spec.channels, &spec.window, rng))
        }
        Op::Pw => {
            let stride = if rng.random_bool(0.7) { [1, 1] } else { [rng.random_range(1..=3), rng.random_range(1..=3)] };
            let spec = PointwiseSpec::new(channels(rng), channels(rng)).stride(stride);
            let spec = spec.activation(draw_activation(exact, rng));
            (Work::Pointwise(spec), draw_input(spec.in_channels, &spec.window(), rng))
        }
        Op::Sep => {
            let depthwise = depthwise(rng);
            let stride = if rng.random_bool(0.9) { [1, 1] } else { [rng.random_range(1..=2), 2] };
            let pointwise = PointwiseSpec::new(depthwise.channels * depthwise.multiplier, channels(rng));
            let pointwise = pointwise.stride(stride).activation(draw_activation(exact, rng));
            let input = draw_input(depthwise.channels, &depthwise.window, rng);
            (Work::Separable(SeparableSpec::new(depthwise, pointwise)), input)
        }
        Op::Conv => {
            let mut spec = Conv2dSpec::new(channels(rng), channels(rng), [1, 1]);
            spec.window = draw_window(rng);
            let input = draw_input(spec.in_channels, &spec.window, rng);
            (Work::Conv2d(spec.activation(draw_activation(exact, rng))), input)
        }
    }
}

/// One less, equal to and one more than a multiple of a vector's lanes are the interesting ones.
fn channels(rng: &mut StdRng) -> usize {
    match rng.random_range(0..4) {
        0 => rng.random_range(1..=5),
        1 => rng.random_range(1..=48),
        2 => 8 * rng.random_range(1..=16) + rng.random_range(0..=2) - 1,
        _ => 16 * rng.random_range(1..=6),
    }
}

fn draw_window(rng: &mut StdRng) -> Window {
    let kernel = match rng.random_range(0..3) {
        // The sizes that have kernels of their own, half of the time without anything unusual.
        0 => [[3, 5, 7][rng.random_range(0..3)]; 2],
        1 => [rng.random_range(1..=4), rng.random_range(1..=4)],
        _ => [rng.random_range(1..=9), rng.random_range(1..=9)],
    };
    let mut window = Window::new(kernel);
    if rng.random_bool(0.5) {
        window.stride = match rng.random_bool(0.6) {
            true => [2, 2],
            false => [rng.random_range(1..=4), rng.random_range(1..=4)],
        };
    }
    if rng.random_bool(0.25) {
        window.dilation = [rng.random_range(1..=3), rng.random_range(1..=3)];
    }
    window.padding = match rng.random_range(0..4) {
        0 => Padding::Valid,
        1 => Padding::Same,
        2 => {
            let most = kernel[0].max(kernel[1]);
            explicit_padding(std::array::from_fn(|_| rng.random_range(0..most)))
        }
        // Larger than many of the maps: rows and columns of outputs that see nothing but padding.
        _ => explicit_padding(std::array::from_fn(|_| rng.random_range(0..=12))),
    };
    window
}

/// A map that is large enough for the window, sometimes only just.
fn draw_input(channels: usize, window: &Window, rng: &mut StdRng) -> Shape {
    let n = if rng.random_bool(0.7) { 1 } else { rng.random_range(2..=3) };
    let mut shape = Shape::new(n, channels, rng.random_range(1..=20), rng.random_range(1..=36));
    while window.place([shape.h, shape.w]).is_err() {
        shape.h += 3;
        shape.w += 3;
    }
    shape
}

fn draw_activation(exact: bool, rng: &mut StdRng) -> Activation {
    let clamp = Activation::Clamp { lo: -4.0, hi: 5.0 };
    // A slope of ½ keeps halves of whole numbers, which are exact as well.
    let leaky = Activation::LeakyRelu { slope: if exact { 0.5 } else { rng.random_range(0.01..0.9) } };
    let exact_ones = [Activation::Identity, Activation::Relu, Activation::Relu6, clamp, leaky];
    let smooth_ones = [Activation::HardSwish, Activation::Silu];
    let all = if exact { exact_ones.len() } else { exact_ones.len() + smooth_ones.len() };
    let choice = rng.random_range(0..all);
    exact_ones.get(choice).copied().unwrap_or_else(|| smooth_ones[choice - exact_ones.len()])
}

fn draw_parameters(work: &Work, exact: bool, rng: &mut StdRng) -> Parameters {
    let order = if rng.random_bool(0.5) { WeightOrder::Torch } else { WeightOrder::TensorFlow };
    let mut parameters = Parameters { weights: vec![], biases: vec![], order };
    // Whole numbers stay exact below 2²⁴ = 16.7 million. One stage: at most 81·128 products of 8·8, 0.7 million. Two stages,
    // with weights up to 3: 81 products of 8·3 and a bias, 2 thousand; 512 products of that and 3, 3.1 million, in halves.
    let largest = if work.op() == Op::Sep { 3 } else { 8 };
    // All drawn specs are valid: `draw` has asked for their multiplications.
    for stage in work.stages().unwrap_or_default() {
        let scale = if exact { 1.0 } else { 3.0 / (stage.fan_in as f32).sqrt() };
        parameters.weights.push((0..stage.weights).map(|_| scale * value(exact, largest, rng)).collect());
        let bias = rng.random_bool(0.7).then(|| (0..stage.bias).map(|_| value(exact, 8, rng)).collect());
        parameters.biases.push(bias);
    }
    parameters
}

fn value(exact: bool, largest: i32, rng: &mut StdRng) -> f32 {
    if exact { rng.random_range(-largest..=largest) as f32 } else { rng.random_range(-1.0..1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_draws_the_same_case_whatever_operations_are_allowed() {
        for seed in 0..20 {
            let case = Case::draw(seed, &Op::ALL);
            let alone = Case::draw(seed, &[case.work.op()]);
            assert_eq!((case.work, case.input, case.threads), (alone.work, alone.input, alone.threads));
            assert_eq!(case.values, alone.values);
            assert_eq!(case.parameters, alone.parameters);
        }
    }

    #[test]
    fn drawn_cases_are_valid_and_varied() {
        let cases: Vec<Case> = (0..400).map(|seed| Case::draw(seed, &Op::ALL)).collect();
        assert!(cases.iter().all(|case| case.work.output_shape(case.input).is_ok()));
        let some = |what: &str, test: &dyn Fn(&Case) -> bool| {
            assert!(cases.iter().filter(|case| test(case)).count() >= 5, "too few cases with {what}");
        };
        some("batches", &|case| case.input.n > 1);
        some("whole numbers", &|case| case.exact);
        some("TensorFlow order", &|case| case.parameters.order == WeightOrder::TensorFlow);
        some("no bias", &|case| case.parameters.biases.contains(&None));
        some("gaps", &|case| case.gaps != [0, 0]);
        some("several threads", &|case| case.threads > 1);
        some("dilation", &|case| case.work.window().dilation != [1, 1]);
        some("multipliers", &|case| case.work.multiplier() > 1);
        some("strides above the kernel", &|case| {
            let window = case.work.window();
            window.stride[0] > window.kernel[0] && case.work.op() != Op::Pw
        });
        some("padding above the map", &|case| {
            let padding = crate::problem::resolved_padding(&case.work.window(), case.input).unwrap();
            padding[0] > case.input.h
        });
        for op in Op::ALL {
            some(op.name(), &|case| case.work.op() == op);
        }
    }
}
