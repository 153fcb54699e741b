//! The assembly of the library, as a user's build would have it.

use crate::asm::{Arch, Assembly};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles the library with one code unit and reads the assembly. For another architecture than the compiler's own the
/// compiler needs that target's standard library; `RUSTC` may name one that has it.
pub fn assembly(arch: Arch) -> Result<Assembly, String> {
    let path = emit(arch)?;
    let text = std::fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    Ok(Assembly::parse(arch, &text))
}

fn emit(arch: Arch) -> Result<PathBuf, String> {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let compiler = Command::new(compiler).arg("-V").output().map_err(|e| format!("cannot run rustc: {e}"))?;
    let version = String::from_utf8_lossy(&compiler.stdout);
    // The compiler is part of the name, so that an old file is never taken for the present one.
    let name = version.trim().replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "-");
    let folder = crate::target_folder().join("asm-gate");
    std::fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    let path = folder.join(format!("{name}-{}.s", arch.name()));
    let mut command = Command::new(crate::cargo());
    command
        .current_dir(crate::repository())
        .args(["rustc", "--quiet", "--release", "--package", "sepconv", "--lib", "--target-dir"])
        .arg(&folder);
    if std::env::consts::ARCH != arch.name() {
        command.arg(format!("--target={}-unknown-linux-gnu", arch.name()));
    }
    command
        .args(["--", "-C", "codegen-units=1", "-C", "debuginfo=0"])
        .arg(emit_flag(&path))
        // Flags for the machine at hand would change what is checked.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    let status = command.status().map_err(|e| format!("cannot run cargo: {e}"))?;
    if status.success() { Ok(path) } else { Err(format!("emitting the assembly failed: {status}")) }
}

fn emit_flag(path: &Path) -> std::ffi::OsString {
    let mut flag = std::ffi::OsString::from("--emit=asm=");
    flag.push(path);
    flag
}
