//! Checks of the repository that need more than `cargo test`: `cargo run -p xtask -- asm-gate | readme`.

mod allowances;
mod asm;
#[path = "../../build/expand.rs"]
mod expand;
mod flow;
mod gate;
mod hot;
mod readme;
mod shims;
#[allow(dead_code, reason = "the gate reads the table; the build checks it")]
#[path = "../../build/tiles.rs"]
mod tiles;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: cargo run -p xtask -- COMMAND
  asm-gate [NAME]   check the hot loop of every kernel; with NAME show the hot loops of the kernels that contain it
  readme            build the README's example in a crate of its own and compare what it prints";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["asm-gate"] => gate::run(None),
        ["asm-gate", name] => gate::run(Some(name)),
        ["readme"] => readme::run(),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's root: of the checkout that `cargo run` was called in, which need not be the one that this was built in.
fn repository() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).parent().expect("xtask stands in the repository").to_owned()
}

/// Where build products go.
fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from)
}

/// The cargo that runs this program.
fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
