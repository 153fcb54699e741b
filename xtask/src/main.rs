//! Checks of the repository that need more than `cargo test`: `cargo run -p xtask` lists them.

mod allowances;
mod arrows;
mod asm;
mod build_cost;
mod emit;
mod family;
mod flow;
mod gate;
mod hot;
mod instructions;
#[allow(dead_code, reason = "the gate reads the table; the build checks it")]
#[path = "../../kernels/build/mod.rs"]
mod kernels;
mod mca;
mod ran;
mod readme;
mod shims;
mod table;
mod tables;
mod uses;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: cargo run -p xtask -- COMMAND
  asm-gate [ARCH] [NAME]         check the hot loop of every kernel of x86_64 or aarch64 (default: of this machine);
                                 with NAME show the hot loops of the kernels that contain it
  mca [NAME]                     what llvm-mca says of the NEON kernels' hot loops on four cores
  instructions                   instructions that an emulated aarch64 CPU executes for MobileNetV1's blocks
  kernels-ran ARCH ISA,... FILE  whether tests that recorded kernels in FILE ran all of these instruction sets
  arrows [FOLDER ...]            print the order of the modules of src and the other crates; fail on a circle or an arrow to a parent
  build-cost [--update]          count what the kernels cost to build: functions, instances, bytes; compare with xtask/build-cost.txt
  tables [--update]              compare tables of docs/ and the list of files with unsafe code with the code, or write the tables
  readme                         build the README's example in a crate of its own and compare what it prints";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["asm-gate", rest @ ..] => match (rest, rest.first().and_then(|first| arch(first))) {
            ([_], Some(arch)) => gate::run(arch, None),
            ([_, name], Some(arch)) => gate::run(arch, Some(name)),
            ([], None) => this_arch().and_then(|arch| gate::run(arch, None)),
            ([name], None) => this_arch().and_then(|arch| gate::run(arch, Some(name))),
            _ => Err(USAGE.to_owned()),
        },
        ["mca"] => mca::run(None),
        ["mca", name] => mca::run(Some(name)),
        ["kernels-ran", arch, isas, file] => ran::run(arch, isas, file),
        ["instructions"] => instructions::run(),
        ["arrows", roots @ ..] => arrows::run(roots),
        ["build-cost"] => build_cost::run(false),
        ["build-cost", "--update"] => build_cost::run(true),
        ["tables"] => tables::run(false),
        ["tables", "--update"] => tables::run(true),
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

fn arch(name: &str) -> Option<asm::Arch> {
    [asm::Arch::X86_64, asm::Arch::Aarch64].into_iter().find(|arch| arch.name() == name)
}

/// The architecture of this machine, if its assembly can be read.
fn this_arch() -> Result<asm::Arch, String> {
    let name = std::env::consts::ARCH;
    arch(name).ok_or_else(|| format!("the asm gate reads x86_64 and aarch64 assembly: name one, this is {name}"))
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
