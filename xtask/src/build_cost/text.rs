//! The functions of the kernels' crate as a release build has them, and their sizes.

use object::read::archive::ArchiveFile;
use object::{File, Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};

/// Each function's path, and its bytes. Compiles nothing where a release build of the kernels is there.
pub fn functions() -> Result<Vec<(String, u64)>, String> {
    let arguments = ["build", "--release", "--package", "sepconv-kernels", "--message-format"];
    let messages = super::printed(super::cargo(&[&arguments[..], &["json-render-diagnostics"]].concat()))?;
    let path = library(&messages).ok_or_else(|| format!("cargo does not say where the library is:\n{messages}"))?;
    let data = std::fs::read(path).map_err(|e| format!("cannot read {path}: {e}"))?;
    let found = of_archive(&data).map_err(|e| format!("{path}: {e}"))?;
    if found.is_empty() { Err(format!("{path} has no function")) } else { Ok(found) }
}

/// The path of the library in cargo's messages.
fn library(messages: &str) -> Option<&str> {
    messages.split('"').find(|text| text.contains("/libsepconv_kernels") && text.ends_with(".rlib"))
}

fn of_archive(data: &[u8]) -> Result<Vec<(String, u64)>, object::Error> {
    let mut found = Vec::new();
    for member in ArchiveFile::parse(data)?.members() {
        let member = member?;
        if member.name().ends_with(b".o") {
            of_object(&File::parse(member.data(data)?)?, &mut found)?;
        }
    }
    Ok(found)
}

fn of_object(file: &File<'_>, found: &mut Vec<(String, u64)>) -> Result<(), object::Error> {
    for symbol in file.symbols().filter(|symbol| symbol.is_definition() && symbol.kind() == SymbolKind::Text) {
        let section = symbol.section_index().map(|index| file.section_by_index(index)).transpose()?;
        if section.is_some_and(|section| section.kind() == SectionKind::Text) {
            found.push((format!("{:#}", rustc_demangle::demangle(symbol.name()?)), symbol.size()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_found_among_the_messages() {
        let messages = r#"{"filenames":["/t/release/libwide.rlib"]}
{"filenames":["/t/release/libsepconv_kernels.rlib","/t/release/deps/libsepconv_kernels-ab.rmeta"]}"#;
        assert_eq!(library(messages), Some("/t/release/libsepconv_kernels.rlib"));
        assert_eq!(library("{}"), None);
    }

    #[test]
    fn what_is_no_archive_is_an_error() {
        assert!(of_archive(b"no archive").is_err());
    }
}
