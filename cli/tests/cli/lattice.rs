//! `sepconv lattice` end to end: parts of the run, resuming, and what it prints.

use crate::program::sepconv;
use serde_json::Value;

fn lattice(args: &str) -> Value {
    let mut all = vec!["lattice", "-o", "json"];
    all.extend(args.split(' '));
    serde_json::from_str(&sepconv(&all).succeeded()).unwrap()
}

#[test]
fn parts_and_the_rest_of_an_interrupted_run_make_the_whole() {
    let narrow = "--op pw --isa portable --layout hwc --from 14616";
    let cases = |more: &str| lattice(&format!("{narrow} {more}"))["cases"].as_u64().unwrap();
    let whole = cases("--count 6");
    assert!(whole > 0);
    assert_eq!((1..=3).map(|part| cases(&format!("--shard {part}/3 --count 2"))).sum::<u64>(), whole);
    let resumed = lattice("--op pw --isa portable --layout hwc --from 14618 --count 4");
    assert_eq!(cases("--count 2") + resumed["cases"].as_u64().unwrap(), whole);
}

#[test]
fn the_text_counts_by_operation_instruction_set_and_layout() {
    let text = sepconv(&["lattice", "--op", "dw", "--count", "1", "--isa", "portable"]).succeeded();
    for part in ["1 of 14814 groups", "| dw | portable | hwc", "| dw | portable | chw", "agree bit for bit"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(sepconv(&["lattice", "--shard", "4/3"]).refused().contains("3/8"));
}
