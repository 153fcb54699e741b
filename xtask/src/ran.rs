//! Whether every kernel of an instruction set ran: the names that tests recorded, held against the tile table.
//!
//! Tests of a build with `--cfg sepconv_record_kernels` write the names to the file in `SEPCONV_RECORD_KERNELS`.

use crate::shims;
use std::collections::HashSet;

/// Prints how many kernels of each named instruction set (a comma list) ran; fails if one did not.
pub fn run(arch: &str, isas: &str, file: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("cannot read {file}: {e}"))?;
    let ran: HashSet<&str> = text.lines().collect();
    let names = shims::names(arch);
    let mut complete = true;
    for isa in isas.split(',') {
        let (ran, missing) = split(&names, isa, &ran);
        if ran + missing.len() == 0 {
            return Err(format!("there is no kernel for {isa} on {arch}"));
        }
        println!("{isa}: {ran} of {} kernels ran", ran + missing.len());
        for name in &missing {
            println!("did not run: {name}");
        }
        complete &= missing.is_empty();
    }
    if complete { Ok(()) } else { Err("not every kernel ran".to_owned()) }
}

/// How many kernels of an instruction set ran, and those that did not.
fn split<'n>(names: &'n [String], isa: &str, ran: &HashSet<&str>) -> (usize, Vec<&'n str>) {
    let of_isa =
        names.iter().map(String::as_str).filter(|name| name.rsplit_once("__").is_some_and(|(_, of)| of == isa));
    let (seen, missing): (Vec<&str>, Vec<&str>) = of_isa.partition(|name| ran.contains(name));
    (seen.len(), missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_that_did_not_run_is_named() {
        let names = ["f32_a__neon", "f32_b__neon", "f32_a__portable"].map(str::to_owned);
        let ran = HashSet::from(["f32_a__neon", "f32_a__avx2"]);
        assert_eq!(split(&names, "neon", &ran), (1, vec!["f32_b__neon"]));
        assert_eq!(split(&names, "portable", &ran), (0, vec!["f32_a__portable"]));
        assert_eq!(split(&names, "avx2", &ran), (0, vec![]));
    }
}
