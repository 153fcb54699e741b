//! `sepconv bench` end to end: formats, fields, selection, problem files, exit codes.

use crate::program::sepconv;
use serde_json::Value;

/// The fields of a row, in their order.
const FIELDS: &[&str] = &[
    "schema",
    "suite",
    "name",
    "op",
    "layout",
    "dtype",
    "n",
    "c",
    "h",
    "w",
    "kh",
    "kw",
    "stride",
    "dilation",
    "padding",
    "multiplier",
    "cout",
    "threads",
    "isa",
    "kernel",
    "macs",
    "min_us",
    "median_us",
    "gflops",
    "pct_fma_peak",
    "fma_peak_gflops",
    "bytes",
    "gb_s",
    "roofline_us",
    "pct_roofline",
    "naive_us",
    "speedup_vs_naive",
    "naive_runs",
    "err_over_bound",
    "verified",
    "cpu",
];

/// Rows of a run with these arguments, in JSON lines.
fn rows(args: &str) -> Vec<Value> {
    let mut all = vec!["bench", "-o", "jsonl"];
    all.extend(args.split(' '));
    let text = sepconv(&all).succeeded();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn number(row: &Value, field: &str) -> f64 {
    row[field].as_f64().unwrap_or_else(|| panic!("{field} of {row} is no number"))
}

#[track_caller]
fn assert_close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-6 * b.abs(), "{a} is not {b}");
}

#[test]
fn a_row_says_everything_and_agrees_with_itself() {
    let rows = rows("--suite toy --min-time 0.001 --threads 1,2 --layout hwc,chw");
    assert_eq!(rows.len(), 9 * 2 * 2, "problems, layouts, threads");
    for row in &rows {
        let keys: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, FIELDS);
        assert_eq!((&row["schema"], &row["suite"], &row["dtype"]), (&1.into(), &"toy".into(), &"f32".into()));
        assert_eq!(row["verified"], true, "{row}");
        assert!((0.0..=1.0).contains(&number(row, "err_over_bound")), "{row}");
        let (min, macs) = (number(row, "min_us"), number(row, "macs"));
        assert!(min > 0.0 && number(row, "median_us") >= min);
        assert_close(number(row, "gflops"), 2.0 * macs / min / 1e3);
        assert_close(number(row, "pct_fma_peak"), 100.0 * number(row, "gflops") / number(row, "fma_peak_gflops"));
        assert_close(number(row, "gb_s"), number(row, "bytes") / min / 1e3);
        assert_close(number(row, "pct_roofline"), 100.0 * number(row, "roofline_us") / min);
        assert!(number(row, "roofline_us") >= 2.0 * macs / number(row, "fma_peak_gflops") / 1e3 * 0.999_999);
        assert_close(number(row, "speedup_vs_naive"), number(row, "naive_us") / min);
        assert!(number(row, "naive_runs") >= 1.0);
        assert!(!row["kernel"].as_str().unwrap().is_empty() && !row["cpu"].as_str().unwrap().is_empty());
    }
    let strided = rows.iter().find(|row| row["name"] == "dw5x5s2m2").unwrap();
    assert_eq!(strided["stride"], serde_json::json!([2, 2]));
    assert_eq!(strided["padding"], serde_json::json!([0, 2, 3, 1]));
    assert_eq!((&strided["multiplier"], &strided["cout"]), (&2.into(), &14.into()));
    let dilated = rows.iter().find(|row| row["name"] == "dw4x2d3").unwrap();
    assert_eq!(dilated["dilation"], serde_json::json!([3, 2]));
    let lecture = rows.iter().find(|row| row["name"] == "lecture" && row["op"] == "conv").unwrap();
    assert_eq!(lecture["macs"], 86_400);
}

#[test]
fn problems_are_selected_by_operation_name_and_instruction_set() {
    let selected = rows("--suite toy,toy --op dw,conv --filter e --min-time 0 --isa portable --no-naive");
    let names: Vec<_> = selected.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["lecture", "stem", "lecture", "stem"]);
    assert!(selected.iter().all(|row| row["isa"] == "portable" && row["threads"] == 1 && row["layout"] == "hwc"));
}

#[test]
fn what_was_not_measured_is_null_and_said() {
    let selected = rows("--suite toy --op pw --min-time 0 --no-naive --no-verify");
    assert_eq!(selected.len(), 2);
    for row in selected {
        for field in ["naive_us", "speedup_vs_naive", "err_over_bound"] {
            assert_eq!(row[field], Value::Null, "{field}");
        }
        assert_eq!((&row["verified"], &row["naive_runs"]), (&false.into(), &0.into()));
    }
    let table = sepconv(&["bench", "--suite", "toy", "--op", "pw", "--min-time", "0", "--no-verify"]).succeeded();
    assert!(table.contains("not checked") && table.contains("Results were not checked."), "{table}");
}

#[test]
fn json_is_one_document() {
    let text = sepconv(&["bench", "--suite", "toy", "--op", "sep", "--min-time", "0", "--seed", "9", "-o", "json"]);
    let document: Value = serde_json::from_str(&text.succeeded()).unwrap();
    assert_eq!((&document["schema"], &document["seed"]), (&1.into(), &9.into()));
    assert!(document["cpu"]["logical_cores"].as_u64().unwrap() >= 1);
    assert_eq!(document["rows"].as_array().unwrap().len(), 2);
}

#[test]
fn csv_has_the_same_columns() {
    let text = sepconv(&["bench", "--suite", "toy", "--op", "dw", "--min-time", "0", "-o", "csv"]).succeeded();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], FIELDS.join(","));
    assert_eq!(lines.len(), 1 + 3);
    assert!(lines[2].contains(",dw5x5s2m2,dw,hwc,f32,1,7,13,11,5,5,2x2,1x1,0x2x3x1,2,14,1,"), "{}", lines[2]);
}

#[test]
fn the_table_names_the_cpu_the_peak_and_the_check() {
    let text = sepconv(&["bench", "--suite", "toy", "--min-time", "0"]).succeeded();
    assert!(text.starts_with("CPU: "), "{text}");
    for part in ["FMA peak", "| layer ", "speed-up", "% peak", "Every output of all 9 rows", "seed 1"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let lines = text.lines().filter(|line| line.starts_with('|'));
    assert_eq!(lines.count(), 2 + 9);
}

#[test]
fn problems_come_from_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mine.txt");
    let text = "# two problems\ng8ic8ih9oc8kh3ph1n\"a, quoted\" relu6\ng4ic4ih8oc4kh3 + oc8\n";
    std::fs::write(&path, text).unwrap();
    let args = ["bench", "--suite", path.to_str().unwrap(), "--min-time", "0", "-o", "jsonl"];
    let out = sepconv(&args).succeeded();
    let rows: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&rows[0]["suite"], &rows[0]["name"]), (&"mine".into(), &"a, quoted".into()));
    assert_eq!((&rows[0]["op"], &rows[1]["op"]), (&"dw".into(), &"sep".into()));

    std::fs::write(&path, "ic4ih8oc8\nic4ih8oc8kx3\n").unwrap();
    let error = sepconv(&args).refused();
    assert!(error.contains("line 2") && error.contains("kx"), "{error}");
    std::fs::write(&path, "# nothing\n").unwrap();
    assert!(sepconv(&args).refused().contains("no problems"));
    std::fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
    assert!(sepconv(&args).refused().contains("cannot read"));
    let directory = directory.path().to_str().unwrap();
    assert!(sepconv(&["bench", "--suite", directory]).refused().contains("cannot read"));
}

#[test]
fn a_page_stands_on_its_own_beside_the_other_formats() {
    let directory = tempfile::tempdir().unwrap();
    let problems = directory.path().join("odd<names>.txt");
    std::fs::write(&problems, "g8ic8ih9oc8kh3ph1n\"a<b & c\"\nic8ih9oc16\ng4ic4ih8oc4kh3 + oc8\n").unwrap();
    let path = directory.path().join("report.html");
    // What stood there is replaced, all of it.
    std::fs::write(&path, "old ".repeat(100_000)).unwrap();
    let (problems, html) = (problems.to_str().unwrap(), path.to_str().unwrap());
    let args = ["--suite", problems, "--min-time", "0", "--threads", "1,2", "--layout", "hwc,chw", "-o", "jsonl"];
    let out = sepconv(&[&["bench", "--html", html], &args[..]].concat()).succeeded();
    let rows: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 3 * 2 * 2);

    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"), "{page}");
    for outside in ["http", "src=", "@import", "url(", "<script", "<link", "old "] {
        assert!(!page.contains(outside), "{outside} is on the page");
    }
    for part in
        ["prefers-color-scheme: dark", "<title>", "lang=\"en\"", "rustc ", "L1 copy: ", "memory copy: ", "opt-level "]
    {
        assert!(page.contains(part), "{part} is not on the page");
    }
    assert!(page.contains(env!("CARGO_PKG_VERSION")) && page.contains("--threads 1,2"));
    assert!(page.contains("a&lt;b &amp; c") && !page.contains("a<b"), "a name is no markup");
    // A picture for each number of threads, a point and a line of the table for each row.
    assert_eq!(page.matches("role=\"img\"").count(), 2);
    assert_eq!(page.matches("<g class=\"point\">").count(), rows.len());
    for (i, row) in rows.iter().enumerate() {
        let line = page.split("<tr>").find(|line| line.starts_with(&format!("<td class=\"number\">{}</td>", i + 1)));
        let line = line.unwrap_or_else(|| panic!("row {} is not in the table", i + 1));
        for field in ["op", "layout"] {
            assert!(line.contains(&format!("<td>{}</td>", row[field].as_str().unwrap())), "{field} of {line}");
        }
    }
    assert_balanced(&page);
}

/// Every element that needs it is closed, in the right order.
fn assert_balanced(page: &str) {
    let mut open = vec![];
    for tag in page.split('<').skip(1) {
        let end = tag.find('>').unwrap_or_else(|| panic!("<{tag} has no end"));
        let name = tag.split([' ', '>', '/']).next().unwrap();
        if let Some(closed) = tag.strip_prefix('/') {
            let closed = closed.split('>').next().unwrap();
            assert_eq!(open.pop(), Some(closed), "</{closed}> closes something else");
        } else if !tag[..end].ends_with('/') && !["!DOCTYPE", "meta", "br"].contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "never closed: {open:?}");
}

#[test]
fn a_page_that_cannot_be_written_is_refused_before_measuring() {
    let directory = tempfile::tempdir().unwrap();
    let nowhere = directory.path().join("missing").join("report.html");
    for path in [nowhere.as_path(), directory.path()] {
        let path = path.to_str().unwrap();
        let error = sepconv(&["bench", "--suite", "toy", "--html", path]).refused();
        assert!(error.contains("cannot write") && error.contains(path), "{error}");
    }
}
