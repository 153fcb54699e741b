//! Whether docs/safety.md names the files with unsafe code, and no others.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::path::Path;

const DOCUMENT: &str = "docs/safety.md";

/// Folders in which unsafe code is allowed to stand.
const FOLDERS: [&str; 12] = [
    "benches",
    "capi/src",
    "capi/tests",
    "cli",
    "console",
    "examples",
    "fuzz",
    "kernels",
    "python/src",
    "src",
    "tests",
    "tools",
];

/// What the document leaves out, and what it names without need.
pub fn problems(root: &Path) -> Result<Vec<String>, String> {
    let mut found = BTreeSet::new();
    for folder in FOLDERS {
        collect(root, &root.join(folder), &mut found)?;
    }
    let named = named(&super::read(&root.join(DOCUMENT))?);
    let missing =
        found.difference(&named).map(|file| format!("{DOCUMENT} does not name {file}, which has unsafe code"));
    let needless = named.difference(&found).map(|file| format!("{DOCUMENT} names {file}, which has no unsafe code"));
    Ok(missing.chain(needless).collect())
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeSet<String>) -> Result<(), String> {
    let unreadable = |e: std::io::Error| format!("cannot read {}: {e}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                collect(root, &path, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = super::read(&path)?;
            let tokens = source.parse().map_err(|e| format!("{}: {e}", path.display()))?;
            if is_unsafe(tokens) {
                found.extend(path.strip_prefix(root).ok().and_then(Path::to_str).map(str::to_owned));
            }
        }
    }
    Ok(())
}

/// Whether the keyword stands anywhere: comments and strings are not looked into.
fn is_unsafe(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "unsafe",
        TokenTree::Group(group) => is_unsafe(group.stream()),
        _ => false,
    })
}

/// The files in the first column of the tables below "File by file". A line "Below `FOLDER`:" says what they are below; a name without
/// a folder stands beside the one before it.
fn named(document: &str) -> BTreeSet<String> {
    let section = document.split("\n## ").find(|section| section.starts_with("File by file")).unwrap_or_default();
    let (mut below, mut files) = ("", BTreeSet::new());
    for line in section.lines() {
        if let Some(folder) = line.strip_prefix("Below `").and_then(|rest| rest.split('`').next()) {
            below = folder;
        } else if line.starts_with("In ") {
            below = "";
        }
        let Some(cell) = line.strip_prefix("| ").and_then(|rest| rest.split('|').next()) else { continue };
        let mut beside = "";
        for name in cell.split('`').skip(1).step_by(2).filter(|name| name.ends_with(".rs")) {
            match name.rfind('/') {
                Some(end) => {
                    beside = &name[..=end];
                    files.insert(format!("{below}{name}"));
                }
                None => {
                    files.insert(format!("{below}{beside}{name}"));
                }
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_keyword_counts() {
        let of = |source: &str| is_unsafe(source.parse().unwrap());
        assert!(of("fn f() { if true { unsafe { g() } } }") && of("#[unsafe(no_mangle)] fn f() {}"));
        assert!(!of("/// unsafe\nfn not_unsafe() { \"unsafe\"; } // unsafe"));
    }

    #[test]
    fn files_are_read_from_the_first_column() {
        let document = "# x\n\n## File by file\n\nBelow `a/src/`:\n\n| file | who |\n|---|---|\n| `x/b.rs`, `c.rs` | `no.rs` |\n\
                        | `d.rs`, rows from `build/` | |\n\nIn tests:\n\n| `tests/e.rs` | |\n\n## Next\n\n| `f.rs` | |\n";
        let files: Vec<String> = named(document).into_iter().collect();
        assert_eq!(files, ["a/src/d.rs", "a/src/x/b.rs", "a/src/x/c.rs", "tests/e.rs"]);
    }
}
