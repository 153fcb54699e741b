//! The assembly of the library, with the optimisations of a user's build.

use crate::asm::{Arch, Assembly, Program};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Assembly and nothing else, so that no machine code is made a second time; in as many units as cores can share. Flags for
/// the machine at hand would change what is checked.
const FLAGS: &str = "--emit=asm -C codegen-units=16 -C lto=off -C debuginfo=0";

/// Compiles the library and reads the assembly. For another architecture than the compiler's own the compiler needs that
/// target's standard library; `RUSTC` may name one that has it.
pub fn assembly(arch: Arch) -> Result<Program, String> {
    let crate_file = compile(arch)?;
    let files = units(&crate_file)?;
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        Ok(Assembly::parse(arch, &text))
    };
    Ok(Program { files: files.iter().map(read).collect::<Result<_, String>>()? })
}

/// Compiles, and returns the path of the library's metadata, beside which the assembly stands.
fn compile(arch: Arch) -> Result<PathBuf, String> {
    let mut command = Command::new(crate::cargo());
    command
        .current_dir(crate::repository())
        .args(["check", "--quiet", "--release", "--package", "sepconv-kernels", "--lib"])
        .args(["--message-format", "json-render-diagnostics", "--target-dir"])
        // One for each architecture, so that both can be compiled at once.
        .arg(crate::target_folder().join("asm-gate").join(arch.name()))
        .env("RUSTFLAGS", FLAGS)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .stderr(Stdio::inherit());
    if std::env::consts::ARCH != arch.name() {
        command.arg(format!("--target={}-unknown-linux-gnu", arch.name()));
    }
    let output = command.output().map_err(|e| format!("cannot run cargo: {e}"))?;
    if !output.status.success() {
        return Err(format!("emitting the assembly failed: {}", output.status));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    metadata_path(&messages).ok_or_else(|| format!("cargo does not say where the library is:\n{messages}"))
}

/// The path of the library's metadata in cargo's messages.
fn metadata_path(messages: &str) -> Option<PathBuf> {
    messages
        .split('"')
        .find(|text| text.contains("/libsepconv_kernels-") && text.ends_with(".rmeta"))
        .map(PathBuf::from)
}

/// The assembly of every unit of the compilation that wrote this metadata: those of an earlier one may lie beside them.
fn units(metadata: &Path) -> Result<Vec<PathBuf>, String> {
    let unreadable = |e: std::io::Error| format!("cannot read what stands beside {}: {e}", metadata.display());
    let stem = metadata.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.strip_prefix("lib"));
    let (Some(folder), Some(stem)) = (metadata.parent(), stem) else {
        return Err(format!("{} is not a library's path", metadata.display()));
    };
    let modified = |path: &Path| path.metadata().and_then(|data| data.modified());
    // Written when the compilation begins.
    let begun = modified(&folder.join(format!("{stem}.d"))).map_err(unreadable)?;
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_unit = name.strip_prefix(stem).is_some_and(|rest| rest.starts_with('.') && rest.ends_with(".s"));
        if is_unit && modified(&path).map_err(unreadable)? >= begun {
            found.push(path);
        }
    }
    if found.is_empty() { Err(format!("no assembly stands beside {}", metadata.display())) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metadata_is_found_among_the_messages() {
        let messages = r#"{"target":{"name":"wide"},"filenames":["/t/release/deps/libwide-12.rmeta"]}
{"target":{"name":"sepconv_kernels"},"filenames":["/t/release/deps/libsepconv_kernels-ab.rmeta"],"fresh":true}"#;
        assert_eq!(metadata_path(messages), Some(PathBuf::from("/t/release/deps/libsepconv_kernels-ab.rmeta")));
        assert_eq!(metadata_path("{}"), None);
    }

    #[test]
    fn units_of_an_earlier_compilation_are_left_out() {
        let folder = std::env::temp_dir().join(format!("sepconv-units-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let write = |name: &str, seconds: u64| {
            let file = std::fs::File::create(folder.join(name)).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds)).unwrap();
        };
        write("sepconv_kernels-ab.d", 20);
        write("sepconv_kernels-ab.sepconv_kernels.1-cgu.0.rcgu.s", 30);
        write("sepconv_kernels-ab.sepconv_kernels.1-cgu.1.rcgu.s", 10);
        write("sepconv_kernels-cd.sepconv_kernels.1-cgu.0.rcgu.s", 30);
        let found = units(&folder.join("libsepconv_kernels-ab.rmeta"));
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found, Ok(vec![folder.join("sepconv_kernels-ab.sepconv_kernels.1-cgu.0.rcgu.s")]));
    }
}
