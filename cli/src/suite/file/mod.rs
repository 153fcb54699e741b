//! Problem files: one problem a line, in the notation of oneDNN's benchdnn.

mod descriptor;
mod resolve;

use crate::problem::Problem;
use anyhow::{Context, Result, anyhow, bail};
use descriptor::Scanner;

/// What `--help` says about problem files.
pub const FORMAT_HELP: &str = "\
Problem files: one problem a line, in the notation of oneDNN's benchdnn, for example
  g32ic32ih112oc32oh112kh3ph1n\"dw-112\" relu6       # depthwise 3x3 on 112x112x32
  ic32ih112oc64 relu6                               # pointwise
  g32ic32ih112oc32kh3ph1 relu6 + oc64 relu6         # the two as one separable block
  ic3ih224oc32oh112kh3sh2                           # dense, padded to give 112x112
Keys, each followed by a number, in any order, `_` between them allowed:
  mb        batch (default 1)
  g         groups: 1 (default) is dense or pointwise, g = ic is depthwise; others are not offered
  ic oc     input and output channels; oc = ic*M is depthwise with channel multiplier M
  ih iw     input size        oh ow   output size (follows if absent)
  kh kw     kernel size (1)   sh sw   stride (1)   dh dw   dilation, 0 = none (0)
  ph pw     padding at the top and left; if absent it follows from oh and ow, else it is 0.
            At the bottom and right: what oh and ow need, else the same as at the top and left.
  n\"...\"    name (default: the line's own text)
If only the h of a pair is given, w is the same; if only the w is given, the problem has one dimension.
After the keys, an activation may follow: identity, relu, relu6, leaky-relu (slope 0.01), hard-swish, silu.
`+` joins a depthwise and a pointwise problem to a separable block; ic, ih and iw of the second follow from the first.
Biases are always there. Everything from `#` on is a comment.";

/// Problems of a file's text. Errors say the line.
pub fn parse_lines(text: &str, suite: &str) -> Result<Vec<Problem>> {
    let mut problems = vec![];
    for (i, line) in text.lines().enumerate() {
        let problem = parse_line(line, suite).with_context(|| format!("line {}", i + 1))?;
        problems.extend(problem);
    }
    Ok(problems)
}

/// The problem of one line; `None` if nothing but a comment is on it.
fn parse_line(line: &str, suite: &str) -> Result<Option<Problem>> {
    let mut scanner = Scanner::new(line);
    if scanner.at_end() {
        return Ok(None);
    }
    let first = scanner.descriptor()?;
    let second = if scanner.take_plus() { Some(scanner.descriptor()?) } else { None };
    if !scanner.at_end() {
        bail!("cannot understand {:?}", scanner.rest());
    }
    let name = first.name.clone().or_else(|| second.as_ref()?.name.clone());
    let name = name.unwrap_or_else(|| scanner.text_before_comment().to_owned());
    let (input, work) = match second {
        None => resolve::single(&first)?,
        Some(second) => resolve::separable(&first, &second)?,
    };
    work.output_shape(input).map_err(|error| anyhow!(error))?;
    Ok(Some(Problem { suite: suite.to_owned(), name, input, work }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{Op, Work, explicit_padding, resolved_padding};
    use sepconv::{Activation, Shape};

    fn one(line: &str) -> Problem {
        parse_lines(line, "file").unwrap().remove(0)
    }

    fn error_of(text: &str) -> String {
        format!("{:#}", parse_lines(text, "file").unwrap_err())
    }

    #[test]
    fn the_customary_depthwise_line() {
        let problem = one("g32ic32ih112oc32oh112kh3ph1n\"dw 112\"");
        assert_eq!((problem.name.as_str(), problem.input), ("dw 112", Shape::new(1, 32, 112, 112)));
        let Work::Depthwise(spec) = problem.work else { panic!("{:?}", problem.work) };
        assert_eq!((spec.channels, spec.multiplier, spec.window.kernel), (32, 1, [3, 3]));
        assert_eq!(spec.window.padding, explicit_padding([1; 4]));
    }

    #[test]
    fn every_key_is_heard() {
        let line = "mb2_g6_ic6ih20iw30_oc12oh8ow12_kh3kw5_sh2sw3_dh1dw0_ph0pw2_n\"all\" silu";
        let problem = one(line);
        assert_eq!(problem.input, Shape::new(2, 6, 20, 30));
        let Work::Depthwise(spec) = problem.work else { panic!("{:?}", problem.work) };
        assert_eq!((spec.multiplier, spec.activation), (2, Activation::Silu));
        let window = spec.window;
        assert_eq!((window.kernel, window.stride, window.dilation), ([3, 5], [2, 3], [2, 1]));
        assert_eq!(resolved_padding(&window, problem.input).unwrap(), [0, 2, 0, 6]);
        let output = problem.work.output_shape(problem.input).unwrap();
        assert_eq!((output.c, output.h, output.w), (12, 8, 12));
    }

    #[test]
    fn the_operation_follows_from_groups_and_kernel() {
        for (line, op) in [
            ("ic32ih14oc64", Op::Pw),
            ("ic32ih14oc64sh2", Op::Pw),
            ("ic32ih14oc64ph1", Op::Conv),
            ("ic32ih14oc64kh3", Op::Conv),
            ("g32ic32ih14oc32kh3", Op::Dw),
            ("g32ic32ih14oc32kh3 + oc64", Op::Sep),
        ] {
            assert_eq!(one(line).work.op(), op, "{line}");
        }
    }

    #[test]
    fn padding_follows_from_the_output_size() {
        let problem = one("ic3ih224oc32oh112kh3sh2");
        assert_eq!(resolved_padding(&problem.work.window(), problem.input).unwrap(), [0, 0, 1, 1]);
        let problem = one("ic3ih224oc32oh112kh3sh2ph1");
        assert_eq!(resolved_padding(&problem.work.window(), problem.input).unwrap(), [1, 1, 0, 0]);
    }

    #[test]
    fn one_dimension_when_only_widths_are_given() {
        let problem = one("g8ic8iw100oc8kw5pw2");
        assert_eq!(problem.input, Shape::new(1, 8, 1, 100));
        assert_eq!(problem.work.window().kernel, [1, 5]);
        assert_eq!(resolved_padding(&problem.work.window(), problem.input).unwrap(), [0, 2, 0, 2]);
    }

    #[test]
    fn separable_blocks_join_two_problems() {
        let problem = one("g32ic32ih28oc64kh3ph1sh2 relu6 + ic64oc128 hard-swish # block");
        assert_eq!(problem.name, "g32ic32ih28oc64kh3ph1sh2 relu6 + ic64oc128 hard-swish");
        let Work::Separable(spec) = problem.work else { panic!("{:?}", problem.work) };
        assert_eq!((spec.depthwise.multiplier, spec.depthwise.activation), (2, Activation::Relu6));
        assert_eq!((spec.pointwise.out_channels, spec.pointwise.activation), (128, Activation::HardSwish));
    }

    #[test]
    fn comments_and_empty_lines_are_skipped() {
        let problems = parse_lines("# header\n\n  ic4ih8oc8 # pointwise\n\t\nic8ih8oc4n\"a # b\"\n", "file").unwrap();
        assert_eq!(problems.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["ic4ih8oc8", "a # b"]);
    }

    #[test]
    fn errors_name_the_line_and_the_reason() {
        for (text, expected) in [
            ("ic4ih8oc8\nic4ih8qq8", vec!["line 2", "qq"]),
            ("ic4oc8", vec!["line 1", "ih"]),
            ("ih8oc8", vec!["ic"]),
            ("ic4ih8", vec!["oc"]),
            ("ic4ih8oc8ic4", vec!["ic", "twice"]),
            ("icih8oc8", vec!["ic", "number"]),
            ("ic4ih8oc8 gelu", vec!["gelu", "relu6"]),
            ("g2ic4ih8oc8kh3", vec!["2 groups"]),
            ("g4ic4ih8oc6kh3", vec!["6", "multiple"]),
            ("ic4ih8oc8oh7", vec!["oh7", "oh8"]),
            ("ic4ih8oc8oh3kh3", vec!["oh3", "6"]),
            ("ic4ih2oc8kh3ph0", vec!["empty"]),
            ("ic0ih2oc8", vec!["0"]),
            ("ic4ih8oc8sh0", vec!["stride"]),
            ("ic99999999999999999999ih8oc8", vec!["too large"]),
            ("ic4ih8id3oc8", vec!["id"]),
            ("ic4ih8oc8n\"open", vec!["name"]),
            ("ic4ih8oc8 relu relu", vec!["relu"]),
            ("ic4ih8oc8 + oc4", vec!["depthwise"]),
            ("g4ic4ih8oc4kh3 + oc4kh3", vec!["pointwise"]),
            ("g4ic4ih8oc4kh3 + ic5oc4", vec!["ic5"]),
            ("g4ic4ih8oc4kh3 + oc4ih8", vec!["ih8"]),
            ("g4ic4ih8oc4kh3 +", vec!["+"]),
        ] {
            let error = error_of(text);
            for part in expected {
                assert!(error.contains(part), "{text:?} gives {error:?}, without {part:?}");
            }
        }
    }
}
