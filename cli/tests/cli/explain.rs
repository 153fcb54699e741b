//! `sepconv explain` end to end.

use crate::program::sepconv;
use serde_json::Value;

fn explain(layer: &str, more: &[&str]) -> Vec<Value> {
    let args = [&["explain", layer, "--min-time", "0", "-o", "json"], more].concat();
    serde_json::from_str(&sepconv(&args).succeeded()).unwrap()
}

#[test]
fn a_layer_of_a_suite_is_explained() {
    let text = sepconv(&["explain", "mobilenet-v1:block1", "--min-time", "0"]).succeeded();
    for part in [
        "CPU: ",
        "mobilenet-v1 block1: sep 112×112×32 3×3 → 64",
        "f32_dw_hwc",
        "f32_pw_hwc",
        "lanes are channels",
        "why  ",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    for part in ["fused ", "pointwise weights", "Bound by ", "FMA peak", "predicted", "within its error bound"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn figures_agree_with_each_other() {
    for layout in ["hwc", "chw"] {
        let all = explain("g64ic64ih56oc64kh3ph1 relu6 + oc128", &["--layout", layout, "--threads", "2"]);
        let [one] = all.as_slice() else { panic!("{all:?}") };
        let (choice, bound, row) = (&one["choice"], &one["bound"], &one["row"]);
        assert_eq!((&row["layout"], &row["threads"], &choice["threads"]), (&layout.into(), &2.into(), &2.into()));
        assert_eq!(row["verified"], true);
        let names: Vec<&str> =
            choice["kernels"].as_array().unwrap().iter().map(|k| k["name"].as_str().unwrap()).collect();
        assert_eq!(row["kernel"], names.join(" + "));
        assert_eq!(choice["fused"].as_bool().unwrap(), choice["band_rows"].is_u64());
        let number = |value: &Value| value.as_f64().unwrap();
        let by_compute = number(&bound["compute_us"]) >= number(&bound["memory_us"]);
        assert_eq!(bound["by"] == "compute", by_compute, "{bound}");
        let bytes = |what: &str| {
            let set = one["working_sets"].as_array().unwrap().iter().find(|set| set["what"] == what);
            set.unwrap_or_else(|| panic!("no {what}"))["bytes"].as_u64().unwrap()
        };
        assert_eq!(bytes("input"), 4 * 56 * 56 * 64);
        assert_eq!(bytes("output"), 4 * 56 * 56 * 128);
        assert_eq!(bytes("input rows of one window"), 4 * 3 * 56 * 64);
        assert_eq!(bytes("depthwise weights"), 4 * (9 * 64 + 64));
        assert_eq!(bytes("pointwise weights"), 4 * (64 * 128 + 128));
        let moved = bytes("input") + bytes("output") + bytes("depthwise weights") + bytes("pointwise weights");
        assert_eq!(row["bytes"].as_u64().unwrap(), moved);
    }
}

#[test]
fn kernels_are_those_of_the_shape() {
    let kernels = |layer: &str, layout: &str| {
        let all = explain(layer, &["--layout", layout, "--isa", "portable"]);
        all[0]["choice"]["kernels"].as_array().unwrap().clone()
    };
    // A picture: three channels do not fill a vector, elements of its rows do.
    let picture = kernels("g3ic3ih20oc3kh3ph1", "hwc");
    assert_eq!((&picture[0]["lanes"], &picture[0]["family"]), (&"elements of a row".into(), &"line".into()));
    assert_eq!(picture[0]["tile"], "4 rows × 1 vector");
    // One pixel is a matter of output channels.
    let pixel = kernels("ic64ih1oc64", "chw");
    assert_eq!((pixel.len(), &pixel[0]["lanes"]), (1, &"output channels".into()));
    assert_eq!(pixel[0]["name"], "f32_pw_chw_1vx2__portable");
    let pixels = kernels("ic64ih7oc64", "chw");
    let families: Vec<_> = pixels.iter().map(|kernel| &kernel["family"]).collect();
    assert_eq!(families, ["tile", "few_pixels"]);
    assert!(pixels[1]["why"].as_str().unwrap().contains("1 of 49 pixels"), "{pixels:?}");
}

#[test]
fn one_name_may_stand_for_several_operations() {
    let ops: Vec<Value> = explain("toy:lecture", &[]).iter().map(|one| one["row"]["op"].clone()).collect();
    assert_eq!(ops, ["sep", "conv"]);
    assert_eq!(explain("ic8ih9oc16", &["--isa", "portable"])[0]["choice"]["isa"], "portable");
}

#[test]
fn what_is_no_layer_is_refused() {
    for (layer, parts) in [
        ("mobilenet-v1:block99", ["block99", "block13"]),
        ("ic8ih9oc16kx3", ["kx", "problem line"]),
        ("", ["0 layers", "one is needed"]),
        ("ic8ih9oc16\nic8ih9oc16", ["2 layers", "one is needed"]),
        ("nosuch:block1", ["nosuch", "problem line"]),
    ] {
        let error = sepconv(&["explain", layer]).refused();
        assert!(parts.iter().all(|part| error.contains(part)), "{layer}: {error}");
    }
}
