//! Suites: named lists of problems, from networks or from a file.
//!
//! A network is listed layer by layer: every depthwise, pointwise and dense convolution with its padding, stride, bias and
//! activation, and every pair depthwise → pointwise with nothing but bias and activation between them as a separable block, too.
//! Layers that are no convolutions (normalisation that is not folded, gates, pooling, the linear classifier) are left out.

mod convnext;
mod efficientnet;
mod file;
mod inverted;
mod layers;
mod mobileclip;
mod mobilenet;
mod toy;

pub use file::{FORMAT_HELP, parse_lines};

use crate::problem::Problem;
use anyhow::{Context, Result, bail};
use std::path::Path;

/// A built-in suite: its name and its list of problems.
pub type Suite = (&'static str, fn() -> Vec<Problem>);

/// The built-in suites, by name.
pub const SUITES: &[Suite] = &[
    ("mobilenet-v1", mobilenet::v1),
    ("mobilenet-v2", mobilenet::v2),
    ("mobilenet-v3-large", mobilenet::v3_large),
    ("efficientnet-b0", efficientnet::b0),
    ("convnext-t", convnext::tiny),
    ("mobileclip-s0", mobileclip::s0),
    ("toy", toy::problems),
];

/// Whether this names a built-in suite or a file.
pub fn exists(name: &str) -> bool {
    SUITES.iter().any(|(known, _)| *known == name) || Path::new(name).is_file()
}

/// Problems of a suite, built-in or in a file of problem lines.
pub fn load(name: &str) -> Result<Vec<Problem>> {
    if let Some((_, problems)) = SUITES.iter().find(|(known, _)| *known == name) {
        return Ok(problems());
    }
    let known: Vec<&str> = SUITES.iter().map(|(name, _)| *name).collect();
    if !Path::new(name).exists() {
        bail!("there is no suite and no file named {name:?}; the suites are {}", known.join(", "));
    }
    let text = std::fs::read_to_string(name).with_context(|| format!("cannot read the problem file {name:?}"))?;
    let suite = Path::new(name).file_stem().map_or(name.into(), |stem| stem.to_string_lossy().into_owned());
    let problems = parse_lines(&text, &suite).with_context(|| format!("problem file {name:?}"))?;
    if problems.is_empty() {
        bail!("the problem file {name:?} has no problems in it");
    }
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Op;

    /// Multiplications of a network's convolutions, padding counted as papers do; separable blocks are not counted again.
    fn multiplications(name: &str) -> u64 {
        let single = |problem: &&Problem| problem.work.op() != Op::Sep;
        let problems = load(name).unwrap();
        problems.iter().filter(single).map(|p| p.work.multiplications(p.input).unwrap().nominal).sum()
    }

    #[test]
    fn mobilenet_v1_has_the_published_multiplications() {
        // 569 million with the classifier of 1024×1000 (Howard et al. 2017, table 4).
        assert_eq!(multiplications("mobilenet-v1") + 1024 * 1000, 568_740_352);
    }

    #[test]
    fn networks_have_the_multiplications_that_torchvision_publishes() {
        // Billions, rounded to three decimals, as torchvision's model pages list them; linear layers added here.
        for (name, linear, published) in [
            ("mobilenet-v2", 1280 * 1000, 0.301),
            ("mobilenet-v3-large", 960 * 1280 + 1280 * 1000, 0.217),
            ("efficientnet-b0", 1280 * 1000, 0.386),
            ("convnext-t", 768 * 1000, 4.456),
        ] {
            let billions = (multiplications(name) + linear) as f64 / 1e9;
            assert!((billions - published).abs() <= 0.0005, "{name}: {billions} billion, published {published}");
        }
    }

    #[test]
    fn mobileclip_doubles_its_channels() {
        let problems = load("mobileclip-s0").unwrap();
        let depthwise: Vec<&Problem> = problems.iter().filter(|problem| problem.work.op() == Op::Dw).collect();
        assert!(depthwise.iter().all(|problem| problem.work.multiplier() == 2));
        let channels: Vec<usize> = depthwise.iter().map(|p| p.work.output_shape(p.input).unwrap().c).collect();
        assert_eq!(channels, [128, 256, 512, 1024]);
    }

    #[test]
    fn mobilenet_v1_has_thirteen_separable_blocks() {
        let problems = load("mobilenet-v1").unwrap();
        assert_eq!(problems.iter().filter(|problem| problem.work.op() == Op::Sep).count(), 13);
    }

    #[test]
    fn every_problem_of_every_suite_is_valid_and_named_once() {
        for (suite, _) in SUITES {
            let problems = load(suite).unwrap();
            for (i, problem) in problems.iter().enumerate() {
                assert!(problem.work.output_shape(problem.input).is_ok(), "{suite} {}", problem.name);
                assert_eq!(problem.suite, *suite);
                let twin = problems[..i].iter().find(|p| p.name == problem.name && p.work.op() == problem.work.op());
                assert!(twin.is_none(), "{suite} has two problems {}", problem.name);
            }
        }
    }

    #[test]
    fn layers_follow_on_each_other() {
        // The last layer of each network works on a map of 7×7; MobileCLIP's pictures are larger.
        for (suite, _) in SUITES.iter().filter(|(name, _)| *name != "toy") {
            let problems = load(suite).unwrap();
            let last = problems.last().unwrap();
            let output = last.work.output_shape(last.input).unwrap();
            let size = if *suite == "mobileclip-s0" { 8 } else { 7 };
            assert_eq!((output.h, output.w), (size, size), "{suite} {}", last.name);
        }
    }

    #[test]
    fn an_unknown_suite_is_an_error_that_names_the_known_ones() {
        let error = load("resnet-9000").unwrap_err().to_string();
        assert!(error.contains("resnet-9000") && error.contains("mobilenet-v1"), "{error}");
    }
}
