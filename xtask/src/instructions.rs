//! Instructions that an emulated aarch64 CPU executes for the blocks of MobileNetV1, fast and naive: exact counts where no clock
//! can be read. A run of two times less a run of one is one block.

use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "aarch64-unknown-linux-gnu";

/// Builds the example and the counting plugin, and prints a table of the 13 blocks.
pub fn run() -> Result<(), String> {
    let folder = crate::target_folder().join("instructions");
    let plugin = plugin(&folder)?;
    let program = program(&folder)?;
    println!("| block | outputs | fast, instructions an output | naive | naive / fast |\n|---|--:|--:|--:|--:|");
    for block in 1..=13 {
        let [fast, naive] = ["fast", "naive"].map(|which| {
            let [once, twice] = [1, 2].map(|times| execute(&program, &plugin, block, which, times));
            let ((outputs, sum, one), (_, _, two)) = (once?, twice?);
            Ok::<_, String>((outputs, sum, (two - one) as f64 / outputs as f64))
        });
        let ((outputs, sum, fast), (_, naive_sum, naive)) = (fast?, naive?);
        if sum != naive_sum {
            return Err(format!("block {block}: fast and naive results differ: {sum} and {naive_sum}"));
        }
        println!("| block{block} | {outputs} | {fast:.1} | {naive:.1} | {:.1} |", naive / fast);
    }
    Ok(())
}

/// The plugin that counts, compiled for this machine.
fn plugin(folder: &Path) -> Result<PathBuf, String> {
    std::fs::create_dir_all(folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    let path = folder.join("count.so");
    let source = crate::repository().join("xtask/qemu/count.c");
    let mut compiler = Command::new("cc");
    succeed(compiler.args(["-O2", "-shared", "-fPIC", "-o"]).arg(&path).arg(source))?;
    Ok(path)
}

/// The example, compiled as a user would.
fn program(folder: &Path) -> Result<PathBuf, String> {
    let mut cargo = Command::new(crate::cargo());
    cargo.current_dir(crate::repository()).env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    cargo.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc");
    cargo.args([
        "build",
        "--quiet",
        "--release",
        "--package",
        "sepconv",
        "--example",
        "mobilenet_v1",
        "--target",
        TARGET,
    ]);
    succeed(cargo.arg("--target-dir").arg(folder))?;
    Ok(folder.join(TARGET).join("release/examples/mobilenet_v1"))
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|e| format!("cannot run {command:?}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed: {status}")) }
}

/// Outputs, their sum as printed, and the instructions of the whole program.
fn execute(program: &Path, plugin: &Path, block: usize, which: &str, times: u64) -> Result<(u64, String, u64), String> {
    let mut command = Command::new("qemu-aarch64");
    command.args(["-L", "/usr/aarch64-linux-gnu", "-cpu", "max", "-d", "plugin", "-plugin"]).arg(plugin).arg(program);
    command.args([&block.to_string(), which, &times.to_string()]);
    let output = command.output().map_err(|e| format!("cannot run {command:?}: {e}"))?;
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    let word = |after: &str| text.split_whitespace().skip_while(|word| *word != after).nth(1).map(str::to_owned);
    let number = |after: &str| word(after).and_then(|word| word.parse().ok());
    let found = (number("outputs"), word("sum"), number("executed"));
    let (Some(outputs), Some(sum), Some(executed)) = found else { return Err(format!("{command:?} says: {text}")) };
    Ok((outputs, sum, executed))
}
