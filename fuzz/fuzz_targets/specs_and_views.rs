//! Any numbers in specs, shapes and strides: every question is answered, with an error where the numbers make no sense; what
//! is accepted and small is also run.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sepconv::{
    Activation, Conv2d, Conv2dSpec, Depthwise, DepthwiseSpec, Fusion, InvertedResidual, InvertedResidualSpec, Layout,
    Operator, Padding, Pointwise, PointwiseSpec, Separable, SeparableSpec, Serial, Shape, Strides, TensorMut,
    TensorRef, Weights, Window, Workspace, cost,
};

/// Small numbers, on which something can be computed, as often as absurd ones.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Size {
    Small(u8),
    Any(usize),
}

impl Size {
    fn get(self) -> usize {
        match self {
            Self::Small(size) => usize::from(size % 16),
            Self::Any(size) => size,
        }
    }
}

#[derive(Debug, Arbitrary)]
struct Input {
    op: u8,
    channels: Size,
    multiplier: Size,
    outputs: Size,
    window: [Size; 6],
    padding: Option<[Size; 4]>,
    activation: (u8, f32, f32),
    layout: bool,
    fused_rows: Option<Size>,
    residual: bool,
    shape: [Size; 4],
    strides: [[Size; 4]; 2],
    lengths: [u8; 3],
    threads: Size,
}

/// Elements above which nothing is computed.
const MOST: usize = 4096;

impl Input {
    fn activation(&self) -> Activation {
        let (kind, first, second) = self.activation;
        match kind % 7 {
            0 => Activation::Identity,
            1 => Activation::Relu,
            2 => Activation::Relu6,
            3 => Activation::Clamp { lo: first, hi: second },
            4 => Activation::LeakyRelu { slope: first },
            5 => Activation::HardSwish,
            _ => Activation::Silu,
        }
    }

    fn layout(&self) -> Layout {
        if self.layout { Layout::Hwc } else { Layout::Chw }
    }

    fn window(&self) -> Window {
        let [kh, kw, sh, sw, dh, dw] = self.window.map(Size::get);
        let mut window = Window::new([kh, kw]);
        window.stride = [sh, sw];
        window.dilation = [dh, dw];
        window.padding = match self.padding.map(|sides| sides.map(Size::get)) {
            Some([top, left, bottom, right]) => Padding::Explicit { top, left, bottom, right },
            None => Padding::Same,
        };
        window
    }

    fn depthwise(&self) -> DepthwiseSpec {
        let mut spec = DepthwiseSpec::new(self.channels.get(), [1, 1]).multiplier(self.multiplier.get());
        spec.window = self.window();
        spec.activation(self.activation()).layout(self.layout())
    }

    fn pointwise(&self, inputs: usize) -> PointwiseSpec {
        let [_, _, sh, sw, ..] = self.window.map(Size::get);
        let stride = if self.residual { [1, 1] } else { [sh, sw] };
        PointwiseSpec::new(inputs, self.outputs.get()).stride(stride).layout(self.layout())
    }

    fn shape(&self) -> Shape {
        let [n, c, h, w] = self.shape.map(Size::get);
        // Half of the time the channels that the operator wants.
        Shape::new(n, if self.lengths[0] % 2 == 0 { self.channels.get() } else { c }, h, w)
    }

    fn fusion(&self) -> Fusion {
        self.fused_rows.map_or(Fusion::Auto, |rows| Fusion::Rows(rows.get()))
    }
}

/// Weights of the right length, if it is a small one; otherwise of some length.
fn weights(len: sepconv::Result<usize>, otherwise: u8) -> Vec<f32> {
    vec![1.0; len.ok().filter(|&len| len <= MOST).unwrap_or(otherwise.into())]
}

fuzz_target!(|input: Input| {
    let shape = input.shape();
    views(&input, shape);
    match input.op % 5 {
        0 => {
            let spec = input.depthwise();
            let answer = spec.output_shape(shape);
            let _ = (cost::depthwise(&spec, shape), spec.window.span());
            let weights = weights(spec.weights_len(), input.lengths[1]);
            exercise(&input, shape, answer, Depthwise::new(&spec, Weights::torch(&weights), None));
        }
        1 => {
            let spec = input.pointwise(input.channels.get());
            let answer = spec.output_shape(shape);
            let _ = cost::pointwise(&spec, shape);
            let weights = weights(spec.weights_len(), input.lengths[1]);
            exercise(&input, shape, answer, Pointwise::new(&spec, Weights::tensorflow(&weights), None));
        }
        2 => {
            let mut spec = Conv2dSpec::new(input.channels.get(), input.outputs.get(), [1, 1]).layout(input.layout());
            spec.window = input.window();
            let answer = spec.output_shape(shape);
            let _ = cost::conv2d(&spec, shape);
            let weights = weights(spec.weights_len(), input.lengths[1]);
            exercise(&input, shape, answer, Conv2d::new(&spec, Weights::torch(&weights), None));
        }
        3 => {
            let first = input.depthwise();
            let second = input.pointwise(first.out_channels().unwrap_or(1));
            let spec = SeparableSpec::new(first, second).fusion(input.fusion());
            let answer = spec.output_shape(shape);
            let _ = cost::separable(&spec, shape);
            let both =
                [weights(first.weights_len(), input.lengths[1]), weights(second.weights_len(), input.lengths[2])];
            let both = both.each_ref().map(|weights| Weights::torch(weights));
            exercise(&input, shape, answer, Separable::new(&spec, both, [None; 2]));
        }
        _ => {
            let middle = input.depthwise();
            let last = input.pointwise(middle.out_channels().unwrap_or(1));
            let first = PointwiseSpec::new(shape.c, middle.channels).layout(input.layout());
            let expand = (input.lengths[2] % 2 == 0).then_some(first);
            let spec = InvertedResidualSpec::new(expand, middle, last).residual(input.residual).fusion(input.fusion());
            let answer = spec.output_shape(shape);
            let all = [
                expand.map_or(vec![], |part| weights(part.weights_len(), input.lengths[1])),
                weights(middle.weights_len(), input.lengths[1]),
                weights(last.weights_len(), input.lengths[1]),
            ];
            let all = all.each_ref().map(|weights| Weights::torch(weights));
            exercise(&input, shape, answer, InvertedResidual::new(&spec, all, [None; 3]));
        }
    }
});

/// Views of a short slice with any shape and strides.
fn views(input: &Input, shape: Shape) {
    let [first, second] = input.strides.map(|strides| strides.map(Size::get));
    let strides = |[n, c, h, w]: [usize; 4]| Strides { n, c, h, w };
    let mut data = vec![0.0; usize::from(input.lengths[2])];
    if let Ok(view) = TensorRef::strided(&data, shape, strides(first)) {
        // The last element is inside the slice, or this panics.
        let _ = view.at(shape.n - 1, shape.c - 1, shape.h - 1, shape.w - 1);
    }
    let _ = TensorMut::strided(&mut data, shape, strides(second));
    let _ = TensorRef::new(&data, shape, input.layout());
}

/// Spec and operator agree; a small run leaves no output unwritten.
fn exercise(input: &Input, shape: Shape, answer: sepconv::Result<Shape>, operator: sepconv::Result<impl Operator>) {
    let Ok(operator) = operator else { return };
    assert_eq!(operator.output_shape(shape), answer);
    let len = operator.workspace_len(shape, input.threads.get());
    let Ok(output) = answer else {
        assert!(len.is_err(), "no output, but a workspace");
        return;
    };
    let work = |shape: Shape| shape.len().is_ok_and(|len| len <= MOST);
    if !work(shape) || !work(output) || len.is_ok_and(|len| len > 1 << 24) {
        return;
    }
    let Ok(len) = operator.workspace_len(shape, 1) else { return };
    let (data, mut result) = (vec![1.0; shape.len().unwrap()], vec![f32::NAN; output.len().unwrap()]);
    let source = TensorRef::new(&data, shape, operator.layout()).unwrap();
    let mut target = TensorMut::new(&mut result, output, operator.layout()).unwrap();
    operator.run(&source, &mut target, &mut Workspace::new(len), &Serial).unwrap();
    assert!(result.iter().all(|value| !value.is_nan()), "{} left an output unwritten", operator.kernel_name());
}
