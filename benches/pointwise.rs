//! Pointwise layers of MobileNetV1, MobileNetV2, EfficientNet-B0 and ConvNeXt-T.

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use sepconv::{Activation, Pointwise, PointwiseSpec, Shape, Weights, cost};
use support::{data, measure, variants};

/// Name, input channels, output channels, size of the map.
const LAYERS: [(&str, usize, usize, usize); 8] = [
    ("mobilenet-v1 112x112x32 to 64", 32, 64, 112),
    ("mobilenet-v1 56x56x128 to 128", 128, 128, 56),
    ("mobilenet-v1 14x14x512 to 512", 512, 512, 14),
    ("mobilenet-v1 7x7x1024 to 1024", 1024, 1024, 7),
    ("mobilenet-v2 56x56x24 to 144", 24, 144, 56),
    ("mobilenet-v2 14x14x576 to 96", 576, 96, 14),
    ("efficientnet-b0 28x28x240 to 40", 240, 40, 28),
    ("convnext-t 28x28x192 to 768", 192, 768, 28),
];

fn pointwise(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pointwise");
    for (name, inputs, outputs, size) in LAYERS {
        let input = Shape::new(1, inputs, size, size);
        let (weights, bias) = (data(inputs * outputs), data(outputs));
        for (layout, isa) in variants() {
            let spec = PointwiseSpec::new(inputs, outputs).layout(layout).activation(Activation::Relu6);
            let operator = Pointwise::with_isa(&spec, Weights::torch(&weights), Some(&bias), isa);
            measure(&mut group, name, input, cost::pointwise(&spec, input), operator);
        }
    }
    group.finish();
}

criterion_group! { name = benches; config = support::criterion(); targets = pointwise }
criterion_main!(benches);
