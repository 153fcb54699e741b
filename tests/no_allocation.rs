//! A run allocates nothing: every allocation in this process is counted while the library is at work.
//!
//! Counting is per thread and off while an executor starts its threads: those allocations are the executor's own.

use sepconv::{
    Activation, Conv2d, Conv2dSpec, Depthwise, DepthwiseSpec, Executor, Isa, Layout, Operator, Padding, Pointwise,
    PointwiseSpec, Separable, SeparableSpec, Serial, Shape, TensorMut, TensorRef, Weights, Workspace,
};
use std::alloc::{GlobalAlloc, System};
use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator, counting.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static IN_LIBRARY: Cell<bool> = const { Cell::new(false) };
}

fn count() {
    if IN_LIBRARY.try_with(Cell::get).unwrap_or(false) {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator unchanged; counting touches no memory that is being allocated.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: std::alloc::Layout) -> *mut u8 {
        count();
        // SAFETY: `GlobalAlloc::alloc` asks for a layout of some size; `System` gets the very one.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: std::alloc::Layout) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: std::alloc::Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: std::alloc::Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Sets whether this thread is in the library while `work` runs.
fn counting<R>(on: bool, work: impl FnOnce() -> R) -> R {
    let before = IN_LIBRARY.replace(on);
    let result = work();
    IN_LIBRARY.set(before);
    result
}

/// Two threads for every call.
struct TwoThreads;

impl Executor for TwoThreads {
    fn threads(&self) -> usize {
        2
    }

    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        counting(false, || {
            std::thread::scope(|scope| {
                for half in 0..2 {
                    scope.spawn(move || counting(true, || (half..tasks).step_by(2).for_each(task)));
                }
            });
        });
    }
}

/// Operators of every operation and kernel family in a layout, with the shape of an input for each.
fn operators(layout: Layout, isa: Isa) -> Vec<(Box<dyn Operator>, Shape)> {
    let data = vec![0.25; 20_000];
    let weights = |len: usize| Weights::torch(&data[..len]);
    let mut all: Vec<(Box<dyn Operator>, Shape)> = Vec::new();
    for (channels, kernel, stride, dilation, multiplier) in [
        (19, [3, 3], 1, 1, 1),
        (3, [3, 3], 1, 1, 1),
        (32, [3, 3], 2, 1, 1),
        (17, [5, 5], 1, 1, 1),
        (16, [7, 7], 2, 1, 1),
        (8, [4, 3], 1, 2, 1),
        (5, [3, 3], 1, 1, 3),
    ] {
        let spec = DepthwiseSpec::new(channels, kernel).stride([stride; 2]).dilation([dilation; 2]);
        let spec = spec.multiplier(multiplier).padding(Padding::Same).layout(layout).activation(Activation::Relu6);
        let len = spec.weights_len().expect("a valid spec");
        let bias = &data[..channels * multiplier];
        let depthwise = Depthwise::with_isa(&spec, weights(len), Some(bias), isa).expect("a valid operator");
        all.push((Box::new(depthwise), Shape::new(2, channels, 21, 23)));
        let pointwise = PointwiseSpec::new(channels * multiplier, 35).layout(layout).activation(Activation::Silu);
        let both = [weights(len), weights(35 * channels * multiplier)];
        let block = SeparableSpec::new(spec, pointwise);
        let separable = Separable::with_isa(&block, both, [Some(bias), None], isa).expect("a valid operator");
        all.push((Box::new(separable), Shape::new(2, channels, 21, 23)));
    }
    for (inputs, outputs, stride) in [(37, 45, 1), (16, 16, 2), (300, 33, 1)] {
        let spec = PointwiseSpec::new(inputs, outputs).stride([stride; 2]).layout(layout);
        let pointwise = Pointwise::with_isa(&spec, weights(inputs * outputs), None, isa).expect("a valid operator");
        all.push((Box::new(pointwise), Shape::new(2, inputs, 21, 23)));
    }
    for (inputs, outputs, kernel, stride) in [(3, 32, 3, 2), (16, 19, 3, 1), (3, 16, 7, 2)] {
        let spec = Conv2dSpec::new(inputs, outputs, [kernel; 2]).stride([stride; 2]).padding(Padding::Same);
        let spec = spec.layout(layout);
        let weights = weights(spec.weights_len().expect("a valid spec"));
        let conv2d = Conv2d::with_isa(&spec, weights, None, isa).expect("a valid operator");
        all.push((Box::new(conv2d), Shape::new(2, inputs, 21, 23)));
    }
    all
}

fn allocations_of_a_run(operator: &dyn Operator, shape: Shape, executor: &dyn Executor) -> usize {
    let input = vec![0.5; shape.len().expect("a valid shape")];
    let input = TensorRef::new(&input, shape, operator.layout()).expect("right length");
    let to = operator.output_shape(shape).expect("a valid shape");
    let mut output = vec![0.0; to.len().expect("a valid shape")];
    let mut output = TensorMut::new(&mut output, to, operator.layout()).expect("right length");
    let needed = operator.workspace_len(shape, executor.threads()).expect("a valid shape");
    let mut workspace = Workspace::new(needed);
    let mut run = || operator.run(&input, &mut output, &mut workspace, executor).expect("a valid run");
    run();
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    counting(true, run);
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

/// Held by the test that counts: the counter is the process's.
static COUNTER: Mutex<()> = Mutex::new(());

#[test]
fn a_run_allocates_nothing() {
    let _counter = COUNTER.lock();
    let (_, counted) = {
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        let kept = counting(true, || std::hint::black_box(vec![1u8; 100]));
        (kept, ALLOCATIONS.load(Ordering::Relaxed) - before)
    };
    assert_eq!(counted, 1, "the counter counts");
    for layout in Layout::ALL {
        for &isa in Isa::available() {
            for (operator, shape) in operators(layout, isa) {
                for executor in [&Serial as &dyn Executor, &TwoThreads] {
                    let allocations = allocations_of_a_run(&*operator, shape, executor);
                    let (name, threads) = (operator.kernel_name(), executor.threads());
                    assert_eq!(allocations, 0, "{name}, {layout}, {shape}, {threads} threads");
                }
            }
        }
    }
}

/// Asking for sizes allocates nothing either: real-time programs ask too.
#[test]
fn questions_allocate_nothing() {
    let _counter = COUNTER.lock();
    for (operator, shape) in operators(Layout::Hwc, Isa::Portable) {
        let before = IN_LIBRARY.replace(true);
        let start = ALLOCATIONS.load(Ordering::Relaxed);
        let answers = (operator.output_shape(shape).is_ok(), operator.workspace_len(shape, 4).is_ok());
        let counted = ALLOCATIONS.load(Ordering::Relaxed) - start;
        IN_LIBRARY.set(before);
        assert_eq!((answers, counted), ((true, true), 0), "{}", operator.kernel_name());
    }
}
