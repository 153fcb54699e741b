//! The asm gate: a kernel is fast only if its hot loop stays in registers, and only the assembly can tell.

use crate::allowances::{ALLOWANCES, Allowance};
use crate::asm::{Arch, Program};
use crate::emit;
use crate::hot::{self, HotLoop};
use crate::shims::{self, Shim};
use std::fmt::Write;

/// A shim with what was found and what is wrong with it.
struct Finding {
    shim: Shim,
    hot: Option<HotLoop>,
    faults: Vec<String>,
    allowed: bool,
}

/// Emits the assembly, checks every shim, prints the table. `only` limits the table to names that contain it and shows
/// their hot loops.
pub fn run(arch: Arch, only: Option<&str>) -> Result<(), String> {
    let program = emit::assembly(arch)?;
    let allowances: Vec<_> = ALLOWANCES.iter().filter(|allowance| allowance.arch == arch).collect();
    let (findings, needless) = check(&program, shims::all(arch), &allowances);
    if let Some(only) = only.filter(|only| !findings.iter().any(|finding| finding.shim.name.contains(only))) {
        return Err(format!("no kernel's name contains {only:?}"));
    }
    print!("{}", report(&findings, only));
    println!("spills: vectors on the stack; scalar: addresses and counters on the stack, for information");
    for allowance in &needless {
        println!("needless allowance: {} ({})", allowance.pattern, allowance.reason);
    }
    let failed = findings.iter().filter(|finding| !finding.faults.is_empty()).count();
    let allowed = findings.iter().filter(|finding| finding.allowed).count();
    let total = findings.len();
    println!(
        "asm gate, {}: {total} shims, {failed} failed, {allowed} allowed with a reason, {} needless allowances",
        arch.name(),
        needless.len()
    );
    if failed > 0 || !needless.is_empty() { Err("the asm gate failed".to_owned()) } else { Ok(()) }
}

/// Holds every shim against the table, and every allowance against the shims.
fn check(
    program: &Program,
    shims: Vec<Shim>,
    allowances: &[&'static Allowance],
) -> (Vec<Finding>, Vec<&'static Allowance>) {
    let mut used = vec![false; allowances.len()];
    let mut findings = Vec::new();
    for shim in shims {
        let Some((assembly, function)) = program.function_of(&shim.name) else {
            let faults = vec!["not in the assembly".to_owned()];
            findings.push(Finding { shim, hot: None, faults, allowed: false });
            continue;
        };
        let hot = hot::find(assembly, function, &shim);
        let allowance = allowances.iter().position(|allowance| allowance.covers(&shim.name));
        let limit = allowance.map_or(0, |index| allowances[index].spills);
        let faults = faults(&shim, hot.as_ref(), limit);
        let allowed = hot.as_ref().is_some_and(|hot| hot.spills > 0 && hot.spills <= limit);
        if let Some(index) = allowance {
            used[index] |= allowed;
        }
        findings.push(Finding { shim, hot, faults, allowed });
    }
    let needless = allowances.iter().zip(used).filter(|(_, used)| !used).map(|(allowance, _)| *allowance).collect();
    (findings, needless)
}

fn faults(shim: &Shim, hot: Option<&HotLoop>, spills: usize) -> Vec<String> {
    let Some(hot) = hot else {
        return vec!["no loop".to_owned()];
    };
    let mut faults = Vec::new();
    if hot.spills > spills {
        faults.push(format!("{} spills", hot.spills));
    }
    if hot.calls > 0 {
        faults.push(format!("{} calls", hot.calls));
    }
    if let Some(declared) = shim.fmas.filter(|&declared| hot.fmas < declared) {
        faults.push(format!("{} of {declared} FMAs", hot.fmas));
    }
    faults
}

fn report(findings: &[Finding], only: Option<&str>) -> String {
    let mut text = String::new();
    let mut line = |shim: &str, cells: [&str; 5], verdict: &str| {
        let [instructions, fmas, loads, spills, scalar] = cells;
        writeln!(text, "{shim:<40} {instructions:>6} {fmas:>9} {loads:>6} {spills:>7} {scalar:>7}  {verdict}")
            .expect("writing to a string");
    };
    line("shim", ["instr", "FMA/decl", "loads", "spills", "scalar"], "verdict");
    for finding in findings.iter().filter(|finding| only.is_none_or(|only| finding.shim.name.contains(only))) {
        let hot = finding.hot.clone().unwrap_or_default();
        let declared = finding.shim.fmas.map_or("-".to_owned(), |declared| declared.to_string());
        let verdict = match (finding.faults.as_slice(), finding.allowed) {
            ([], false) => "ok".to_owned(),
            ([], true) => "allowed".to_owned(),
            (faults, _) => format!("FAILED: {}", faults.join(", ")),
        };
        let number = |n: usize| n.to_string();
        let fmas = format!("{}/{declared}", hot.fmas);
        let cells =
            [&number(hot.instructions), &fmas, &number(hot.loads), &number(hot.spills), &number(hot.scalar_spills)];
        line(&finding.shim.name, cells.map(|cell| cell.as_str()), &verdict);
        if only.is_some() {
            for instruction in &hot.listing {
                line(&format!("    {instruction}"), [""; 5], "");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asm::Assembly;
    use crate::shims::Vectors;

    const FILE: &str = "\t.type\t_ZN3one17h0E,@function\n_ZN3one17h0E:\n.LBB0_1:
vfmadd231ps (%rsp), %zmm0, %zmm1\ncallq other\njne .LBB0_1\n.Lfunc_end0:\n";
    static ENOUGH: Allowance = Allowance { arch: Arch::X86_64, pattern: "o*e", spills: 1, reason: "for the test" };
    static NEEDLESS: Allowance = Allowance { arch: Arch::X86_64, pattern: "two", spills: 1, reason: "for the test" };

    fn program() -> Program {
        Program { files: vec![Assembly::default(), Assembly::parse(Arch::X86_64, FILE)] }
    }

    fn shim(name: &str, fmas: usize) -> Shim {
        Shim { name: name.to_owned(), vectors: Vectors::Fused("zmm"), fmas: Some(fmas) }
    }

    fn checked(shim: Shim, allowances: &[&'static Allowance]) -> (Vec<String>, bool, usize) {
        let (mut findings, needless) = check(&program(), vec![shim], allowances);
        let finding = findings.remove(0);
        (finding.faults, finding.allowed, needless.len())
    }

    #[test]
    fn every_fault_is_named() {
        let (faults, _, _) = checked(shim("one", 2), &[]);
        assert_eq!(faults, ["1 spills", "1 calls", "1 of 2 FMAs"]);
        let (faults, _, _) = checked(shim("two", 1), &[]);
        assert_eq!(faults, ["not in the assembly"]);
    }

    #[test]
    fn an_allowance_covers_spills_and_nothing_else() {
        assert_eq!(checked(shim("one", 1), &[&ENOUGH]), (vec!["1 calls".to_owned()], true, 0));
    }

    #[test]
    fn a_needless_allowance_is_reported() {
        assert_eq!(checked(shim("one", 1), &[&NEEDLESS]).2, 1);
    }

    #[test]
    fn the_report_has_a_line_for_each_shim() {
        let (findings, _) = check(&program(), vec![shim("one", 1), shim("two", 1)], &[]);
        let text = report(&findings, None);
        assert_eq!(text.lines().count(), 3);
        assert!(text.contains("FAILED: 1 spills, 1 calls") && text.contains("FAILED: not in the assembly"));
        assert!(report(&findings, Some("one")).contains("vfmadd231ps (%rsp), %zmm0, %zmm1"));
    }
}
