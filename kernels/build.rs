//! Expands the tile table in `build/table.rs` into `#[target_feature]` shims and the kernel registry, after holding every
//! row against its instruction set's register budget. It does not look at the machine that it runs on.

#[allow(dead_code, reason = "xtask reads the rest of what is said of a family")]
#[path = "build/mod.rs"]
mod build;

use build::expand;
use build::table::TILES;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    for tile in TILES {
        if let Err(problem) = tile.check() {
            println!("cargo::error=tile table: {problem}");
            std::process::exit(1);
        }
    }
    let target = target();
    let folder = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let path = std::path::Path::new(&folder).join("registry.rs");
    std::fs::write(&path, expand::registry(TILES, &target)).expect("OUT_DIR is writable");
}

/// The architecture whose kernels are built, beside the portable ones. `cfg(sepconv_neon)` says that NEON's are.
fn target() -> String {
    let of = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    println!("cargo::rustc-check-cfg=cfg(sepconv_neon, sepconv_record_kernels)");
    // For development (docs/testing.md): with RUSTFLAGS="--cfg sepconv_portable_only", only the portable kernels are built.
    if std::env::var_os("CARGO_CFG_SEPCONV_PORTABLE_ONLY").is_some() {
        return String::new();
    }
    let arch = of("ARCH");
    if arch != "aarch64" {
        return arch;
    }
    // The kernels count lanes as little-endian memory does, and call intrinsics that the compiler's own target must have.
    if of("ENDIAN") != "little" || !of("FEATURE").split(',').any(|feature| feature == "neon") {
        return String::new();
    }
    println!("cargo::rustc-cfg=sepconv_neon");
    arch
}
