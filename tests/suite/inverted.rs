//! Inverted residual blocks: against the reference, against their parts run one by one, and all ways of cutting them.

use crate::support::data::Source;
use crate::support::executors::Reverse;
use crate::support::{Data, in_turn, same_bits};
use sepconv::reference::{self, Bounded};
use sepconv::{
    Activation, Depthwise, DepthwiseSpec, Error, Executor, Fusion, InvertedResidual, InvertedResidualSpec, Isa, Layout,
    Operator, Padding, Pointwise, PointwiseSpec, Serial, Shape, Strides, TensorMut, TensorRef, Weights, Workspace,
};

/// A block, its input's shape, and its numbers.
pub struct Block {
    pub spec: InvertedResidualSpec,
    pub shape: Shape,
    pub input: Vec<f32>,
    weights: [Vec<f32>; 3],
    bias: [Vec<f32>; 3],
}

impl Block {
    pub fn new(spec: InvertedResidualSpec, shape: Shape, data: Data) -> Self {
        let mut source = Source::new(77, data);
        let expand = spec.expand.map_or([0, 0], |part| [part.weights_len().unwrap(), part.out_channels]);
        let depthwise = [spec.depthwise.weights_len().unwrap(), spec.depthwise.out_channels().unwrap()];
        let project = [spec.project.weights_len().unwrap(), spec.project.out_channels];
        let input = source.take(shape.len().unwrap());
        let mut take = |i: usize| [expand, depthwise, project].map(|lens| source.take(lens[i]));
        Self { spec, shape, input, weights: take(0), bias: take(1) }
    }

    fn weights(&self) -> [Weights<'_>; 3] {
        self.weights.each_ref().map(|weights| Weights::torch(weights))
    }

    fn bias(&self) -> [Option<&[f32]>; 3] {
        let [expand, depthwise, project] = &self.bias;
        [self.spec.expand.map(|_| &expand[..]), Some(depthwise), Some(project)]
    }

    fn input(&self) -> TensorRef<'_> {
        TensorRef::new(&self.input, self.shape, self.spec.layout()).unwrap()
    }

    pub fn operator(&self, isa: Isa, fusion: Fusion) -> InvertedResidual {
        let operator = InvertedResidual::with_isa(&self.spec.fusion(fusion), self.weights(), self.bias(), isa);
        operator.unwrap_or_else(|error| panic!("{error}: {:?}", self.spec))
    }

    fn run(&self, isa: Isa, fusion: Fusion, executor: &dyn Executor) -> Vec<f32> {
        self.operator(isa, fusion).run_to_vec(&self.input(), executor).unwrap()
    }

    /// The same from separate operators, and an addition.
    fn chain(&self, isa: Isa) -> Vec<f32> {
        let (spec, layout) = (&self.spec, self.spec.layout());
        let ([first, second, third], bias) = (self.weights(), self.bias());
        let (mut map, mut shape) = (self.input.clone(), self.shape);
        if let Some(expand) = &spec.expand {
            let operator = Pointwise::with_isa(expand, first, bias[0], isa).unwrap();
            map = operator.run_to_vec(&TensorRef::new(&map, shape, layout).unwrap(), &Serial).unwrap();
            shape = operator.output_shape(shape).unwrap();
        }
        let operator = Depthwise::with_isa(&spec.depthwise, second, bias[1], isa).unwrap();
        map = operator.run_to_vec(&TensorRef::new(&map, shape, layout).unwrap(), &Serial).unwrap();
        shape = operator.output_shape(shape).unwrap();
        let operator = Pointwise::with_isa(&spec.project, third, bias[2], isa).unwrap();
        map = operator.run_to_vec(&TensorRef::new(&map, shape, layout).unwrap(), &Serial).unwrap();
        if spec.residual {
            map.iter_mut().zip(&self.input).for_each(|(y, x)| *y += x);
        }
        map
    }
}

/// Strides of a tensor without gaps.
fn contiguous(Shape { c, h, w, .. }: Shape, layout: Layout) -> Strides {
    match layout {
        Layout::Hwc => Strides { n: h * w * c, c: 1, h: w * c, w: c },
        Layout::Chw => Strides { n: c * h * w, c: h * w, h: w, w: 1 },
    }
}

const FUSIONS: [Fusion; 5] = [Fusion::Off, Fusion::Auto, Fusion::Rows(1), Fusion::Rows(3), Fusion::Rows(50)];

/// A block `channels → expanded → outputs`.
fn spec(channels: usize, expanded: usize, outputs: usize, kernel: [usize; 2]) -> InvertedResidualSpec {
    InvertedResidualSpec::new(
        Some(PointwiseSpec::new(channels, expanded).activation(Activation::Relu6)),
        DepthwiseSpec::new(expanded, kernel).padding(Padding::Same).activation(Activation::Relu6),
        PointwiseSpec::new(expanded, outputs),
    )
}

fn with_layout(mut spec: InvertedResidualSpec, layout: Layout) -> InvertedResidualSpec {
    spec.expand = spec.expand.map(|part| part.layout(layout));
    spec.depthwise = spec.depthwise.layout(layout);
    spec.project = spec.project.layout(layout);
    spec
}

/// Specs and input shapes around tiles, panels and blocks.
pub fn blocks() -> Vec<(InvertedResidualSpec, Shape)> {
    let mut silu = spec(10, 75, 10, [3, 3]).residual(true);
    silu.expand = silu.expand.map(|part| part.activation(Activation::Silu));
    silu.project = silu.project.activation(Activation::HardSwish);
    let mut strided = spec(24, 150, 33, [5, 5]);
    strided.depthwise = strided.depthwise.stride([2, 2]);
    let mut dilated = spec(5, 40, 12, [3, 2]);
    dilated.depthwise =
        dilated.depthwise.dilation([2, 1]).padding(Padding::Explicit { top: 5, left: 0, bottom: 7, right: 3 });
    let mut sparse = spec(3, 37, 8, [2, 2]);
    sparse.depthwise = sparse.depthwise.stride([4, 3]).padding(Padding::Valid);
    let mut alone = spec(32, 32, 16, [3, 3]);
    alone.expand = None;
    let mut doubled = spec(7, 20, 40, [3, 3]);
    doubled.depthwise = DepthwiseSpec::new(20, [3, 3]).multiplier(2).padding(Padding::Same);
    doubled.project = PointwiseSpec::new(40, 40);
    let blocks = [
        (silu, Shape::new(2, 10, 19, 23)),
        (strided, Shape::new(1, 24, 29, 31)),
        (dilated, Shape::new(1, 5, 14, 15)),
        (sparse, Shape::new(1, 3, 18, 17)),
        (alone, Shape::new(1, 32, 21, 22)),
        (alone.residual(false), Shape::new(3, 32, 9, 6)),
        (doubled, Shape::new(1, 7, 12, 11)),
        (spec(16, 96, 16, [3, 3]).residual(true), Shape::new(1, 16, 56, 56)),
        (spec(4, 4, 4, [3, 3]).residual(true), Shape::new(1, 4, 1, 1)),
        (spec(6, 256, 9, [3, 3]), Shape::new(1, 6, 30, 7)),
        // CHW: one pixel, or two, behind whole vectors of them.
        (spec(40, 300, 40, [3, 3]).residual(true), Shape::new(1, 40, 7, 7)),
        (spec(40, 120, 40, [3, 3]).residual(true), Shape::new(2, 40, 3, 6)),
    ];
    blocks.iter().flat_map(|&(spec, shape)| Layout::ALL.map(|layout| (with_layout(spec, layout), shape))).collect()
}

/// Prints the worst error over bound of each instruction set, for `docs/accuracy.md`.
#[test]
fn agrees_with_the_reference() {
    let mut worst = vec![0.0f64; Isa::available().len()];
    for (spec, shape) in blocks() {
        let block = Block::new(spec, shape, Data::Reals);
        let expected: Vec<Bounded> =
            reference::inverted_residual(&spec, &block.input(), block.weights(), block.bias()).unwrap();
        for (&isa, worst) in Isa::available().iter().zip(&mut worst) {
            for fusion in FUSIONS {
                let result = block.run(isa, fusion, &Serial);
                assert_eq!(result.len(), expected.len());
                for (i, (expected, &actual)) in expected.iter().zip(&result).enumerate() {
                    let error = expected.error_over_bound(actual);
                    assert!(error <= 1.0, "{isa} {fusion:?} at {i}: {actual}, {expected:?}: {spec:?}");
                    *worst = worst.max(error);
                }
            }
        }
    }
    println!(
        "worst error over bound of inverted residuals: {:?}",
        Isa::available().iter().zip(&worst).collect::<Vec<_>>()
    );
}

/// However the block is cut, for however many threads: the bits of its parts run one by one.
#[test]
fn has_the_bits_of_its_parts() {
    for (turn, (spec, shape)) in blocks().into_iter().enumerate() {
        let block = Block::new(spec, shape, Data::Reals);
        for &isa in Isa::available() {
            let chain = block.chain(isa);
            for fusion in FUSIONS {
                assert!(same_bits(&chain, &block.run(isa, fusion, &Serial)), "{isa} {fusion:?}: {spec:?}");
                let threads = in_turn(&[2, 3, 5], turn);
                let split = block.run(isa, fusion, &Reverse { threads });
                assert!(same_bits(&chain, &split), "{isa} {fusion:?} {threads} threads: {spec:?}");
            }
        }
    }
}

/// Infinite and NaN taps meet the expanded map only: the padding lies outside of it, in a fused block too.
#[test]
fn special_taps_do_not_leak_in_from_outside_the_expanded_map() {
    let (mut finite, mut special) = (0, 0);
    for (turn, (spec, shape)) in blocks().into_iter().enumerate() {
        let mut block = Block::new(spec, shape, Data::Reals);
        // The corner tap of one channel: every output sums over all channels, and only those at the border miss that tap.
        let taps = spec.depthwise.window.kernel.iter().product::<usize>();
        let channel = turn % spec.depthwise.channels;
        block.weights[1][channel * spec.depthwise.multiplier * taps] =
            in_turn(&[f32::INFINITY, f32::NAN, f32::NEG_INFINITY], turn);
        for &isa in Isa::available() {
            let chain = block.chain(isa);
            for fusion in FUSIONS {
                let result = block.run(isa, fusion, &Serial);
                let same = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
                assert!(chain.iter().zip(&result).all(same), "{isa} {fusion:?}: {spec:?}");
            }
            finite += chain.iter().filter(|y| y.is_finite()).count();
            special += chain.iter().filter(|y| !y.is_finite()).count();
        }
    }
    assert!(finite > 1000 && special > 1000, "{finite} outputs miss the tap, {special} meet it");
}

/// Rows and channels of larger tensors as input and output, scratch full of NaN.
#[test]
fn slices_of_larger_tensors_and_dirty_scratch() {
    for (spec, shape) in blocks() {
        let block = Block::new(spec, shape, Data::Reals);
        let output = spec.output_shape(shape).unwrap();
        let larger = |shape: Shape| {
            let whole = Shape { n: shape.n, c: shape.c + 3, h: shape.h + 2, w: shape.w + 5 };
            contiguous(whole, spec.layout())
        };
        let (from, to) = (larger(shape), larger(output));
        let at =
            |strides: Strides, [n, c, y, x]: [usize; 4]| n * strides.n + c * strides.c + y * strides.h + x * strides.w;
        let reach = |shape: Shape, s: Strides| at(s, [shape.n - 1, shape.c - 1, shape.h - 1, shape.w - 1]) + 1;
        let every = |shape: Shape| {
            (0..shape.n * shape.c * shape.h * shape.w).map(move |i| {
                [
                    i / (shape.c * shape.h * shape.w),
                    i / (shape.h * shape.w) % shape.c,
                    i / shape.w % shape.h,
                    i % shape.w,
                ]
            })
        };
        let mut input = vec![f32::NAN; reach(shape, from)];
        let packed = contiguous(shape, spec.layout());
        every(shape).for_each(|place| input[at(from, place)] = block.input[at(packed, place)]);
        for &isa in Isa::available() {
            let plain = block.run(isa, Fusion::Off, &Serial);
            for fusion in FUSIONS {
                let operator = block.operator(isa, fusion);
                let mut workspace = Workspace::new(operator.workspace_len(shape, 2).unwrap());
                // A run of nothing but NaN leaves its traces in the workspace.
                let nan = vec![f32::NAN; shape.len().unwrap()];
                let (nan, mut spoilt) = (TensorRef::new(&nan, shape, spec.layout()).unwrap(), plain.clone());
                let mut spoilt = TensorMut::new(&mut spoilt, output, spec.layout()).unwrap();
                operator.run(&nan, &mut spoilt, &mut workspace, &Reverse { threads: 2 }).unwrap();
                let mut result = vec![-7.0; reach(output, to)];
                let mut view = TensorMut::strided(&mut result, output, to).unwrap();
                let source = TensorRef::strided(&input, shape, from).unwrap();
                operator.run(&source, &mut view, &mut workspace, &Reverse { threads: 2 }).unwrap();
                let gaps = contiguous(output, spec.layout());
                let mut rest = result.clone();
                for place in every(output) {
                    let (sliced, whole) = (result[at(to, place)], plain[at(gaps, place)]);
                    assert_eq!(sliced.to_bits(), whole.to_bits(), "{isa} {fusion:?} {place:?}: {spec:?}");
                    rest[at(to, place)] = -7.0;
                }
                assert!(rest.iter().all(|&x| x == -7.0), "{isa} {fusion:?} wrote between the outputs: {spec:?}");
            }
        }
    }
}

/// The blocks of MobileNetV2 keep at most an eighth of the expanded map.
#[test]
fn scratch_is_a_part_of_the_expanded_map() {
    for (size, channels, expanded, outputs, stride) in
        [(112, 16, 96, 24, 2), (56, 24, 144, 24, 1), (56, 24, 144, 32, 2), (28, 32, 192, 32, 1), (28, 32, 192, 64, 2)]
    {
        let mut spec = spec(channels, expanded, outputs, [3, 3]);
        spec.depthwise = spec.depthwise.stride([stride; 2]);
        for layout in Layout::ALL {
            let block = Block::new(with_layout(spec, layout), Shape::new(1, channels, size, size), Data::Reals);
            for &isa in Isa::available() {
                let operator = block.operator(isa, Fusion::Rows(8));
                let fused = operator.band_rows(block.shape, 1).unwrap();
                assert!(fused.is_some_and(|[rows, _]| rows <= 8), "{size}×{size}×{expanded} {layout} {isa}: {fused:?}");
                let len = operator.workspace_len(block.shape, 1).unwrap();
                assert!(len * 8 <= size * size * expanded, "{size}×{size}×{expanded} {layout} {isa}: {len} of scratch");
            }
        }
    }
}

fn changed(mut spec: InvertedResidualSpec, change: impl Fn(&mut InvertedResidualSpec)) -> InvertedResidualSpec {
    change(&mut spec);
    spec
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let fits = spec(8, 48, 8, [3, 3]);
    assert_eq!(fits.check(), Ok(()));
    let expanding = changed(fits, |spec| spec.expand = Some(PointwiseSpec::new(8, 40)));
    let mismatch = Error::ChannelMismatch { what: "depthwise input channels", expected: 40, actual: 48 };
    assert_eq!(expanding.check(), Err(mismatch));
    let strided = changed(fits, |spec| spec.expand = Some(PointwiseSpec::new(8, 48).stride([2, 1])));
    assert_eq!(strided.check(), Err(Error::StridedPart { what: "the expanding part", stride: [2, 1] }));
    let strided = changed(fits, |spec| spec.project = PointwiseSpec::new(48, 8).stride([1, 2]));
    assert_eq!(strided.check(), Err(Error::StridedPart { what: "the projecting part", stride: [1, 2] }));
    let uneven = spec(8, 48, 9, [3, 3]).residual(true).check();
    let what = "output channels of a residual block";
    assert_eq!(uneven, Err(Error::ChannelMismatch { what, expected: 8, actual: 9 }));
    let (input, output) = (Shape::new(1, 8, 6, 6), Shape::new(1, 8, 3, 3));
    let mut halved = fits.residual(true);
    halved.depthwise = halved.depthwise.stride([2, 2]);
    let what = "the output, to which the input is added,";
    assert_eq!(halved.output_shape(input), Err(Error::ShapeMismatch { what, expected: input, actual: output }));
    let mixed = changed(fits, |spec| spec.expand = Some(PointwiseSpec::new(8, 48).layout(Layout::Chw)));
    assert_eq!(mixed.check(), Err(Error::LayoutMismatch { expected: Layout::Chw, actual: Layout::Hwc }));
    let alone = changed(fits, |spec| spec.expand = None);
    let weights = [Weights::torch(&[1.0]), Weights::torch(&[0.0; 432]), Weights::torch(&[0.0; 384])];
    let what = "the weights of a missing expanding part";
    let surplus = InvertedResidual::new(&alone, weights, [None; 3]).map(|_| ());
    assert_eq!(surplus, Err(Error::LengthMismatch { what, expected: 0, actual: 1 }));
    let what = "the bias of a missing expanding part";
    let weights = [Weights::torch(&[]), weights[1], weights[2]];
    let surplus = InvertedResidual::new(&alone, weights, [Some(&[0.0]), None, None]).map(|_| ());
    assert_eq!(surplus, Err(Error::LengthMismatch { what, expected: 0, actual: 1 }));
}
