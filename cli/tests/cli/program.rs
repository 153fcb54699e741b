//! The `sepconv` program under test.

use crate::run::{Run, run};
use serde_json::Value;
use std::process::Command;

/// Runs `sepconv` with these arguments.
pub fn sepconv<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Run {
    run(command().args(args))
}

/// The program, without arguments yet.
pub fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_sepconv"))
}

/// The JSON document of a command with these arguments, which stand between spaces.
pub fn json(command: &str, args: &str) -> Value {
    let args = args.split(' ').filter(|arg| !arg.is_empty());
    let all: Vec<&str> = [command, "-o", "json"].into_iter().chain(args).collect();
    serde_json::from_str(&sepconv(&all).succeeded()).expect("the program writes JSON")
}
