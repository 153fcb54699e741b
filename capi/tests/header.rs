//! The committed header is what cbindgen makes of the sources; its version and that of the CMake package are the crate's.

use std::path::Path;

fn generated() -> String {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(package.join("cbindgen.toml")).expect("cbindgen.toml is readable");
    let builder = cbindgen::Builder::new().with_config(config).with_src(package.join("src/lib.rs"));
    let mut text = Vec::new();
    builder.generate().expect("cbindgen understands the sources").write(&mut text);
    String::from_utf8(text).expect("a header is text")
}

#[test]
fn the_committed_header_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/sepconv.h");
    let generated = generated();
    if std::env::var_os("SEPCONV_UPDATE_HEADER").is_some() {
        std::fs::write(&path, &generated).expect("the header can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "include/sepconv.h is out of date: SEPCONV_UPDATE_HEADER=1 cargo test -p sepconv-capi --test header"
    );
}

#[test]
fn the_headers_version_is_the_packages() {
    use sepconv_capi::{SEPCONV_VERSION_MAJOR, SEPCONV_VERSION_MINOR, SEPCONV_VERSION_PATCH};
    let header = format!("{SEPCONV_VERSION_MAJOR}.{SEPCONV_VERSION_MINOR}.{SEPCONV_VERSION_PATCH}");
    assert_eq!(header, env!("CARGO_PKG_VERSION"));
}

#[test]
fn the_cmake_packages_version_is_the_packages() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("cmake/sepconv-config-version.cmake");
    let text = std::fs::read_to_string(&path).expect("the CMake package is committed");
    let version = env!("CARGO_PKG_VERSION");
    let parts: Vec<&str> = version.split('.').collect();
    for line in [
        format!("set(PACKAGE_VERSION \"{version}\")"),
        format!("PACKAGE_FIND_VERSION_MAJOR EQUAL {} AND PACKAGE_FIND_VERSION_MINOR EQUAL {}", parts[0], parts[1]),
    ] {
        assert!(text.contains(&line), "{} does not say {line:?}", path.display());
    }
}
