//! The emulated CPUs of continuous integration, from the scripts that start the emulators.

use super::markdown;
use std::path::{Path, PathBuf};

/// Architectures as scripts write them, and as the document does.
const ARCHS: [(&str, &str); 4] = [
    ("x86_64", "x86-64"),
    ("aarch64", "aarch64"),
    ("arm", "32-bit: armv7 on"),
    ("ppc64", "big-endian: ppc64, built for POWER8, on"),
];

pub fn table(root: &Path) -> Result<String, String> {
    let mut files = scripts(&root.join(".ci"))?;
    files.sort();
    let mut rows = Vec::new();
    for file in files {
        rows.extend(models(&super::read(&file)?));
    }
    if rows.is_empty() {
        return Err("no script below .ci emulates a CPU".to_owned());
    }
    // Architecture by architecture, as the scripts have them.
    rows.sort_by_key(|(arch, _)| *arch);
    let own = ["the machine's own", "what it has", "each in turn, forced", "all, and once more for each level"];
    let own = own.map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = [own].into_iter().chain(rows.into_iter().map(|(_, cells)| cells)).collect();
    Ok(markdown(&["CPU", "detected", "used", "tests"].map(str::to_owned), false, &rows))
}

/// The shell scripts below a folder.
fn scripts(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let unreadable = |e: std::io::Error| format!("cannot read {}: {e}", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            found.extend(scripts(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "sh") {
            found.push(path);
        }
    }
    Ok(found)
}

/// What a script emulates: calls of `emulate ARCH MODEL EXTENT ISAS FEATURES`; of architectures with portable kernels only, and of
/// the emulator for AVX-512, the lists of models.
fn models(script: &str) -> Vec<(usize, Vec<String>)> {
    let mut rows = Vec::new();
    for line in script.lines().filter(|line| !line.trim_start().starts_with('#')) {
        for (at, _) in line.match_indices("emulate ") {
            let words: Vec<&str> = line[at..].split_whitespace().collect();
            if let [_, arch, model, extent, isas, features, ..] = words.as_slice() {
                rows.extend(row(arch, model, extent, isas, features));
            }
        }
        if let Some(list) = line.trim_start().strip_prefix("declare -A PORTABLE_MODELS=(") {
            for entry in list.split('[').skip(1) {
                let words: Vec<&str> = entry.split(['"', ']', '=', ' ']).filter(|word| !word.is_empty()).collect();
                if let [arch, model, extent, ..] = words.as_slice() {
                    rows.extend(row(arch, model, extent, "portable", "-"));
                }
            }
        }
        if let Some((list, _)) = line.strip_prefix("AVX512_MODELS=(").and_then(|list| list.split_once(')')) {
            let tests = "every kernel of avx512, random problems";
            let cells = |model: &str| {
                [&format!("x86-64 `{model}`"), "portable, avx2, avx512", "avx512", tests].map(str::to_owned)
            };
            rows.extend(list.split_whitespace().map(|model| (0, cells(model).to_vec())));
        }
    }
    rows
}

fn row(arch: &str, model: &str, extent: &str, isas: &str, features: &str) -> Option<(usize, Vec<String>)> {
    let rank = ARCHS.iter().position(|(name, _)| *name == arch)?;
    let tests = match extent {
        "all" => "whole suite",
        "kernels" => "every kernel",
        _ => return None,
    };
    let features = if features == "-" { String::new() } else { format!(" ({})", features.replace(',', ", ")) };
    let used = isas.rsplit(',').next().unwrap_or_default();
    let cpu = format!("{} `{model}`{features}", ARCHS[rank].1);
    Some((rank, vec![cpu, isas.replace(',', ", "), used.to_owned(), tests.to_owned()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_lists_of_models_are_read() {
        let script = "# emulate ARCH MODEL EXTENT ISAS FEATURES BINARY\nemulate() {\n\
                      at_once \"emulate x86_64 Haswell,-fma kernels portable avx2,f16c $binaries\" \\\n\
                      emulate \"$arch\" ${PORTABLE_MODELS[$arch]} portable - $binaries\n\
                      declare -A PORTABLE_MODELS=([arm]=\"max all\" [ppc64]=\"power9 kernels\")\n\
                      AVX512_MODELS=(lake rapids)\n";
        let cpus: Vec<String> = models(script).into_iter().map(|(_, cells)| cells.join("; ")).collect();
        let expected = [
            "x86-64 `Haswell,-fma` (avx2, f16c); portable; portable; every kernel",
            "32-bit: armv7 on `max`; portable; portable; whole suite",
            "big-endian: ppc64, built for POWER8, on `power9`; portable; portable; every kernel",
            "x86-64 `lake`; portable, avx2, avx512; avx512; every kernel of avx512, random problems",
            "x86-64 `rapids`; portable, avx2, avx512; avx512; every kernel of avx512, random problems",
        ];
        assert_eq!(cpus, expected);
    }
}
