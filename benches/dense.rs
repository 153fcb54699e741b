//! Dense convolutions: the stems of networks, and the layers that separable blocks replace.

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use sepconv::{Activation, Conv2d, Conv2dSpec, Padding, Shape, Weights, cost};
use support::{data, measure, variants};

/// Name, input channels, output channels, size of the map, kernel, stride, padding.
const LAYERS: [(&str, usize, usize, usize, usize, usize, usize); 6] = [
    ("mobilenet stem 3x3s2 224x224x3 to 32", 3, 32, 224, 3, 2, 1),
    ("resnet stem 7x7s2 224x224x3 to 64", 3, 64, 224, 7, 2, 3),
    ("convnext stem 4x4s4 224x224x3 to 96", 3, 96, 224, 4, 4, 0),
    ("dense twin 3x3s1 56x56x128 to 128", 128, 128, 56, 3, 1, 1),
    ("dense twin 3x3s1 14x14x512 to 512", 512, 512, 14, 3, 1, 1),
    ("lecture 3x3s1 7x7x3 to 128", 3, 128, 7, 3, 1, 0),
];

fn dense(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("dense");
    for (name, inputs, outputs, size, kernel, stride, padding) in LAYERS {
        let input = Shape::new(1, inputs, size, size);
        let spec = Conv2dSpec::new(inputs, outputs, [kernel; 2]).stride([stride; 2]).activation(Activation::Relu6);
        let spec = spec.padding(Padding::uniform(padding));
        let (weights, bias) = (data(inputs * outputs * kernel * kernel), data(outputs));
        for (layout, isa) in variants() {
            let spec = spec.layout(layout);
            let operator = Conv2d::with_isa(&spec, Weights::torch(&weights), Some(&bias), isa);
            measure(&mut group, name, input, cost::conv2d(&spec, input), operator);
        }
    }
    group.finish();
}

criterion_group! { name = benches; config = support::criterion(); targets = dense }
criterion_main!(benches);
