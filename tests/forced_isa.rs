//! `SEPCONV_ISA` and limits of the operating system, each in a child process: both hold for a whole process.
//!
//! The child is this test binary itself, running one of the ignored tests, which print what they find.

use sepconv::isa::ISA_VARIABLE;
use sepconv::{
    Conv2d, Conv2dSpec, Depthwise, DepthwiseSpec, Error, Isa, Operator, Pointwise, PointwiseSpec, Separable,
    SeparableSpec, Weights,
};
use std::process::Command;

/// Starts this binary again: under the same emulator, where `SEPCONV_TEST_RUNNER` names it with its arguments.
fn this_binary() -> Command {
    let binary = std::env::args_os().next().expect("a program has a name");
    let runner = std::env::var("SEPCONV_TEST_RUNNER").unwrap_or_default();
    let mut words = runner.split_whitespace();
    let Some(emulator) = words.next() else { return Command::new(binary) };
    let mut command = Command::new(emulator);
    command.args(words).arg(binary);
    command
}

/// Runs an ignored test of this binary with `SEPCONV_ISA` set or not; returns the rest of the line that it prints after `marker`.
fn child(test: &str, variable: Option<&str>, marker: &str) -> String {
    let mut command = this_binary();
    command.env_remove(ISA_VARIABLE).args([test, "--exact", "--ignored", "--nocapture", "--test-threads", "1"]);
    command.envs(variable.map(|value| (ISA_VARIABLE, value)));
    let output = command.output().expect("the test binary starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the child failed: {text}{errors}");
    let line = text.lines().find_map(|line| line.split_once(marker).map(|(_, rest)| rest.to_owned()));
    line.unwrap_or_else(|| panic!("no {marker:?} in {text:?}"))
}

/// What a process says that was started with this value of the variable.
fn with_variable(value: &str) -> String {
    child("prints_the_preferred_isa", Some(value), "preferred: ")
}

#[test]
#[ignore = "runs as a child of the other tests"]
fn prints_the_preferred_isa() {
    let spec = PointwiseSpec::new(1, 1);
    let dense = Conv2dSpec::new(1, 1, [1, 1]);
    let depthwise = DepthwiseSpec::new(1, [3, 3]);
    let weights = Weights::torch(&[1.0]);
    let nine = Weights::torch(&[1.0; 9]);
    let block = SeparableSpec::new(depthwise, spec);
    let operators: [sepconv::Result<Box<dyn Operator>>; 4] = [
        Pointwise::new(&spec, weights, None).map(|operator| Box::new(operator) as Box<dyn Operator>),
        Conv2d::new(&dense, weights, None).map(|operator| Box::new(operator) as Box<dyn Operator>),
        Depthwise::new(&depthwise, nine, None).map(|operator| Box::new(operator) as Box<dyn Operator>),
        Separable::new(&block, [nine, weights], [None; 2]).map(|operator| Box::new(operator) as Box<dyn Operator>),
    ];
    match Isa::preferred() {
        Ok(isa) => {
            for operator in operators {
                let operator = operator.expect("an operator can be made");
                assert_eq!(operator.isa(), isa);
                assert!(operator.kernel_name().ends_with(&format!("__{isa}")), "{}", operator.kernel_name());
            }
            println!("preferred: {isa}");
        }
        Err(error) => {
            let error = Error::from(error);
            assert!(operators.into_iter().all(|operator| operator.err().as_ref() == Some(&error)));
            println!("preferred: none, {error}");
        }
    }
}

/// What was detected and what an operator uses, held against `SEPCONV_EXPECT` where that is set: continuous integration says
/// what each emulated CPU has.
#[test]
fn detected_and_used_are_as_expected() {
    let names = |all: &[Isa]| all.iter().map(|isa| isa.name()).collect::<Vec<_>>().join(",");
    let features = sepconv::isa::features().iter().filter(|feature| feature.available);
    let features: Vec<_> = features.map(|feature| feature.name).collect();
    let operator = Depthwise::new(&DepthwiseSpec::new(8, [3, 3]), Weights::torch(&[1.0; 72]), None);
    let operator = operator.expect("an operator can be made");
    let (_, used) = operator.kernel_name().rsplit_once("__").expect("a kernel's name ends with its instruction set");
    assert_eq!(used, operator.isa().name());
    let found = format!("detected={} used={used} features={}", names(Isa::available()), features.join(","));
    println!("{found}");
    if let Ok(expected) = std::env::var("SEPCONV_EXPECT") {
        assert_eq!(found, expected);
    }
}

#[test]
fn the_best_is_preferred_without_the_variable() {
    let best = Isa::available().last().expect("there is always one").name();
    assert_eq!(child("prints_the_preferred_isa", None, "preferred: "), best);
    assert_eq!(with_variable(""), best);
}

#[test]
fn every_available_isa_can_be_forced() {
    for isa in Isa::available() {
        assert_eq!(with_variable(isa.name()), isa.name());
    }
}

#[test]
fn a_missing_isa_is_an_error() {
    for &isa in Isa::ALL {
        if isa.is_available() {
            eprintln!("{isa} is here: forcing it where it is missing is not tested on this machine");
            continue;
        }
        let error = Error::IsaUnavailable { isa, available: Isa::available().to_vec() };
        assert_eq!(with_variable(isa.name()), format!("none, {error}"));
    }
}

#[test]
fn an_unknown_isa_is_an_error() {
    for name in ["sse9", "AVX2", " ", "avx2,avx512", "0"] {
        let error = Error::UnknownIsa { name: name.to_owned() };
        assert_eq!(with_variable(name), format!("none, {error}"));
    }
}

/// An operator that is told which one to use does not ask the variable.
#[test]
fn the_variable_does_not_overrule_the_caller() {
    let said = child("prints_what_the_caller_forced", Some("sse9"), "forced: ");
    let all: Vec<&str> = Isa::available().iter().map(|isa| isa.name()).collect();
    assert_eq!(said, all.join(" "));
}

#[test]
#[ignore = "runs as a child of the other tests"]
fn prints_what_the_caller_forced() {
    let used = Isa::available().iter().map(|&isa| {
        let operator = Pointwise::with_isa(&PointwiseSpec::new(1, 1), Weights::torch(&[1.0]), None, isa);
        operator.expect("an available one can be forced").isa().name()
    });
    println!("forced: {}", used.collect::<Vec<_>>().join(" "));
}

/// A limit on the address space leaves no room for so many stacks.
#[cfg(all(feature = "rayon", target_os = "linux"))]
#[test]
fn a_pool_that_cannot_be_made_is_an_error() {
    let binary = std::env::current_exe().expect("a running test has a path");
    let script = r#"ulimit -v 1000000 && exec "$0" "$@""#;
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(binary);
    command.args(["prints_whether_a_large_pool_can_be_made", "--exact", "--ignored", "--nocapture"]);
    let output = command.output().expect("a shell starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("refused: no pool of 5000 threads could be made: "), "{text}");
}

#[cfg(all(feature = "rayon", target_os = "linux"))]
#[test]
#[ignore = "runs as a child of the other tests"]
fn prints_whether_a_large_pool_can_be_made() {
    // Without a limit there is nothing to see, and no reason to start so many threads.
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let limited = limits.lines().any(|line| line.starts_with("Max address space") && !line.contains("unlimited  "));
    if !limited {
        println!("no limit is set");
        return;
    }
    match sepconv::Rayon::new(5000) {
        Err(error @ Error::ThreadPool { threads: 5000, .. }) => println!("refused: {error}"),
        other => panic!("{other:?}"),
    }
}
