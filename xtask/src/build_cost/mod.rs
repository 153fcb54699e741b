//! What the kernels cost to build, in counts that are the same on every machine: shims, copies that the compiler makes, bytes.
//! They are held against limits in `xtask/build-cost.txt`, so that none of them grows unnoticed.

mod instances;
mod limits;
mod text;

use crate::family::Family;
use crate::table::{self, Level};
use limits::Limits;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

/// A level and a family; of what is the same on every level, no level.
type Place = (&'static str, Family);

/// Stands for the level of functions that no vector type is part of.
const ANY_LEVEL: &str = "any";

/// What the kernels of a place cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Functions of the registry: rows × epilogues.
    pub shims: usize,
    /// Functions that the compiler makes for them, generic ones once for each use with other constants; inlined ones, too.
    pub instances: usize,
    /// Bytes of machine code of a release build.
    pub text: u64,
}

/// What the kernels of each place cost.
type Costs = BTreeMap<Place, Cost>;

/// Measures and compares with the limits, or writes new ones.
pub fn run(update: bool) -> Result<(), String> {
    if std::env::consts::ARCH != "x86_64" {
        println!("build-cost: limits are of x86_64; on {} nothing was counted", std::env::consts::ARCH);
        return Ok(());
    }
    let path = crate::repository().join("xtask").join("build-cost.txt");
    let compiler = compiler()?;
    let costs = measure()?;
    print(&costs);
    if update {
        let written = Limits::of(&costs, &compiler).to_string();
        std::fs::write(&path, written).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        println!("build-cost: wrote {}", path.display());
        return Ok(());
    }
    compare(&path, &costs, &compiler)
}

fn compare(path: &Path, costs: &Costs, compiler: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let limits: Limits = text.parse().map_err(|e| format!("{}: {e}", path.display()))?;
    let problems = limits.problems(costs, compiler);
    if !problems.is_empty() {
        let advice = "if that is meant: cargo run -p xtask -- build-cost --update, and say why in the commit";
        return Err(format!("{}\n{advice}", problems.join("\n")));
    }
    if limits.compiler == compiler {
        println!("build-cost: within the limits");
    } else {
        let limits_of = &limits.compiler;
        println!(
            "build-cost: shims as committed; instances and text not compared: their limits are of rustc {limits_of}, this is {compiler}"
        );
    }
    Ok(())
}

fn measure() -> Result<Costs, String> {
    let levels = table::levels();
    let mut costs = Costs::new();
    for level in levels.iter().filter(|level| level.name != "neon") {
        for kernel in table::kernels(level.name) {
            let family = Family::of_kernel(&kernel).ok_or_else(|| format!("no family has a kernel {kernel}"))?;
            costs.entry((level.name, family)).or_default().shims += 1;
        }
    }
    for function in instances::paths()? {
        if let Some(place) = place(&function, &levels) {
            costs.entry(place).or_default().instances += 1;
        }
    }
    for (function, bytes) in text::functions()? {
        if let Some(place) = place(&function, &levels) {
            costs.entry(place).or_default().text += bytes;
        }
    }
    Ok(costs)
}

/// Where a function counts; nowhere if it is no part of a kernel.
fn place(path: &str, levels: &[Level]) -> Option<Place> {
    let family = Family::of_path(path)?;
    Some((crate::family::level_of_path(path, levels).unwrap_or(ANY_LEVEL), family))
}

fn print(costs: &Costs) {
    println!("{:<9} {:<13} {:>6} {:>10} {:>10}", "level", "family", "shims", "instances", "text bytes");
    let mut all = Cost::default();
    for ((level, family), cost) in costs {
        println!("{level:<9} {:<13} {:>6} {:>10} {:>10}", family.name(), cost.shims, cost.instances, cost.text);
        all.shims += cost.shims;
        all.instances += cost.instances;
        all.text += cost.text;
    }
    println!("{:<9} {:<13} {:>6} {:>10} {:>10}", "all", "", all.shims, all.instances, all.text);
}

/// The compiler's version, without its last number: what is inlined before it is counted differs between compilers.
fn compiler() -> Result<String, String> {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let output = rustc.arg("--version").output().map_err(|e| format!("cannot run rustc: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.split_whitespace().nth(1).and_then(|version| version.rsplit_once('.'));
    version.map(|(version, _)| version.to_owned()).ok_or_else(|| format!("rustc says of its version: {text}"))
}

/// cargo with the flags of a user's build.
fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(crate::cargo());
    command
        .current_dir(crate::repository())
        .args(arguments)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .stderr(Stdio::inherit());
    command
}

/// What a command prints.
fn printed(mut command: Command) -> Result<String, String> {
    let output = command.output().map_err(|e| format!("cannot run cargo: {e}"))?;
    if !output.status.success() {
        return Err(format!("{command:?} failed: {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|e| format!("{command:?} prints no UTF-8: {e}"))
}
