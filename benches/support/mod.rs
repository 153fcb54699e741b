//! What the benches share: names of measurements, data, and the loop that criterion times.

use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, measurement::WallTime};
use sepconv::cost::Multiplications;
use sepconv::{Isa, Layout, Operator, Result, Serial, Shape, TensorMut, TensorRef, Workspace};
use std::time::Duration;

/// Criterion with so little time per measurement that a whole bench takes a minute or two.
pub fn criterion() -> Criterion {
    let criterion = Criterion::default().sample_size(20).without_plots();
    criterion
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
        .configure_from_args()
}

/// Layouts and instruction sets to measure: every available one for HWC, the preferred one for CHW.
pub fn variants() -> Vec<(Layout, Isa)> {
    let preferred = Isa::preferred().expect("SEPCONV_ISA names an instruction set that is here");
    let all = Isa::available().iter().map(|&isa| (Layout::Hwc, isa));
    all.chain([(Layout::Chw, preferred)]).collect()
}

/// Small numbers that are neither zero nor denormal.
pub fn data(len: usize) -> Vec<f32> {
    (0..len).map(|i| (i % 17) as f32 * 0.0625 - 0.46875).collect()
}

/// Times runs of an operator on one thread; the throughput is in floating-point operations.
pub fn measure(
    group: &mut BenchmarkGroup<'_, WallTime>,
    layer: &str,
    input: Shape,
    count: Result<Multiplications>,
    operator: Result<impl Operator>,
) {
    let (operator, count) = (operator.expect("a valid layer"), count.expect("a valid layer"));
    let layout = operator.layout();
    let from = data(input.len().expect("a valid layer"));
    let from = TensorRef::new(&from, input, layout).expect("right length");
    let shape = operator.output_shape(input).expect("a valid layer");
    let mut output = vec![0.0; shape.len().expect("a valid layer")];
    let mut output = TensorMut::new(&mut output, shape, layout).expect("right length");
    let mut workspace = Workspace::new(operator.workspace_len(input, 1).expect("a valid layer"));
    group.throughput(Throughput::Elements(2 * count.nominal));
    group.bench_function(BenchmarkId::new(layer, format!("{layout}/{}", operator.isa())), |bencher| {
        bencher.iter(|| operator.run(&from, &mut output, &mut workspace, &Serial).expect("a valid run"));
    });
}
