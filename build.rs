//! Expands the tile table in `build/tiles.rs` into `#[target_feature]` shims and the kernel registry, after holding every
//! row against its instruction set's register budget. It does not look at the machine that it runs on.

#[path = "build/expand.rs"]
mod expand;
#[path = "build/tiles.rs"]
mod tiles;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    for tile in tiles::TILES {
        if let Err(problem) = tile.check() {
            println!("cargo::error=tile table: {problem}");
            std::process::exit(1);
        }
    }
    let target = std::env::var("CARGO_CFG_TARGET_ARCH").expect("cargo sets CARGO_CFG_TARGET_ARCH");
    let folder = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let path = std::path::Path::new(&folder).join("registry.rs");
    std::fs::write(&path, expand::registry(tiles::TILES, &target)).expect("OUT_DIR is writable");
}
