//! Depthwise layers of MobileNetV1, MobileNetV2, EfficientNet-B0 and ConvNeXt-T.

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use sepconv::{Activation, Depthwise, DepthwiseSpec, Padding, Shape, Weights, cost};
use support::{data, measure, variants};

/// Name, channels, size of the map, kernel, stride.
const LAYERS: [(&str, usize, usize, usize, usize); 9] = [
    ("mobilenet-v1 3x3s1 112x112x32", 32, 112, 3, 1),
    ("mobilenet-v1 3x3s2 112x112x64", 64, 112, 3, 2),
    ("mobilenet-v1 3x3s1 28x28x256", 256, 28, 3, 1),
    ("mobilenet-v1 3x3s1 14x14x512", 512, 14, 3, 1),
    ("mobilenet-v2 3x3s2 56x56x144", 144, 56, 3, 2),
    ("efficientnet-b0 5x5s1 28x28x240", 240, 28, 5, 1),
    ("efficientnet-b0 5x5s2 14x14x672", 672, 14, 5, 2),
    ("convnext-t 7x7s1 56x56x96", 96, 56, 7, 1),
    ("convnext-t 7x7s1 14x14x384", 384, 14, 7, 1),
];

fn depthwise(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("depthwise");
    for (name, channels, size, kernel, stride) in LAYERS {
        let input = Shape::new(1, channels, size, size);
        let spec = DepthwiseSpec::new(channels, [kernel; 2]).stride([stride; 2]).padding(Padding::uniform(kernel / 2));
        let weights = data(channels * kernel * kernel);
        let bias = data(channels);
        for (layout, isa) in variants() {
            let spec = spec.layout(layout).activation(Activation::Relu6);
            let operator = Depthwise::with_isa(&spec, Weights::torch(&weights), Some(&bias), isa);
            measure(&mut group, name, input, cost::depthwise(&spec, input), operator);
        }
    }
    group.finish();
}

criterion_group! { name = benches; config = support::criterion(); targets = depthwise }
criterion_main!(benches);
