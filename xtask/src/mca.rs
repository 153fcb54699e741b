//! Static evidence of speed where nothing can be timed: what LLVM's machine model says of the NEON kernels' hot loops.
//!
//! A model, not a measurement: loads hit the first-level cache, branches are predicted, and the front end is ideal.

use crate::asm::Arch;
use crate::emit;
use crate::hot::{self, HotLoop};
use crate::shims;
use std::io::Write;
use std::process::{Command, Stdio};

/// A core that the model knows, with the multiply-adds of 128 bits that it can start in a cycle.
struct Core {
    name: &'static str,
    peak: f64,
}

const CORES: [Core; 4] = [
    Core { name: "neoverse-n1", peak: 2.0 },
    Core { name: "neoverse-n2", peak: 2.0 },
    Core { name: "neoverse-v1", peak: 4.0 },
    Core { name: "neoverse-v2", peak: 4.0 },
];

/// What has to be reached on the cores with four units, in percent of the peak: the kernels that carry whole networks.
const REQUIRED: [(&str, f64); 4] = [
    ("f32_pw_chw_8x3v__neon", 90.0),
    ("f32_pw_hwc_6x4v__neon", 90.0),
    ("f32_dw_hwc_nx3s1_1x14__neon", 60.0),
    ("f32_dw_hwc_nx7s1_1x14__neon", 75.0),
];

/// Rounds of a loop that are simulated.
const ROUNDS: usize = 400;

/// Prints a row for each NEON kernel whose name contains `only`; fails if one of [`REQUIRED`] falls short.
pub fn run(only: Option<&str>) -> Result<(), String> {
    let tool = tool()?;
    let program = emit::assembly(Arch::Aarch64)?;
    let mut missed = Vec::new();
    let cores: Vec<String> = CORES.iter().map(|core| format!("{} (peak {})", core.name, core.peak)).collect();
    println!("| kernel | FMAs | loads | spills | instructions | {} |", cores.join(" | "));
    println!("|---|--:|--:|--:|--:|{}", "--:|".repeat(CORES.len()));
    for shim in shims::all(Arch::Aarch64) {
        // An epilogue of curves stands behind the same loop; copies have no multiply-adds.
        let wanted = shim.name.ends_with("__neon") && !shim.name.contains("_curve__") && shim.fmas.is_some();
        if !wanted || only.is_some_and(|only| !shim.name.contains(only)) {
            continue;
        }
        let found = program.function_of(&shim.name).ok_or_else(|| format!("{} is not there", shim.name))?;
        let (assembly, function) = found;
        let hot = hot::find(assembly, function, &shim).ok_or_else(|| format!("{} has no loop", shim.name))?;
        let mut cells = Vec::new();
        for core in &CORES {
            let rate = hot.fmas as f64 / cycles(&tool, core.name, &hot)?;
            let percent = 100.0 * rate / core.peak;
            cells.push(format!("{rate:.2} ({percent:.0} %)"));
            let required = REQUIRED.iter().find(|(name, _)| core.peak >= 4.0 && *name == shim.name);
            missed.extend(required.filter(|(_, least)| percent < *least).map(|(name, least)| {
                format!("{name} reaches {percent:.1} % of {}'s peak, {least} are required", core.name)
            }));
        }
        println!(
            "| `{}` | {} | {} | {} | {} | {} |",
            shim.name.trim_end_matches("__neon"),
            hot.fmas,
            hot.loads,
            hot.spills,
            hot.instructions,
            cells.join(" | ")
        );
    }
    if missed.is_empty() { Ok(()) } else { Err(missed.join("\n")) }
}

/// Cycles of one round of a loop, by the model.
fn cycles(tool: &str, core: &str, hot: &HotLoop) -> Result<f64, String> {
    let mut child = Command::new(tool)
        .args(["-mtriple=aarch64-linux-gnu", &format!("-mcpu={core}"), &format!("-iterations={ROUNDS}")])
        .args(["-instruction-info=false", "-resource-pressure=false"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cannot run {tool}: {e}"))?;
    let mut input = child.stdin.take().ok_or("the model has no input")?;
    input.write_all(hot.listing.join("\n").as_bytes()).map_err(|e| format!("cannot write to {tool}: {e}"))?;
    drop(input);
    let output = child.wait_with_output().map_err(|e| format!("cannot read from {tool}: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let total =
        text.lines().find_map(|line| line.strip_prefix("Total Cycles:")).and_then(|n| n.trim().parse::<f64>().ok());
    let total = total.ok_or_else(|| format!("{tool} says: {}", String::from_utf8_lossy(&output.stderr)))?;
    Ok(total / ROUNDS as f64)
}

/// The newest llvm-mca here; versions below 17 do not know all of the cores.
fn tool() -> Result<String, String> {
    let names = (17..=30).rev().map(|version| format!("llvm-mca-{version}")).chain(["llvm-mca".to_owned()]);
    let runs = |name: &String| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    names.into_iter().find(runs).ok_or_else(|| "no llvm-mca here: Debian's package is llvm-22".to_owned())
}
