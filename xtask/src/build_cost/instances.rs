//! The functions that the compiler makes of the kernels' crate, before it hands them to LLVM.

/// Their paths, with types and constants. The compiler stops before it makes machine code.
pub fn paths() -> Result<Vec<String>, String> {
    let folder = crate::target_folder().join("build-cost");
    let folder = folder.to_str().ok_or_else(|| format!("{} is no UTF-8", folder.display()))?;
    let package = ["--quiet", "--release", "--package", "sepconv-kernels", "--target-dir", folder];
    // What the compiler prints beside its messages is not kept: it has to run.
    if std::path::Path::new(folder).exists() {
        super::printed(super::cargo(&[&["clean"], &package[..]].concat()))?;
    }
    let flags = ["--lib", "--", "-Z", "no-codegen", "-Z", "print-mono-items=yes"];
    let mut command = super::cargo(&[&["rustc"], &package[..], &flags[..]].concat());
    // Nothing stable lists functions that are inlined everywhere, and those are most. It is a count only: no program is made.
    command.env("RUSTC_BOOTSTRAP", "1");
    let found = functions(&super::printed(command)?);
    if found.is_empty() { Err("the compiler lists no function of the kernels".to_owned()) } else { Ok(found) }
}

/// The functions in the compiler's list. Of closures it does not say which types they are for, so that equal lines are
/// different functions.
fn functions(list: &str) -> Vec<String> {
    let items = list.lines().filter_map(|line| line.strip_prefix("MONO_ITEM fn "));
    items.filter_map(|item| item.split(" @@").next()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_read_from_the_list_and_statics_are_not() {
        let list = "MONO_ITEM fn probe::run::<simd::avx2::Avx2, 12> @@ a.1[External] a.2[Internal]\n\
                    MONO_ITEM static registry::KERNELS @@ a.1[External]\n\
                    MONO_ITEM fn probe::run::<simd::avx2::Avx2, 12> @@ a.1[External]\nother";
        assert_eq!(functions(list), ["probe::run::<simd::avx2::Avx2, 12>"; 2]);
    }
}
