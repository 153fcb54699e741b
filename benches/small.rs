//! What stands around the work: a call on maps of one pixel, and making an operator beside copying its weights.

mod support;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sepconv::{
    Depthwise, DepthwiseSpec, Layout, Padding, Pointwise, PointwiseSpec, Separable, SeparableSpec, Shape, Weights, cost,
};
use std::hint::black_box;
use support::{data, measure, variants};

/// One pixel of 16 channels: a handful of multiply-adds, all else is the call.
fn call(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("call");
    let input = Shape::new(1, 16, 1, 1);
    let (taps, weights) = (data(16), data(16 * 16));
    for (layout, isa) in variants() {
        let depthwise = DepthwiseSpec::new(16, [1, 1]).layout(layout);
        let pointwise = PointwiseSpec::new(16, 16).layout(layout);
        let operator = Depthwise::with_isa(&depthwise, Weights::torch(&taps), None, isa);
        measure(&mut group, "depthwise 1x1x16", input, cost::depthwise(&depthwise, input), operator);
        let operator = Pointwise::with_isa(&pointwise, Weights::torch(&weights), None, isa);
        measure(&mut group, "pointwise 1x1x16 to 16", input, cost::pointwise(&pointwise, input), operator);
        let block = SeparableSpec::new(depthwise, pointwise);
        let both = [Weights::torch(&taps), Weights::torch(&weights)];
        let operator = Separable::with_isa(&block, both, [None, None], isa);
        measure(&mut group, "separable 1x1x16 to 16", input, cost::separable(&block, input), operator);
    }
    group.finish();
}

/// Channels of the layers that are made; a pointwise one has as many outputs.
const CHANNELS: [usize; 3] = [32, 128, 512];

fn create(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("create");
    for channels in CHANNELS {
        let (taps, weights) = (data(channels * 9), data(channels * channels));
        for layout in Layout::ALL {
            let depthwise = DepthwiseSpec::new(channels, [3, 3]).padding(Padding::Same).layout(layout);
            let pointwise = PointwiseSpec::new(channels, channels).layout(layout);
            group.throughput(Throughput::Bytes(size_of_val(&taps[..]) as u64));
            group.bench_function(BenchmarkId::new("depthwise 3x3", format!("{channels}/{layout}")), |bencher| {
                bencher.iter(|| {
                    Depthwise::new(&depthwise, Weights::torch(black_box(&taps)), None).expect("a valid layer")
                });
            });
            group.throughput(Throughput::Bytes(size_of_val(&weights[..]) as u64));
            group.bench_function(BenchmarkId::new("pointwise", format!("{channels}/{layout}")), |bencher| {
                let make = || Pointwise::new(&pointwise, Weights::torch(black_box(&weights)), None);
                bencher.iter(|| make().expect("a valid layer"));
            });
        }
        group.throughput(Throughput::Bytes(size_of_val(&weights[..]) as u64));
        group.bench_function(BenchmarkId::new("copy of the pointwise weights", channels), |bencher| {
            bencher.iter(|| black_box(&weights).clone());
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = support::criterion(); targets = call, create }
criterion_main!(benches);
