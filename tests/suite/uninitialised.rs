//! Outputs in memory that nobody has initialised: a run writes every element.

use crate::support::{Case, Data, InputMemory, Problem, View, same_bits};
use sepconv::{
    Conv2dSpec, DepthwiseSpec, Isa, Layout, Padding, PointwiseSpec, SeparableSpec, Serial, TensorMut, Workspace,
};
use std::mem::MaybeUninit;

#[test]
fn a_run_initialises_every_element() {
    let depthwise = DepthwiseSpec::new(19, [3, 3]).padding(Padding::Same);
    let pointwise = PointwiseSpec::new(19, 21);
    let cases = [
        Case::new(depthwise, [9, 11]).batch(2),
        Case::new(pointwise, [9, 11]).batch(2),
        Case::new(Conv2dSpec::new(3, 18, [3, 3]).padding(Padding::Same), [9, 11]).batch(2),
        Case::new(SeparableSpec::new(depthwise, pointwise), [9, 11]).batch(2),
    ];
    for case in cases.iter().flat_map(|case| Layout::ALL.map(|layout| case.with_layout(layout))) {
        let problem = Problem::new(&case, Data::Reals);
        let input = InputMemory::new(&problem.input, case.input, case.spec.layout(), View::PACKED);
        for &isa in Isa::available() {
            let operator = problem.operator(isa);
            let expected = problem.run(&*operator, [View::PACKED; 2], &Serial);
            let len = expected.len();

            let mut memory: Vec<f32> = Vec::with_capacity(len);
            // A pattern that the run must replace: it would be noticed if an element were left as it was.
            let spare = &mut memory.spare_capacity_mut()[..len];
            spare.fill(MaybeUninit::new(f32::from_bits(0x7fc5_a5a5)));
            let needed = operator.workspace_len(case.input, 1).expect("the case is valid");
            let mut output = TensorMut::uninit(spare, problem.output_shape, case.spec.layout()).expect("right length");
            operator.run(&input.tensor(), &mut output, &mut Workspace::new(needed), &Serial).expect("a valid run");
            // SAFETY: `fill` above has written all `len` elements, and the run has written them again.
            unsafe { memory.set_len(len) };
            assert!(same_bits(&memory, &expected), "{isa} {case:?}");
        }
    }
}

#[test]
fn the_length_is_checked_there_too() {
    let mut memory = [MaybeUninit::uninit(); 7];
    let error = TensorMut::uninit(&mut memory, sepconv::Shape::new(1, 2, 2, 2), Layout::Hwc).expect_err("too short");
    assert!(matches!(error, sepconv::Error::LengthMismatch { expected: 8, actual: 7, .. }), "{error}");
}
