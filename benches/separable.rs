//! Separable blocks of MobileNetV1-224, and depthwise–projection pairs of MobileNetV2 and EfficientNet-B0.

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use sepconv::{Activation, DepthwiseSpec, Padding, PointwiseSpec, Separable, SeparableSpec, Shape, Weights, cost};
use support::{data, measure, variants};

/// Name, input channels, output channels, size of the map, kernel, stride.
const BLOCKS: [(&str, usize, usize, usize, usize, usize); 8] = [
    ("mobilenet-v1 112x112x32 to 64", 32, 64, 112, 3, 1),
    ("mobilenet-v1 112x112x64 to 128 s2", 64, 128, 112, 3, 2),
    ("mobilenet-v1 56x56x128 to 128", 128, 128, 56, 3, 1),
    ("mobilenet-v1 28x28x256 to 256", 256, 256, 28, 3, 1),
    ("mobilenet-v1 14x14x512 to 512", 512, 512, 14, 3, 1),
    ("mobilenet-v1 7x7x1024 to 1024", 1024, 1024, 7, 3, 1),
    ("mobilenet-v2 28x28x192 to 32", 192, 32, 28, 3, 1),
    ("efficientnet-b0 14x14x480 to 112 5x5", 480, 112, 14, 5, 1),
];

fn separable(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("separable");
    for (name, inputs, outputs, size, kernel, stride) in BLOCKS {
        let input = Shape::new(1, inputs, size, size);
        let depthwise = DepthwiseSpec::new(inputs, [kernel; 2]).stride([stride; 2]).activation(Activation::Relu6);
        let depthwise = depthwise.padding(Padding::uniform(kernel / 2));
        let pointwise = PointwiseSpec::new(inputs, outputs).activation(Activation::Relu6);
        let (first, second) = (data(inputs * kernel * kernel), data(inputs * outputs));
        let bias = data(inputs.max(outputs));
        for (layout, isa) in variants() {
            let spec = SeparableSpec::new(depthwise.layout(layout), pointwise.layout(layout));
            let weights = [Weights::torch(&first), Weights::torch(&second)];
            let bias = [Some(&bias[..inputs]), Some(&bias[..outputs])];
            let operator = Separable::with_isa(&spec, weights, bias, isa);
            measure(&mut group, name, input, cost::separable(&spec, input), operator);
        }
    }
    group.finish();
}

criterion_group! { name = benches; config = support::criterion(); targets = separable }
criterion_main!(benches);
