//! Operators are values that threads share: `Send`, `Sync`, cheap clones, one workspace each.

use crate::support::executors::{Panicking, Scoped, Twice, breaks_down};
use crate::support::{Case, Data, InputMemory, Problem, Subject, View, same_bits, subjects};
use sepconv::{
    Conv2d, Depthwise, DepthwiseSpec, Error, Isa, Layout, Operator, Padding, Pointwise, PointwiseSpec, Separable,
    SeparableSpec, Serial, TensorMut, Weights, Workspace,
};

const fn shared<T: Clone + Send + Sync + 'static>() {}
const fn sent<T: Send + Sync + 'static>() {}

const _: () = {
    shared::<Depthwise>();
    shared::<Pointwise>();
    shared::<Conv2d>();
    shared::<Separable>();
    shared::<Error>();
    shared::<Serial>();
    #[cfg(feature = "rayon")]
    shared::<sepconv::Rayon>();
    sent::<Workspace>();
    sent::<Box<dyn Operator>>();
};

#[test]
fn threads_share_one_operator_with_a_workspace_each() {
    let depthwise = DepthwiseSpec::new(21, [3, 3]).padding(Padding::Same);
    let block = SeparableSpec::new(depthwise, PointwiseSpec::new(21, 34));
    for case in Layout::ALL.map(|layout| Case::new(block, [13, 17]).with_layout(layout)) {
        let problem = Problem::new(&case, Data::Reals);
        let input = InputMemory::new(&problem.input, case.input, case.spec.layout(), View::PACKED);
        for &isa in Isa::available() {
            let operator = problem.operator(isa);
            let expected = problem.run(&*operator, [View::PACKED; 2], &Serial);
            let run_often = || {
                let mut workspace = Workspace::new(operator.workspace_len(case.input, 1).expect("the case is valid"));
                for _ in 0..20 {
                    let mut output = vec![0.0; expected.len()];
                    let mut tensor =
                        TensorMut::new(&mut output, problem.output_shape, case.spec.layout()).expect("right length");
                    operator.run(&input.tensor(), &mut tensor, &mut workspace, &Serial).expect("a valid run");
                    assert!(same_bits(&output, &expected), "{isa} {case:?}");
                }
            };
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(run_often);
                }
            });
        }
    }
}

/// Eight threads with a workspace each, hundreds of runs a thread: thousands of every operator, all with the same bits.
#[test]
fn eight_threads_run_one_operator_thousands_of_times() {
    const RUNS: usize = 256;
    let block = SeparableSpec::new(DepthwiseSpec::new(9, [3, 3]).padding(Padding::Same), PointwiseSpec::new(9, 17));
    let cases = [
        Case::new(DepthwiseSpec::new(17, [5, 5]).padding(Padding::Same), [7, 9]),
        Case::new(PointwiseSpec::new(9, 33), [5, 7]),
        Case::new(sepconv::Conv2dSpec::new(3, 17, [3, 3]).padding(Padding::Same), [7, 9]),
        Case::new(block.fusion(sepconv::Fusion::Rows(2)), [7, 9]),
    ];
    for case in cases.iter().flat_map(|case| Layout::ALL.map(|layout| case.with_layout(layout))) {
        for &isa in Isa::available() {
            let subject = Subject::of_case(&case, isa);
            let expected = subject.plain();
            let run_often = || {
                let mut workspace = subject.workspace(1);
                (0..RUNS).filter(|_| same_bits(&subject.run(&mut workspace, &Serial), &expected)).count()
            };
            let right: usize = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(run_often)).collect();
                threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
            });
            assert_eq!(right, 8 * RUNS, "{}", subject.name);
        }
    }
}

/// An executor that calls every index twice at once, and one that breaks down in the middle of a run: the operator and the
/// workspace of that run are as good as before.
#[test]
fn executors_that_misbehave_break_nothing() {
    for subject in subjects() {
        let expected = subject.plain();
        let mut workspace = subject.workspace(4);
        let twice = subject.run(&mut workspace, &Twice { threads: 4 });
        assert!(same_bits(&twice, &expected), "every index twice: {}", subject.name);
        for after in [0, 1, 3] {
            let executor = Panicking { threads: 4, after };
            let broke = breaks_down(|| drop(subject.run(&mut workspace, &executor)));
            // Work too small to be shared never reaches the executor.
            let result = subject.run(&mut workspace, &Scoped { threads: 4 });
            assert!(same_bits(&result, &expected), "after a panic ({broke}): {}", subject.name);
        }
    }
}

/// The panic of a caller's pool reaches the caller, and reaches it every time.
#[test]
fn a_panic_of_the_executor_is_passed_on() {
    let case = Case::new(PointwiseSpec::new(80, 64), [40, 41]);
    for &isa in Isa::available() {
        let subject = Subject::of_case(&case, isa);
        let mut workspace = subject.workspace(4);
        for _ in 0..3 {
            let executor = Panicking { threads: 4, after: 2 };
            assert!(breaks_down(|| drop(subject.run(&mut workspace, &executor))), "{}", subject.name);
        }
    }
}

/// A clone works after the original is gone, on another thread.
#[test]
fn a_clone_outlives_the_original() {
    let spec = PointwiseSpec::new(2, 1);
    let original = Pointwise::new(&spec, Weights::torch(&[3.0, 5.0]), Some(&[7.0])).expect("a valid operator");
    let clone = original.clone();
    drop(original);
    let result = std::thread::spawn(move || {
        let input = [1.0, 2.0, -4.0, 6.0];
        let input = sepconv::TensorRef::new(&input, sepconv::Shape::new(1, 2, 1, 2), Layout::Hwc)?;
        clone.run_to_vec(&input, &Serial)
    });
    assert_eq!(result.join().expect("no panic"), Ok(vec![20.0, 25.0]));
}

/// One operator serves maps and batches of any size, in any order.
#[test]
fn one_operator_serves_all_sizes() {
    let spec = DepthwiseSpec::new(6, [5, 5]).padding(Padding::Same);
    for layout in Layout::ALL {
        let largest = Problem::new(&Case::new(spec, [40, 41]).batch(2).with_layout(layout), Data::Reals);
        for &isa in Isa::available() {
            let operator = largest.operator(isa);
            for (size, batch) in [([40, 41], 2), ([1, 1], 1), ([7, 30], 3), ([40, 41], 1), ([2, 2], 5)] {
                let mut problem = Problem::new(&Case::new(spec, size).batch(batch).with_layout(layout), Data::Reals);
                problem.weights.clone_from(&largest.weights);
                problem.bias.clone_from(&largest.bias);
                let result = problem.run(&*operator, [View::PACKED; 2], &Serial);
                problem.compare(&problem.expected(), &result).unwrap_or_else(|error| panic!("{isa} {error}"));
            }
        }
    }
}
