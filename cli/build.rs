//! Notes what the program is built with, for reports that compare builds.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| "unknown".to_owned());
    let version = Command::new(variable("RUSTC")).arg("--version").output().ok();
    let rustc = version.and_then(|output| String::from_utf8(output.stdout).ok());
    println!("cargo::rustc-env=BUILD_RUSTC={}", rustc.as_deref().map_or("unknown", str::trim));
    println!("cargo::rustc-env=BUILD_TARGET={}", variable("TARGET"));
    println!("cargo::rustc-env=BUILD_OPT_LEVEL={}", variable("OPT_LEVEL"));
}
