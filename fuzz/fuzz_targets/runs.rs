//! Valid requests of every kind, run on every instruction set, as slices of larger tensors and on several threads: the bits of
//! the scalar reference on whole numbers, and nothing written between the outputs.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sepconv::{
    Activation, Conv2d, Conv2dSpec, Depthwise, DepthwiseSpec, Executor, Fusion, InvertedResidual, InvertedResidualSpec,
    Isa, Layout, Operator, Padding, Pointwise, PointwiseSpec, Result, Separable, SeparableSpec, Shape, Strides,
    TensorMut, TensorRef, Weights, Window, Workspace, reference,
};

#[derive(Debug, Arbitrary)]
struct Input {
    op: u8,
    layout: bool,
    batch: u8,
    size: [u8; 2],
    channels: u8,
    between: u8,
    outputs: u8,
    multiplier: u8,
    kernel: [u8; 2],
    stride: [u8; 2],
    dilation: [u8; 2],
    padding: [u8; 4],
    activations: [u8; 3],
    bias: u8,
    fused_rows: u8,
    gaps: [u8; 2],
    threads: u8,
    seed: u64,
}

/// Claims threads, and does all tasks itself, the last one first.
struct Reverse(usize);

impl Executor for Reverse {
    fn threads(&self) -> usize {
        self.0
    }

    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..tasks).rev().for_each(task);
    }
}

/// What the gaps of outputs hold.
const GUARD: f32 = -12345.0;

fn up_to(value: u8, most: usize) -> usize {
    1 + usize::from(value) % most
}

/// Activations that keep whole numbers whole; one for each kind of kernel.
fn activation(choice: u8) -> Activation {
    match choice % 4 {
        0 => Activation::Identity,
        1 => Activation::Relu,
        2 => Activation::Clamp { lo: -40.0, hi: 50.0 },
        _ => Activation::LeakyRelu { slope: -1.0 },
    }
}

impl Input {
    fn layout(&self) -> Layout {
        if self.layout { Layout::Hwc } else { Layout::Chw }
    }

    fn window(&self) -> Window {
        let mut window = Window::new(self.kernel.map(|size| up_to(size, 8)));
        window.stride = self.stride.map(|size| up_to(size, 4));
        window.dilation = self.dilation.map(|size| up_to(size, 3));
        let [top, left, bottom, right] = self.padding.map(|size| usize::from(size % 10));
        window.padding = Padding::Explicit { top, left, bottom, right };
        window
    }

    fn depthwise(&self, channels: usize) -> DepthwiseSpec {
        let mut spec = DepthwiseSpec::new(channels, [1, 1]).multiplier(up_to(self.multiplier, 3));
        spec.window = self.window();
        spec.activation(activation(self.activations[1])).layout(self.layout())
    }

    fn pointwise(&self, inputs: usize, outputs: usize, choice: u8) -> PointwiseSpec {
        PointwiseSpec::new(inputs, outputs).activation(activation(choice)).layout(self.layout())
    }

    fn shape(&self) -> Shape {
        let [h, w] = self.size.map(|size| up_to(size, 24));
        Shape::new(up_to(self.batch, 3), up_to(self.channels, 35), h, w)
    }

    fn fusion(&self) -> Fusion {
        match self.fused_rows % 6 {
            0 => Fusion::Off,
            1 => Fusion::Auto,
            rows => Fusion::Rows(usize::from(rows - 1)),
        }
    }
}

/// Whole numbers in ±2, from a seed.
struct Numbers(u64);

impl Numbers {
    fn take(&mut self, len: usize) -> Vec<f32> {
        let mut next = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 40) as i64 % 5 - 2
        };
        (0..len).map(|_| next() as f32).collect()
    }
}

fuzz_target!(|input: Input| {
    let (shape, mut numbers) = (input.shape(), Numbers(input.seed));
    let data = numbers.take(shape.len().unwrap());
    let view = TensorRef::new(&data, shape, input.layout()).unwrap();
    let has_bias = |stage: u8| input.bias >> stage & 1 == 1;
    let mut part = |stage: u8, weights: usize, outputs: usize| {
        (numbers.take(weights), has_bias(stage).then(|| numbers.take(outputs)))
    };
    match input.op % 5 {
        0 => {
            let spec = input.depthwise(shape.c);
            let (weights, bias) = part(0, spec.weights_len().unwrap(), spec.out_channels().unwrap());
            let (weights, bias) = (Weights::torch(&weights), bias.as_deref());
            let expected = reference::depthwise::<f32>(&spec, &view, weights, bias);
            compare(&input, &data, expected, &|isa| Depthwise::with_isa(&spec, weights, bias, isa));
        }
        1 => {
            let stride = input.stride.map(|size| up_to(size, 4));
            let outputs = up_to(input.outputs, 50);
            let spec = input.pointwise(shape.c, outputs, input.activations[0]).stride(stride);
            let (weights, bias) = part(0, spec.weights_len().unwrap(), outputs);
            let (weights, bias) = (Weights::torch(&weights), bias.as_deref());
            let expected = reference::pointwise::<f32>(&spec, &view, weights, bias);
            compare(&input, &data, expected, &|isa| Pointwise::with_isa(&spec, weights, bias, isa));
        }
        2 => {
            let outputs = up_to(input.outputs, 35);
            let mut spec = Conv2dSpec::new(shape.c, outputs, [1, 1]).layout(input.layout());
            spec.window = input.window();
            let spec = spec.activation(activation(input.activations[0]));
            let (weights, bias) = part(0, spec.weights_len().unwrap(), outputs);
            let (weights, bias) = (Weights::torch(&weights), bias.as_deref());
            let expected = reference::conv2d::<f32>(&spec, &view, weights, bias);
            compare(&input, &data, expected, &|isa| Conv2d::with_isa(&spec, weights, bias, isa));
        }
        3 => {
            let depthwise = input.depthwise(shape.c);
            let (middle, outputs) = (depthwise.out_channels().unwrap(), up_to(input.outputs, 35));
            let pointwise = input.pointwise(middle, outputs, input.activations[2]);
            let pointwise = pointwise.stride([1, 1 + usize::from(input.activations[0] & 1)]);
            let spec = SeparableSpec::new(depthwise, pointwise).fusion(input.fusion());
            let first = part(0, depthwise.weights_len().unwrap(), middle);
            let second = part(1, pointwise.weights_len().unwrap(), outputs);
            let weights = [Weights::torch(&first.0), Weights::torch(&second.0)];
            let bias = [first.1.as_deref(), second.1.as_deref()];
            let expected = reference::separable::<f32>(&spec, &view, weights, bias);
            compare(&input, &data, expected, &|isa| Separable::with_isa(&spec, weights, bias, isa));
        }
        _ => {
            let expanding = input.between % 4 != 0;
            let between = if expanding { up_to(input.between, 40) } else { shape.c };
            let depthwise = input.depthwise(between);
            let middle = depthwise.out_channels().unwrap();
            let mut spec = InvertedResidualSpec::new(
                expanding.then(|| input.pointwise(shape.c, between, input.activations[0])),
                depthwise,
                input.pointwise(middle, shape.c, input.activations[2]),
            )
            .residual(true)
            .fusion(input.fusion());
            if spec.output_shape(shape).is_err() {
                spec = spec.residual(false);
            }
            let first = part(0, spec.expand.map_or(0, |part| part.weights_len().unwrap()), between);
            let second = part(1, depthwise.weights_len().unwrap(), middle);
            let third = part(2, spec.project.weights_len().unwrap(), shape.c);
            let weights = [&first.0, &second.0, &third.0].map(|weights| Weights::torch(weights));
            let expand_bias = if expanding { first.1.as_deref() } else { None };
            let bias = [expand_bias, second.1.as_deref(), third.1.as_deref()];
            let expected = reference::inverted_residual::<f32>(&spec, &view, weights, bias);
            compare(&input, &data, expected, &|isa| InvertedResidual::with_isa(&spec, weights, bias, isa));
        }
    }
});

/// Strides with gaps behind pixels or rows, and behind maps.
fn gapped(shape: Shape, layout: Layout, [inner, outer]: [usize; 2]) -> Strides {
    match layout {
        Layout::Hwc => {
            let w = shape.c + inner;
            Strides { n: shape.h * shape.w * w + outer, c: 1, h: shape.w * w, w }
        }
        Layout::Chw => {
            let h = shape.w + inner;
            Strides { n: shape.c * shape.h * h + outer, c: shape.h * h, h, w: 1 }
        }
    }
}

/// Offsets of all elements, in the order of a tensor without gaps.
fn offsets(shape: Shape, layout: Layout, strides: Strides) -> Vec<usize> {
    let Shape { n, c, h, w } = shape;
    let place = |i: usize| {
        let (image, rest) = (i / (c * h * w), i % (c * h * w));
        let [channel, y, x] = match layout {
            Layout::Hwc => [rest % c, rest / c / w, rest / c % w],
            Layout::Chw => [rest / (h * w), rest / w % h, rest % w],
        };
        image * strides.n + channel * strides.c + y * strides.h + x * strides.w
    };
    (0..n * c * h * w).map(place).collect()
}

/// Every instruction set gives the reference's bits, or the same error.
fn compare<O: Operator>(input: &Input, data: &[f32], expected: Result<Vec<f32>>, make: &dyn Fn(Isa) -> Result<O>) {
    let (shape, layout) = (input.shape(), input.layout());
    for &isa in Isa::available() {
        let operator = make(isa).unwrap();
        let (expected, output) = match (&expected, operator.output_shape(shape)) {
            (Ok(expected), Ok(output)) => (expected, output),
            (Err(expected), Err(error)) => {
                assert_eq!(*expected, error);
                return;
            }
            (expected, output) => panic!("the reference says {expected:?}, the operator {output:?}"),
        };
        let gaps = input.gaps.map(|gap| usize::from(gap % 20));
        let (from, to) = (gapped(shape, layout, gaps), gapped(output, layout, [gaps[1], gaps[0]]));
        let (reads, writes) = (offsets(shape, layout, from), offsets(output, layout, to));
        let mut memory = vec![f32::NAN; reads.last().unwrap() + 1];
        reads.iter().zip(data).for_each(|(&at, &value)| memory[at] = value);
        let mut result = vec![GUARD; writes.last().unwrap() + 1];
        let executor = Reverse(up_to(input.threads, 8));
        let mut workspace = Workspace::new(operator.workspace_len(shape, executor.threads()).unwrap());
        let source = TensorRef::strided(&memory, shape, from).unwrap();
        let mut target = TensorMut::strided(&mut result, output, to).unwrap();
        operator.run(&source, &mut target, &mut workspace, &executor).unwrap();
        for (i, (&at, expected)) in writes.iter().zip(expected).enumerate() {
            let actual = std::mem::replace(&mut result[at], GUARD);
            assert_eq!(
                actual.to_bits(),
                expected.to_bits(),
                "{isa} {} at {i}: {actual}, {expected}",
                operator.kernel_name()
            );
        }
        assert!(result.iter().all(|&value| value == GUARD), "{isa} wrote between the outputs");
    }
}
