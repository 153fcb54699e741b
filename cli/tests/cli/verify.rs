//! `sepconv verify` end to end.

use crate::program::{json, sepconv};
use serde_json::Value;

fn verify(args: &str) -> Value {
    json("verify", args)
}

#[test]
fn random_problems_pass_on_everything_available() {
    let report = verify("--seed 3 --count 12");
    let results = report["results"].as_array().unwrap();
    let isas = results.iter().filter(|result| result["op"] == results[0]["op"]).count() as u64;
    assert_eq!(report["checks"], 12 * 2 * isas, "problems, layouts, instruction sets");
    assert_eq!(report["failed"], 0);
    for result in results {
        assert!((0.0..=1.0).contains(&result["worst_err_over_bound"].as_f64().unwrap()), "{result}");
    }
}

#[test]
fn a_later_problem_of_a_run_can_be_repeated_alone() {
    let worst = |report: &Value| report["results"][0]["worst_err_over_bound"].as_f64().unwrap();
    let narrow = "--op sep --layout chw --isa portable";
    let all = verify(&format!("--seed 40 --count 5 {narrow}"));
    let each: Vec<f64> = (40..45).map(|seed| worst(&verify(&format!("--seed {seed} --count 1 {narrow}")))).collect();
    assert_eq!(each.iter().copied().fold(0.0, f64::max), worst(&all));
    assert!(worst(&all) > 0.0);
}

#[test]
fn the_text_says_how_many_and_how_well() {
    let text = sepconv(&["verify", "--count", "3", "--op", "dw", "--isa", "portable"]).succeeded();
    for part in ["3 random problems, seed 1: 6 checks", "| dw | portable |", "All checks passed."] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn the_layers_of_a_suite_are_checked_once_each() {
    let report = verify("--suite toy --op dw");
    let results = report["results"].as_array().unwrap();
    assert!(!results.is_empty() && report["failures"].as_array().unwrap().is_empty());
    for result in results {
        assert_eq!((&result["suite"], &result["op"], &result["failed"]), (&"toy".into(), &"dw".into(), &0.into()));
        let worst = result["worst_err_over_bound"].as_f64().unwrap();
        assert!(worst > 0.0 && worst <= 1.0, "{result}");
    }
}
