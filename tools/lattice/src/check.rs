//! Runs one operator on the maps of a group and compares bit for bit, with guards on both sides of the output.

use super::group::Group;
use super::report::Report;
use anyhow::{Result, ensure};
use sepconv::{Isa, Layout, Operator, Serial, Shape, TensorMut, TensorRef, Workspace};

/// Elements of guard on either side of an output.
const GUARD: usize = 16;

/// Stands around outputs, and in them before a run: a NaN with a payload, which no whole number is.
const GUARD_BITS: u32 = 0x7fc5_a5a5;

/// Maps of one group with the same channels and layout, and what must come out.
pub struct Maps {
    /// Layout of inputs and outputs.
    pub layout: Layout,
    /// Channels that the group walks through.
    pub channels: usize,
    /// Shape and values of each input.
    pub inputs: Vec<(Shape, Vec<f32>)>,
    /// Shape and values of each output.
    pub expected: Vec<(Shape, Vec<f32>)>,
}

/// Checks operators one after the other, in memory that it keeps.
pub struct Checker<'a> {
    /// Instruction sets to check.
    pub isas: &'a [Isa],
    /// Where results go.
    pub report: &'a mut Report,
    output: Vec<f32>,
    workspace: Workspace,
}

/// Channels in a vector.
const fn lanes(isa: Isa) -> usize {
    match isa {
        Isa::Avx512 => 16,
        Isa::Neon => 4,
        _ => 8,
    }
}

impl<'a> Checker<'a> {
    /// Without memory yet.
    pub fn new(isas: &'a [Isa], report: &'a mut Report) -> Self {
        Self { isas, report, output: vec![], workspace: Workspace::new(0) }
    }

    /// Checks what `make` makes on every instruction set that has not seen more than two vectors and one channel.
    pub fn check(&mut self, group: &Group, maps: &Maps, make: &dyn Fn(Isa) -> sepconv::Result<Box<dyn Operator>>) {
        for &isa in self.isas {
            if maps.channels > 2 * lanes(isa) + 1 {
                continue;
            }
            let operator = match make(isa) {
                Ok(operator) => operator,
                Err(error) => {
                    self.report.failed(group, isa, maps.layout, format!("{} channels: {error}", maps.channels));
                    continue;
                }
            };
            for ((shape, input), (output, expected)) in maps.inputs.iter().zip(&maps.expected) {
                let result = self.compare(operator.as_ref(), *shape, input, *output, expected);
                self.report.case(group.op, isa, maps.layout);
                if let Err(error) = result {
                    let kernel = operator.kernel_name();
                    let place = format!("{kernel}, {} channels, {shape} to {output}: {error}", maps.channels);
                    self.report.failed(group, isa, maps.layout, place);
                }
            }
        }
    }

    fn compare(
        &mut self,
        operator: &dyn Operator,
        shape: Shape,
        input: &[f32],
        output: Shape,
        expected: &[f32],
    ) -> Result<()> {
        ensure!(operator.output_shape(shape)? == output, "the operator's output is {}", operator.output_shape(shape)?);
        let needed = operator.workspace_len(shape, 1)?;
        if self.workspace.capacity() < needed {
            self.workspace = Workspace::new(2 * needed);
        }
        let len = expected.len();
        self.output.clear();
        self.output.resize(len + 2 * GUARD, f32::from_bits(GUARD_BITS));
        let inside = &mut self.output[GUARD..GUARD + len];
        let mut target = TensorMut::new(inside, output, operator.layout())?;
        let source = TensorRef::new(input, shape, operator.layout())?;
        operator.run(&source, &mut target, &mut self.workspace, &Serial)?;
        let (before, rest) = self.output.split_at(GUARD);
        let (inside, behind) = rest.split_at(len);
        let wrong = inside.iter().zip(expected).position(|(a, b)| a.to_bits() != b.to_bits());
        if let Some(at) = wrong {
            anyhow::bail!("element {at} is {:?} instead of {:?}", inside[at], expected[at]);
        }
        let intact = |guard: &[f32]| guard.iter().all(|value| value.to_bits() == GUARD_BITS);
        ensure!(intact(before) && intact(behind), "memory outside the output was written");
        Ok(())
    }
}

/// Checks that the library refuses a map that is smaller than the window, and says why.
pub fn refused(group: &Group, size: [usize; 2]) -> Result<()> {
    let answer = group.window().place(size);
    let empty = matches!(answer, Err(sepconv::Error::EmptyOutput { .. }));
    ensure!(empty, "a map of {size:?} has no output, the library says {answer:?}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sepconv::{Depthwise, DepthwiseSpec, Weights};
    use sepconv_console::exit::Outcome;

    /// 1×1 kernels on a map of one row: outputs are inputs times the channel's weight.
    fn outcome(change: impl Fn(&mut Maps)) -> (Outcome, String) {
        let shape = Shape::new(1, 2, 1, 2);
        let mut maps = Maps {
            layout: Layout::Hwc,
            channels: 2,
            inputs: vec![(shape, vec![1.0, 2.0, 3.0, 4.0])],
            expected: vec![(shape, vec![2.0, -6.0, 6.0, -12.0])],
        };
        change(&mut maps);
        let mut report = Report::default();
        let spec = DepthwiseSpec::new(2, [1, 1]);
        let group = Group::new(0).unwrap();
        Checker::new(&[Isa::Portable], &mut report).check(&group, &maps, &|isa| {
            Ok(Box::new(Depthwise::with_isa(&spec, Weights::torch(&[2.0, -3.0]), None, isa)?))
        });
        let mut text = vec![];
        report.write_text(&mut text).unwrap();
        (report.outcome(), String::from_utf8(text).unwrap())
    }

    #[test]
    fn a_right_result_passes_and_a_wrong_bit_does_not() {
        assert_eq!(outcome(|_| {}).0, Outcome::Right);
        // The last bit of the last element; the sign of a zero would be one, too.
        let (verdict, text) = outcome(|maps| maps.expected[0].1[3] = f32::from_bits((-12.0f32).to_bits() + 1));
        assert_eq!(verdict, Outcome::Wrong);
        for part in [
            "element 3 is -12.0",
            "repeat: cargo run --release -p lattice -- --from 0 --count 1 --isa portable --layout hwc",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let (verdict, text) = outcome(|maps| maps.expected[0].0 = Shape::new(1, 2, 1, 1));
        assert!(verdict == Outcome::Wrong && text.contains("the operator's output is"), "{text}");
    }

    #[test]
    fn windows_that_fit_are_not_refused() {
        let group = Group::new(0).unwrap();
        assert!(refused(&group, [1, 1]).is_err());
    }
}
