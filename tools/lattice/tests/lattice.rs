//! The program end to end: parts of the run, resuming, and what it prints.

#[path = "../../../cli/tests/cli/run.rs"]
mod run;

use run::{Run, run};
use serde_json::Value;
use std::process::Command;

fn lattice(args: &str) -> Run {
    run(Command::new(env!("CARGO_BIN_EXE_lattice")).args(args.split(' ')))
}

fn json(args: &str) -> Value {
    serde_json::from_str(&lattice(&format!("-o json {args}")).succeeded()).unwrap()
}

#[test]
fn parts_and_the_rest_of_an_interrupted_run_make_the_whole() {
    let narrow = "--op pw --isa portable --layout hwc --from 14616";
    let cases = |more: &str| json(&format!("{narrow} {more}"))["cases"].as_u64().unwrap();
    let whole = cases("--count 6");
    assert!(whole > 0);
    assert_eq!((1..=3).map(|part| cases(&format!("--shard {part}/3 --count 2"))).sum::<u64>(), whole);
    let resumed = json("--op pw --isa portable --layout hwc --from 14618 --count 4");
    assert_eq!(cases("--count 2") + resumed["cases"].as_u64().unwrap(), whole);
}

#[test]
fn the_text_counts_by_operation_instruction_set_and_layout() {
    let text = lattice("--op dw --count 1 --isa portable").succeeded();
    for part in ["1 of 14814 groups", "| dw | portable | hwc", "| dw | portable | chw", "agree bit for bit"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(lattice("--shard 4/3").refused().contains("3/8"));
}

#[test]
fn the_help_says_what_it_is_and_how_it_ends() {
    let help = lattice("--help").succeeded();
    for part in ["every small window", "Exit code", "--shard", "Only these layouts"] {
        assert!(help.contains(part), "{part} is not in {help}");
    }
}
