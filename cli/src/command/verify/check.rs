//! Checks one random problem on one instruction set and layout: values, untouched gaps, and the same bits on any threads.

use super::draw::Case;
use crate::problem::{Crew, Work, build, reference};
use anyhow::{Result, anyhow, bail};
use sepconv::reference::Bounded;
use sepconv::{Isa, Layout, Operator, Shape, Strides, TensorMut, TensorRef, Workspace};

/// What stands in the gaps of the output, and must still stand there afterwards.
const GUARD: f32 = -1.234_567e30;

/// The largest error of any output over its bound. An error says what is wrong beyond that.
pub fn check(case: &Case, layout: Layout, isa: Isa) -> Result<f64> {
    let work = case.work.with_layout(layout);
    let strides = gapped(case.input, layout, case.gaps);
    // NaN in the gaps of the input: reading them as values would show.
    let mut memory = vec![f32::NAN; reach(case.input, strides)];
    for ((n, c, y, x), &value) in positions(case.input).zip(&case.values) {
        memory[offset(strides, n, c, y, x)] = value;
    }
    let input = TensorRef::strided(&memory, case.input, strides)?;
    let expected: Vec<Bounded> = reference(&work, &case.parameters, &input)?;

    let operator = build(&work, &case.parameters, isa)?;
    if operator.isa() != isa {
        bail!("the operator uses {} although {isa} was forced", operator.isa());
    }
    let output = work.output_shape(case.input)?;
    let together = run(operator.as_ref(), &input, output, case)?;
    if case.threads > 1 {
        let alone = run(operator.as_ref(), &input, output, &Case { threads: 1, ..case.clone() })?;
        let same_bits = together.iter().zip(&alone).all(|(a, b)| a.to_bits() == b.to_bits());
        if !same_bits {
            bail!("{} threads give other bits than one", case.threads);
        }
    }
    compare(case, &work, output, &together, &expected)
}

/// Runs into a tensor with gaps, checks them, and returns the memory.
fn run(operator: &dyn Operator, input: &TensorRef<'_>, shape: Shape, case: &Case) -> Result<Vec<f32>> {
    let strides = gapped(shape, operator.layout(), case.gaps);
    let mut memory = vec![GUARD; reach(shape, strides)];
    // What a run does not write must not pass for a result.
    for (n, c, y, x) in positions(shape) {
        memory[offset(strides, n, c, y, x)] = f32::NAN;
    }
    let crew = Crew::new(case.threads)?;
    let mut workspace = Workspace::new(operator.workspace_len(input.shape(), case.threads)?);
    let mut output = TensorMut::strided(&mut memory, shape, strides)?;
    operator.run(input, &mut output, &mut workspace, crew.executor())?;
    let mut is_gap = vec![true; memory.len()];
    for (n, c, y, x) in positions(shape) {
        is_gap[offset(strides, n, c, y, x)] = false;
    }
    let damaged = memory.iter().zip(is_gap).position(|(value, gap)| gap && value.to_bits() != GUARD.to_bits());
    match damaged {
        Some(at) => Err(anyhow!("element {at} between the outputs was overwritten")),
        None => Ok(memory),
    }
}

fn compare(case: &Case, work: &Work, shape: Shape, actual: &[f32], expected: &[Bounded]) -> Result<f64> {
    let from = gapped(shape, work.layout(), case.gaps);
    let dense = gapped(shape, work.layout(), [0, 0]);
    let mut worst = 0.0f64;
    for (n, c, y, x) in positions(shape) {
        let (actual, expected) = (actual[offset(from, n, c, y, x)], &expected[offset(dense, n, c, y, x)]);
        let error = expected.error_over_bound(actual);
        let inexact = case.exact && f64::from(actual) != expected.value;
        if error > 1.0 || inexact {
            let wanted = if inexact { ", which is exact" } else { "" };
            bail!(
                "output (n {n}, c {c}, y {y}, x {x}) is {actual:e}, the reference says {:e} ± {:e}{wanted}",
                expected.value,
                expected.bound()
            );
        }
        worst = worst.max(error);
    }
    Ok(worst)
}

/// Every position of a tensor in the order n, c, y, x.
fn positions(shape: Shape) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    let Shape { n, c, h, w } = shape;
    (0..n * c * h * w).map(move |i| (i / w / h / c, i / w / h % c, i / w % h, i % w))
}

const fn offset(strides: Strides, n: usize, c: usize, y: usize, x: usize) -> usize {
    n * strides.n + c * strides.c + y * strides.h + x * strides.w
}

/// Strides with gaps behind every pixel (HWC) or row (CHW), and behind every map.
const fn gapped(shape: Shape, layout: Layout, [inner, outer]: [usize; 2]) -> Strides {
    match layout {
        Layout::Hwc => {
            let w = shape.c + inner;
            let h = shape.w * w;
            Strides { n: shape.h * h + outer, c: 1, h, w }
        }
        Layout::Chw => {
            let h = shape.w + inner;
            let c = shape.h * h;
            Strides { n: shape.c * c + outer, c, h, w: 1 }
        }
    }
}

/// Elements up to the last one that a tensor has: nothing after it belongs to the slice.
const fn reach(shape: Shape, strides: Strides) -> usize {
    offset(strides, shape.n - 1, shape.c - 1, shape.h - 1, shape.w - 1) + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Op;

    #[test]
    fn right_results_pass_and_a_wrong_one_does_not() {
        for seed in 0..8 {
            let case = Case::draw(seed, &Op::ALL);
            for layout in Layout::ALL {
                assert!(check(&case, layout, Isa::Portable).unwrap() <= 1.0);
                let work = case.work.with_layout(layout);
                let shape = work.output_shape(case.input).unwrap();
                let dense = gapped(case.input, layout, [0, 0]);
                let mut memory = vec![0.0; case.values.len()];
                for ((n, c, y, x), &value) in positions(case.input).zip(&case.values) {
                    memory[offset(dense, n, c, y, x)] = value;
                }
                let input = TensorRef::new(&memory, case.input, layout).unwrap();
                let expected: Vec<Bounded> = reference(&work, &case.parameters, &input).unwrap();
                let plain = Case { gaps: [0, 0], ..case.clone() };
                let mut actual: Vec<f32> = expected.iter().map(|bounded| bounded.value as f32).collect();
                assert!(compare(&plain, &work, shape, &actual, &expected).unwrap() <= 1.0);
                let last = actual.len() - 1;
                for wrong in [actual[last] + 0.5, f32::NAN] {
                    actual[last] = wrong;
                    let error = compare(&plain, &work, shape, &actual, &expected).unwrap_err().to_string();
                    assert!(error.contains("the reference says"), "{error}");
                }
            }
        }
    }
}
