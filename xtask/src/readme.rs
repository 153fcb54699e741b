//! Does what the README promises a stranger: its example, copied into a new crate, prints what the README says.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const HEADING: &str = "## Use it";

/// The README's program and what it says that it prints.
#[derive(Debug, PartialEq, Eq)]
struct Example {
    code: String,
    output: String,
}

/// Builds and runs the example outside of the workspace and compares its output.
pub fn run() -> Result<(), String> {
    let path = crate::repository().join("README.md");
    let example = extract(&read(&path)?)?;
    let package = Package::create(&example.code)?;
    let printed = package.run()?;
    if lines(&printed) == lines(&example.output) {
        println!("readme: the example printed its {} lines as promised", lines(&printed).len());
        Ok(())
    } else {
        Err(format!("the README's example printed\n{printed}\nbut the README promises\n{}", example.output))
    }
}

/// The first `rust` block below the heading and the first `text` block after it.
fn extract(readme: &str) -> Result<Example, String> {
    let (_, section) =
        readme.split_once(&format!("\n{HEADING}")).ok_or_else(|| format!("the README has no heading \"{HEADING}\""))?;
    let section = section.split("\n## ").next().unwrap_or_default();
    let (code, rest) = block(section, "rust")?;
    let (output, _) = block(rest, "text")?;
    Ok(Example { code: code.to_owned(), output: output.to_owned() })
}

/// The inside of the next fenced block of a language, and what follows it.
fn block<'t>(text: &'t str, language: &str) -> Result<(&'t str, &'t str), String> {
    let missing = || format!("the README has no complete {language} block below \"{HEADING}\"");
    let (_, inside) = text.split_once(&format!("\n```{language}\n")).ok_or_else(missing)?;
    inside.split_once("\n```").ok_or_else(missing)
}

/// Lines without the blanks at their ends, and without empty lines at the end of the text.
fn lines(text: &str) -> Vec<&str> {
    text.trim_end().lines().map(str::trim_end).collect()
}

/// A package in the system's temporary folder, removed when dropped.
struct Package(PathBuf);

impl Package {
    fn create(code: &str) -> Result<Self, String> {
        let folder = std::env::temp_dir().join(format!("sepconv-readme-{}", std::process::id()));
        let package = Self(folder);
        let repository = crate::repository();
        let source = package.0.join("src");
        std::fs::create_dir_all(&source).map_err(|e| format!("cannot make {}: {e}", source.display()))?;
        write(&source.join("main.rs"), code)?;
        write(&package.0.join("Cargo.toml"), &manifest(&repository))?;
        // The same versions of the dependencies as in the repository.
        if let Ok(lock) = read(&repository.join("Cargo.lock")) {
            write(&package.0.join("Cargo.lock"), &lock)?;
        }
        Ok(package)
    }

    fn run(&self) -> Result<String, String> {
        let output = Command::new(crate::cargo())
            .current_dir(&self.0)
            // What a stranger has not set.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .args(["run", "--quiet", "--release", "--target-dir"])
            .arg(crate::target_folder().join("readme"))
            .stderr(Stdio::inherit())
            .output()
            .map_err(|e| format!("cannot run cargo: {e}"))?;
        if !output.status.success() {
            return Err(format!("the README's example failed: {}", output.status));
        }
        String::from_utf8(output.stdout).map_err(|e| format!("the README's example did not print text: {e}"))
    }
}

impl Drop for Package {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("cannot remove {}: {error}", self.0.display());
        }
    }
}

fn manifest(library: &Path) -> String {
    format!(
        "[package]\nname = \"readme-example\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nsepconv = {{ path = {:?} }}\n\n[workspace]\n",
        library.display().to_string()
    )
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "# x\n\n```rust\nwrong();\n```\n\n## Use it\n\n```sh\ncargo add\n```\n\n```rust\nfn main() {\n}\n```\nprints\n```text\n1 2 \n3\n```\n\n## More\n";

    #[test]
    fn the_blocks_below_the_heading_are_found() {
        let example = extract(README).expect("complete");
        assert_eq!(example, Example { code: "fn main() {\n}".to_owned(), output: "1 2 \n3".to_owned() });
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(extract("# x\n").unwrap_err().contains(HEADING));
        let without_output = README.replace("```text", "```");
        assert!(extract(&without_output).unwrap_err().contains("text block"));
        assert!(extract("\n## Use it\n\n## Next\n```rust\nx\n```\n").unwrap_err().contains("rust block"));
    }

    #[test]
    fn blanks_at_line_ends_do_not_count() {
        assert_eq!(lines("1 2 \n3\n\n"), lines("1 2\n3"));
        assert_ne!(lines("1\n\n2"), lines("1\n2"));
    }

    #[test]
    fn the_manifest_stands_outside_of_every_workspace() {
        let text = manifest(Path::new("some/where"));
        assert!(text.contains("sepconv = { path = \"some/where\" }") && text.contains("[workspace]"));
    }
}
