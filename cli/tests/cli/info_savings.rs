//! `sepconv info` and `sepconv savings` end to end.

use crate::program::{json, sepconv};
use serde_json::Value;

#[test]
fn info_measures_the_machine() {
    let info = json("info", "");
    assert!(!info["cpu"]["model"].as_str().unwrap().is_empty());
    let cores = info["cpu"]["logical_cores"].as_u64().unwrap();
    let thread_counts = if cores == 1 { 1 } else { 2 };
    let available = info["isas"].as_array().unwrap().iter().filter(|isa| isa["available"] == true).count();
    assert!(available >= 1 && info["isas"].as_array().unwrap().iter().any(|isa| isa["name"] == info["chosen_isa"]));
    let features = info["features"].as_object().unwrap();
    assert!(features.values().all(Value::is_boolean));
    if cfg!(target_arch = "aarch64") {
        for name in ["neon", "fp16", "dotprod", "i8mm", "bf16", "sve", "sve2"] {
            assert!(features.contains_key(name), "{name} is not in {features:?}");
        }
        assert_eq!(features["neon"], true);
    }
    let list = |field: &str| info[field].as_array().unwrap().clone();
    assert_eq!(list("fma_peak").len(), available * thread_counts);
    assert!(list("fma_peak").iter().all(|peak| peak["gflops"].as_f64().unwrap() > 0.0));
    assert_eq!(list("bandwidth").len(), (list("caches").len() + 1) * thread_counts);
    for bandwidth in list("bandwidth") {
        for kind in ["read_gb_s", "write_gb_s", "copy_gb_s"] {
            assert!(bandwidth[kind].as_f64().unwrap() > 0.0, "{bandwidth}");
        }
    }
    assert_eq!(list("ridge").len(), thread_counts);
    assert!(list("ridge").iter().all(|ridge| ridge["flops_per_byte"].as_f64().unwrap() > 0.0));
}

#[test]
fn info_reads_well() {
    let text = sepconv(&["info"]).succeeded();
    for part in ["CPU: ", "Data caches: L1", "chosen: ", "| FMA peak ", "| memory ", "Ridge point"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

fn savings(args: &str) -> Value {
    json("savings", &format!("--min-time 0.001 {args}"))
}

#[test]
fn the_worked_example_of_the_lecture() {
    for layout in ["hwc", "chw"] {
        let answer = savings(&format!("--input 7x7x3 --kernel 3 --out 128 --layout {layout}"));
        let counts = &answer["multiplications"];
        assert_eq!(counts["dense"], 86_400);
        assert_eq!(counts["depthwise"], 675);
        assert_eq!(counts["pointwise"], 9_600);
        assert_eq!(counts["separable"], 10_275);
        let predicted = answer["predicted_ratio"].as_f64().unwrap();
        assert!((predicted - (1.0 / 128.0 + 1.0 / 9.0)).abs() < 1e-12);
        assert!((answer["counted_ratio"].as_f64().unwrap() - predicted).abs() < 1e-12);
        assert_eq!(answer["output"], serde_json::json!([5, 5, 128]));
        assert_eq!(answer["verified"], true);
        for way in ["dense", "separable"] {
            assert!(answer[way]["naive_us"].as_f64().unwrap() > 0.0 && answer[way]["fast_us"].as_f64().unwrap() > 0.0);
        }
        for speed in ["naive", "fast"] {
            let ratio = answer["measured_ratio"][speed].as_f64().unwrap();
            let time = |way: &str| answer[way][format!("{speed}_us")].as_f64().unwrap();
            assert!((ratio - time("separable") / time("dense")).abs() < 1e-9);
        }
    }
}

#[test]
fn stride_padding_and_uneven_kernels_are_counted() {
    let answer = savings("--input 8x6x4 --kernel 3x2 --out 5 --stride 2x1 --padding same");
    assert_eq!(answer["output"], serde_json::json!([4, 6, 5]));
    assert_eq!(answer["multiplications"]["dense"], 5 * 3 * 2 * 4 * 4 * 6);
    // The row below and the column right of the map are padding: 11 of 12 rows and 11 of 12 columns of taps are inside.
    assert_eq!(answer["multiplications_inside"]["dense"], 5 * 4 * 11 * 11);
    assert_eq!(answer["padding"], serde_json::json!([0, 0, 1, 1]));
    assert_eq!(savings("--input 5x5x2 --kernel 3 --out 2 --padding 1")["output"], serde_json::json!([5, 5, 2]));
}

#[test]
fn savings_reads_well() {
    let text =
        sepconv(&["savings", "--input", "7x7x3", "--kernel", "3", "--out", "128", "--min-time", "0"]).succeeded();
    for part in ["86400", "10275 = depthwise 675 + pointwise 9600", "1/128 + 1/9", "0.1189", "| naive", "| fast"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}
