//! The result file that the harness's summary reads.

use crate::machine::load_average;
use crate::measure::{Budget, Timing};
use crate::model::Spec;
use anyhow::{Context, Result};
use sepconv::Isa;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What came out of one model.
pub struct Row {
    /// Largest deviation from the reference.
    pub rel_err: f64,
    /// How long it takes.
    pub timing: Timing,
    /// Kernels of the operators, in their order.
    pub kernels: Vec<String>,
}

/// All results so far.
pub struct Report {
    path: PathBuf,
    head: Value,
    rows: Vec<Value>,
}

/// Deviations from here on are errors.
const TOLERANCE: f64 = 2e-3;

impl Report {
    /// An empty report, written at once so that a path that does not work is found before anything is measured.
    pub fn new(path: &Path, variant: &str, threads: usize, budget: Budget) -> Result<Self> {
        let isa = Isa::preferred()?;
        let head = json!({
            "peer": "sepconv",
            "variant": variant,
            "version": format!("{} {isa}", env!("CARGO_PKG_VERSION")),
            "threads": threads,
            "method": "prepared operators, the caller's buffers and pool, runs inside the pool",
            "when": humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            "seconds": budget.seconds,
            "rounds": budget.rounds,
            "loadavg_start": load_average(),
        });
        let report = Self { path: path.to_owned(), head, rows: vec![] };
        report.save()?;
        Ok(report)
    }

    /// Adds a model's row, or why there is none, and saves.
    pub fn add(&mut self, spec: &Spec, outcome: Result<Row>) -> Result<()> {
        let mut row = json!({
            "name": spec.name, "layer": spec.layer, "group": spec.group, "copies": spec.copies, "macs": spec.macs,
        });
        let said = match outcome {
            Ok(Row { rel_err, timing, kernels }) => {
                let ok = rel_err < TOLERANCE;
                let gflops = 2.0 * spec.macs / (timing.us_min * 1e3);
                let mark = if ok { "" } else { "  WRONG" };
                let said = format!(
                    "{:10.2} us  med {:10.2}  {gflops:8.2} GF/s  err {rel_err:.1e}{mark}",
                    timing.us_min, timing.us_med
                );
                let extra = json!({ "rel_err": rel_err, "ok": ok, "gflops": gflops, "kernels": kernels });
                extend(&mut row, serde_json::to_value(timing)?);
                extend(&mut row, extra);
                said
            }
            Err(error) => {
                extend(&mut row, json!({ "ok": false, "error": format!("{error:#}") }));
                format!("{error:#}")
            }
        };
        println!("sepconv/{} t{} {:34} {said}", text(&self.head["variant"]), self.head["threads"], spec.name);
        self.rows.push(row);
        self.save()
    }

    /// Notes how busy the machine is at the end, and saves.
    pub fn finish(mut self) -> Result<()> {
        extend(&mut self.head, json!({ "loadavg_end": load_average() }));
        self.save()
    }

    /// Replaces the file as a whole: whoever reads it finds the old rows or the new ones.
    fn save(&self) -> Result<()> {
        let mut document = self.head.clone();
        extend(&mut document, json!({ "rows": self.rows }));
        let mut part = self.path.clone().into_os_string();
        part.push(".part");
        fs::write(&part, serde_json::to_string_pretty(&document)?)
            .and_then(|()| fs::rename(&part, &self.path))
            .with_context(|| format!("cannot write {:?}", self.path))
    }
}

fn extend(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
