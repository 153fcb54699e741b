//! What must not change a result by a single bit: threads, executors, alignment, slices of larger tensors, batches, the
//! workspace's contents, and the run before.

use crate::support::executors::{Reverse, Scoped};
use crate::support::{Case, Data, Problem, View, same_bits, subjects};
use sepconv::{
    Activation, Conv2dSpec, DepthwiseSpec, Executor, Isa, Layout, Operator, Padding, PointwiseSpec, SeparableSpec,
    Serial, Workspace,
};

/// Cases of every operation and kernel family, most with enough work to be worth splitting among four threads, the last ones not.
fn cases() -> Vec<Case> {
    let same = Padding::Same;
    let depthwise = |channels, kernel| DepthwiseSpec::new(channels, kernel).padding(same);
    let separable = |depthwise: DepthwiseSpec, outputs| {
        let channels = depthwise.channels * depthwise.multiplier;
        let pointwise = PointwiseSpec::new(channels, outputs).activation(Activation::Silu);
        SeparableSpec::new(depthwise.activation(Activation::Relu6), pointwise)
    };
    let each = [
        Case::new(depthwise(19, [3, 3]), [123, 121]),
        Case::new(depthwise(3, [3, 3]), [301, 310]),
        Case::new(depthwise(34, [5, 5]).stride([2, 2]), [81, 83]).batch(2),
        Case::new(depthwise(9, [7, 7]).activation(Activation::HardSwish), [76, 75]),
        Case::new(depthwise(5, [4, 3]).multiplier(3).dilation([2, 1]), [119, 121]),
        Case::new(PointwiseSpec::new(37, 45), [27, 29]).batch(2),
        Case::new(PointwiseSpec::new(80, 33).stride([2, 2]), [62, 63]),
        Case::new(Conv2dSpec::new(3, 32, [3, 3]).stride([2, 2]).padding(same), [111, 109]),
        Case::new(Conv2dSpec::new(17, 20, [3, 3]).padding(same), [23, 28]).batch(2),
        Case::new(separable(depthwise(35, [3, 3]), 21), [61, 64]),
        Case::new(separable(depthwise(18, [5, 5]).stride([2, 2]), 40), [125, 123]).batch(2),
        Case::new(separable(depthwise(4, [3, 3]).multiplier(4), 9), [120, 83]),
        Case::new(separable(depthwise(40, [3, 3]), 48), [13, 11]).batch(5),
        Case::new(depthwise(7, [3, 3]), [5, 9]),
        Case::new(PointwiseSpec::new(5, 18), [3, 7]),
        Case::new(Conv2dSpec::new(3, 5, [2, 3]).padding(same), [4, 6]),
        Case::new(separable(depthwise(6, [3, 3]), 10), [6, 5]),
    ];
    each.iter().flat_map(|case| Layout::ALL.map(|layout| case.with_layout(layout))).collect()
}

/// Calls `check` with every case's operator on every instruction set and with the result of a plain serial run.
fn for_every_operator(check: impl Fn(&Problem, &dyn Operator, &[f32])) {
    for case in cases() {
        let problem = Problem::new(&case, Data::Reals);
        let expected = problem.expected();
        for &isa in Isa::available() {
            let operator = problem.operator(isa);
            let plain = problem.run(&*operator, [View::PACKED; 2], &Serial);
            problem.compare(&expected, &plain).unwrap_or_else(|error| panic!("{isa} {error}: {case:?}"));
            check(&problem, &*operator, &plain);
        }
    }
}

fn assert_same(what: &str, operator: &dyn Operator, problem: &Problem, plain: &[f32], other: &[f32]) {
    assert!(same_bits(plain, other), "{what} changes bits: {}, {:?}", operator.kernel_name(), problem.case);
}

fn check_executors(executors: &[(&str, &dyn Executor)]) {
    for_every_operator(|problem, operator, plain| {
        for (name, executor) in executors {
            let result = problem.run(operator, [View::PACKED; 2], *executor);
            assert_same(&format!("{name} of {}", executor.threads()), operator, problem, plain, &result);
        }
    });
}

#[test]
fn number_of_threads() {
    let threads = [1, 2, 3, 4, 5, 6, 7, 8].map(|threads| Scoped { threads });
    check_executors(&threads.each_ref().map(|executor| ("scoped threads", executor as &dyn Executor)));
}

#[test]
fn order_of_tasks() {
    let threads = [1, 2, 3, 4, 7].map(|threads| Reverse { threads });
    check_executors(&threads.each_ref().map(|executor| ("reverse order", executor as &dyn Executor)));
}

#[test]
fn more_threads_than_work() {
    check_executors(&[("reverse order", &Reverse { threads: 500 }), ("scoped threads", &Scoped { threads: 61 })]);
}

#[cfg(feature = "rayon")]
#[test]
fn rayon_pools() {
    let pools = [1, 2, 3, 4].map(|threads| sepconv::Rayon::new(threads).expect("small pools can be made"));
    check_executors(&pools.each_ref().map(|pool| ("rayon pool", pool as &dyn Executor)));
    check_executors(&[("rayon's current pool", &sepconv::Rayon::current())]);
}

#[cfg(feature = "rayon")]
#[test]
fn inside_a_rayon_pool() {
    let pool = sepconv::Rayon::new(3).expect("small pools can be made");
    for_every_operator(|problem, operator, plain| {
        let result = pool.install(|| problem.run(operator, [View::PACKED; 2], &sepconv::Rayon::current()));
        assert_same("running inside a pool", operator, problem, plain, &result);
    });
}

#[test]
fn alignment_of_buffers() {
    for_every_operator(|problem, operator, plain| {
        for input in 0..=3 {
            for output in 0..=3 {
                let views = [View::shifted(input), View::shifted(output)];
                let result = problem.run(operator, views, &Serial);
                assert_same(&format!("a shift of {input} and {output}"), operator, problem, plain, &result);
            }
        }
    });
}

#[test]
fn slices_of_larger_tensors() {
    for_every_operator(|problem, operator, plain| {
        for gaps in [[1, 0, 0], [0, 1, 0], [0, 0, 1], [16, 0, 0], [13, 29, 5]] {
            let view = View::slice_of_larger(1, gaps);
            for views in [[view, View::PACKED], [View::PACKED, view], [view, view]] {
                let result = problem.run(operator, views, &Reverse { threads: 2 });
                assert_same(&format!("{views:?}"), operator, problem, plain, &result);
            }
        }
    });
}

/// Each map of a batch alone gives what the whole batch gives.
#[test]
fn batches_split_into_maps() {
    for_every_operator(|problem, operator, plain| {
        let mut one = problem.case.input;
        one.n = 1;
        let len = problem.input.len() / problem.case.input.n;
        let maps = problem.input.chunks(len).flat_map(|map| {
            let map = sepconv::TensorRef::new(map, one, operator.layout()).expect("a map of the batch");
            operator.run_to_vec(&map, &Serial).expect("a map alone runs")
        });
        assert_same("splitting the batch", operator, problem, plain, &maps.collect::<Vec<_>>());
    });
}

/// NaN in every element that an earlier run left in the workspace, and a workspace that is larger than needed.
#[test]
fn contents_of_the_workspace() {
    for_every_operator(|problem, operator, plain| {
        let needed = operator.workspace_len(problem.case.input, 3).expect("the case is valid");
        let mut dirty = Problem::new(&problem.case, problem.data);
        dirty.input.fill(f32::NAN);
        for (what, size) in [("a dirty workspace", needed), ("a large dirty workspace", 2 * needed + 1000)] {
            let mut workspace = Workspace::new(size);
            for executor in [&Serial as &dyn Executor, &Reverse { threads: 3 }] {
                let nothing = dirty.run_in(operator, [View::PACKED; 2], executor, &mut workspace);
                assert!(nothing.iter().all(|y| y.is_nan()), "every output sees an input: {:?}", problem.case);
                let result = problem.run_in(operator, [View::PACKED; 2], executor, &mut workspace);
                assert_same(what, operator, problem, plain, &result);
            }
        }
    });
}

/// One workspace for all operators, as a network uses it, each after another one has left its NaNs there.
#[test]
fn a_workspace_shared_by_all_operators() {
    let problems: Vec<Problem> = cases().iter().map(|case| Problem::new(case, Data::Reals)).collect();
    for &isa in Isa::available() {
        let operators: Vec<_> = problems.iter().map(|problem| problem.operator(isa)).collect();
        let needed = operators
            .iter()
            .zip(&problems)
            .map(|(operator, problem)| operator.workspace_len(problem.case.input, 2).expect("the case is valid"));
        let mut workspace = Workspace::new(needed.max().unwrap_or(0));
        let run_all = |workspace: &mut Workspace| -> Vec<Vec<f32>> {
            let pairs = operators.iter().zip(&problems);
            pairs
                .map(|(operator, problem)| {
                    problem.run_in(&**operator, [View::PACKED; 2], &Reverse { threads: 2 }, workspace)
                })
                .collect()
        };
        let (first, second) = (run_all(&mut workspace), run_all(&mut workspace));
        for ((problem, operator), (first, second)) in problems.iter().zip(&operators).zip(first.iter().zip(&second)) {
            let plain = problem.run(&**operator, [View::PACKED; 2], &Serial);
            assert_same("a shared workspace", &**operator, problem, &plain, first);
            assert_same("a second round", &**operator, problem, &plain, second);
        }
    }
}

/// The order in which a framework keeps its weights is forgotten when they are packed.
#[test]
fn order_of_weights() {
    for case in cases() {
        let torch = Problem::new(&case, Data::Reals);
        let mut tensorflow = Problem::new(&case, Data::Reals);
        tensorflow.case.tensorflow = true;
        tensorflow.weights = torch.weights_in_tensorflow_order();
        for &isa in Isa::available() {
            let operator = torch.operator(isa);
            let plain = torch.run(&*operator, [View::PACKED; 2], &Serial);
            let result = tensorflow.run(&*tensorflow.operator(isa), [View::PACKED; 2], &Serial);
            assert_same("the order of weights", &*operator, &torch, &plain, &result);
        }
    }
}

/// Inverted residuals are not among the cases: all operators once more, for one to eight threads.
#[test]
fn every_operator_on_one_to_eight_threads() {
    for subject in subjects() {
        let plain = subject.plain();
        for threads in 1..=8 {
            let result = subject.run(&mut subject.workspace(threads), &Scoped { threads });
            assert!(same_bits(&plain, &result), "{threads} threads change bits: {}", subject.name);
        }
    }
}

/// A batch in two parts of different sizes gives what the whole batch gives, wherever it is cut.
#[test]
fn batches_cut_anywhere() {
    for mut subject in subjects().into_iter().filter(|subject| subject.shape.n > 1) {
        let (batch, plain) = (subject.shape.n, subject.plain());
        let whole = std::mem::take(&mut subject.input);
        for first in 1..batch {
            let cut = whole.len() / batch * first;
            let mut joined = vec![];
            for (n, part) in [(first, &whole[..cut]), (batch - first, &whole[cut..])] {
                (subject.shape.n, subject.output.n, subject.input) = (n, n, part.to_vec());
                joined.extend(subject.plain());
            }
            assert!(same_bits(&plain, &joined), "cut after {first} of {batch}: {}", subject.name);
        }
    }
}

/// The thousandth run with the same operator and workspace.
#[test]
fn the_thousandth_run() {
    for subject in subjects().into_iter().filter(|subject| subject.shape.n == 1 && subject.layout() == Layout::Hwc) {
        let (plain, mut workspace) = (subject.plain(), subject.workspace(1));
        for run in 1..=1000 {
            // Every run is compared: a thousandth that is right by chance after wrong ones would be no comfort.
            assert!(same_bits(&plain, &subject.run(&mut workspace, &Serial)), "run {run}: {}", subject.name);
        }
    }
}
