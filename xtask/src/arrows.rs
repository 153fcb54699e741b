//! The arrows between modules, from the paths that their files name: no circles among neighbours, and no child that takes from its parent.
//!
//! Neighbours are the modules of one folder, with all that is below them. A file `mod.rs` stands above its folder: it may take from
//! its children, not they from it.

use crate::repository;
use crate::uses::{self, Path};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path as FilePath;

/// Folders of sources that are read where they are there: each is a crate.
const ROOTS: &[&str] = &["src", "kernels/src", "capi/src", "python/src"];

/// An arrow that may run back up.
struct Allowance {
    /// Module that it starts from, or one above that.
    from: &'static str,
    /// Module that it ends in.
    to: &'static str,
    /// Why that is right.
    #[allow(dead_code, reason = "for who reads this")]
    reason: &'static str,
}

/// All allowances. One that is not needed is an error: it would hide the next circle.
const ALLOWANCES: &[Allowance] =
    &[Allowance { from: "error", to: "layout", reason: "an error carries the shapes that do not fit" }];

/// A module takes from another.
#[derive(Debug, Clone)]
struct Arrow {
    from: Path,
    to: Path,
    /// File and line that say so.
    place: String,
}

/// Modules that stand in one folder, and what each of them takes from.
type Neighbours<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a Arrow>>;

/// What was found in the files of some crates.
#[derive(Default)]
struct Report {
    /// Folders with the order of what is in them.
    orders: Vec<String>,
    faults: Vec<String>,
    /// Allowances (by their index) that were needed.
    needed: BTreeSet<usize>,
}

/// Checks these folders; those of the repository if none is named.
pub fn run(roots: &[&str]) -> Result<(), String> {
    let mut report = Report::default();
    let there = ROOTS.iter().filter(|root| repository().join(root).is_dir());
    let wanted = if roots.is_empty() { Vec::from_iter(there.copied()) } else { roots.to_vec() };
    for root in &wanted {
        let files = sources(&repository().join(root), &mut Vec::new()).map_err(|error| format!("{root}: {error}"))?;
        check(root, &files, ALLOWANCES, &mut report)?;
    }
    report.orders.iter().for_each(|order| println!("{order}"));
    if roots.is_empty() {
        let unneeded = ALLOWANCES.iter().enumerate().filter(|(index, _)| !report.needed.contains(index));
        report.faults.extend(unneeded.map(|(_, a)| format!("the allowance {} → {} is not needed", a.from, a.to)));
    }
    match report.faults.as_slice() {
        [] => Ok(()),
        faults => Err(format!("{}\n{} arrows or circles run back up", faults.join("\n"), faults.len())),
    }
}

/// Modules with their texts, in a folder and below it.
fn sources(folder: &FilePath, above: &mut Path) -> std::io::Result<Vec<(Path, String)>> {
    let mut found = Vec::new();
    let mut entries = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    entries.sort();
    for path in entries {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            above.push(name);
            found.extend(sources(&path, above)?);
            above.pop();
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let own = if ["lib", "main", "mod"].contains(&name.as_str()) { None } else { Some(name) };
            found.push((above.iter().cloned().chain(own).collect(), std::fs::read_to_string(&path)?));
        }
    }
    Ok(found)
}

/// Checks the modules of one crate.
fn check(root: &str, files: &[(Path, String)], allowances: &[Allowance], report: &mut Report) -> Result<(), String> {
    let modules: BTreeSet<&[String]> = files.iter().map(|(module, _)| module.as_slice()).chain([&[][..]]).collect();
    let mut arrows = Vec::new();
    for (module, text) in files {
        let name = format!("{root} {}", named(module));
        for used in uses::read(text, module).map_err(|error| format!("{name}: {error}"))? {
            let lengths = (0..=used.path.len()).rev();
            let to = lengths.map(|len| &used.path[..len]).find(|path| modules.contains(path)).unwrap_or_default();
            let place = format!("{name}, line {}", used.line);
            arrows.push(Arrow { from: module.clone(), to: to.to_vec(), place });
        }
    }
    // What a module takes from itself, or from what is below it, has no arrow.
    arrows.retain(|arrow| !arrow.to.starts_with(&arrow.from));
    let (up, across): (Vec<_>, Vec<_>) = arrows.iter().partition(|arrow| arrow.from.starts_with(&arrow.to));
    let allowance = |arrow: &Arrow| allowances.iter().position(|allowance| allowance.covers(arrow));
    for arrow in up {
        match allowance(arrow) {
            Some(index) => report.needed.extend([index]),
            None => {
                report.faults.push(format!("{}: takes from {}, which stands above it", arrow.place, named(&arrow.to)))
            }
        }
    }
    let folders =
        modules.iter().filter(|folder| modules.iter().any(|m| m.len() > folder.len() && m.starts_with(folder)));
    for &folder in folders {
        let inside: Vec<&Arrow> = across.iter().copied().filter(|arrow| meet_in(folder, arrow)).collect();
        let all = neighbours(folder, &modules, &inside);
        let allowed = |arrow: &&Arrow| allowance(arrow).is_some();
        for arrow in inside.iter().copied().filter(allowed) {
            let (from, to) = (&*arrow.from[folder.len()], &*arrow.to[folder.len()]);
            if way(&all, to, from).is_some() {
                report.needed.extend(allowance(arrow));
            }
        }
        let rest = Vec::from_iter(inside.into_iter().filter(|arrow| !allowed(arrow)));
        let rest = neighbours(folder, &modules, &rest);
        report
            .faults
            .extend(circles(&rest).into_iter().map(|circle| format!("a circle in {root} {}:{circle}", named(folder))));
        report.orders.push(format!("{root} {}: {}", named(folder), order(&rest)));
    }
    Ok(())
}

impl Allowance {
    fn covers(&self, arrow: &Arrow) -> bool {
        let (from, to) = (arrow.from.join("::"), arrow.to.join("::"));
        to == self.to && (from == self.from || from.starts_with(&format!("{}::", self.from)))
    }
}

/// A module's path as it is written.
fn named(module: &[String]) -> String {
    ["crate"].into_iter().chain(module.iter().map(String::as_str)).collect::<Vec<_>>().join("::")
}

/// Whether an arrow runs from one module of a folder (or below it) to another.
fn meet_in(folder: &[String], arrow: &Arrow) -> bool {
    let inside = |module: &Path| module.len() > folder.len() && module.starts_with(folder);
    inside(&arrow.from) && inside(&arrow.to) && arrow.from[folder.len()] != arrow.to[folder.len()]
}

/// The modules of a folder with what they take from, one arrow of each kind.
fn neighbours<'a>(folder: &[String], modules: &BTreeSet<&'a [String]>, arrows: &[&'a Arrow]) -> Neighbours<'a> {
    let children = modules.iter().filter(|module| module.len() > folder.len() && module.starts_with(folder));
    let mut found: Neighbours = children.map(|module| (&*module[folder.len()], BTreeMap::new())).collect();
    for arrow in arrows {
        let (from, to) = (&*arrow.from[folder.len()], &*arrow.to[folder.len()]);
        found.entry(from).or_default().entry(to).or_insert(arrow);
    }
    found
}

/// The shortest way along arrows, as the modules that it passes, both ends included.
fn way<'a>(graph: &Neighbours<'a>, from: &'a str, to: &'a str) -> Option<Vec<&'a str>> {
    let (mut ways, mut seen) = (vec![vec![from]], BTreeSet::from([from]));
    while !ways.is_empty() {
        if let Some(way) = ways.iter().find(|way| way.ends_with(&[to])) {
            return Some(way.clone());
        }
        let mut longer = Vec::new();
        for way in &ways {
            for &next in way.last().and_then(|last| graph.get(last)).into_iter().flat_map(BTreeMap::keys) {
                if seen.insert(next) {
                    longer.push([way.as_slice(), &[next]].concat());
                }
            }
        }
        ways = longer;
    }
    None
}

/// The circles, each once, with the place of every arrow.
fn circles(graph: &Neighbours) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (&from, taken) in graph {
        for &to in taken.keys() {
            let Some(back) = way(graph, to, from) else { continue };
            if !seen.insert(BTreeSet::from_iter(back.iter().copied())) {
                continue;
            }
            let steps = std::iter::once((from, to)).chain(back.windows(2).map(|pair| (pair[0], pair[1])));
            let arrow = |(a, b): (&str, &str)| format!("\n  {a} takes from {b} ({})", graph[a][b].place);
            found.push(steps.map(arrow).collect());
        }
    }
    found
}

/// The modules in an order in which each takes only from those before it; those that could change places, together.
fn order(graph: &Neighbours) -> String {
    let (mut rest, mut levels) = (BTreeSet::from_iter(graph.keys().copied()), Vec::new());
    while !rest.is_empty() {
        let free = |name: &&str| graph[name].keys().all(|taken| !rest.contains(taken));
        let level = Vec::from_iter(rest.iter().copied().filter(free));
        // A circle: what is left has no order.
        let level = if level.is_empty() { Vec::from_iter(rest.iter().copied()) } else { level };
        rest.retain(|name| !level.contains(name));
        levels.push(level.join(", "));
    }
    levels.join(" → ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(files: &[(&str, &str)], allowances: &[Allowance]) -> Report {
        let path = |name: &str| name.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let files: Vec<(Path, String)> = files.iter().map(|&(name, text)| (path(name), text.to_owned())).collect();
        let mut report = Report::default();
        check("src", &files, allowances, &mut report).unwrap();
        report
    }

    #[test]
    fn a_straight_line_is_in_order() {
        let found = report(&[("", "mod a; use a::A;"), ("a", "use crate::b::B;"), ("b", "fn f() {}"), ("c", "")], &[]);
        assert_eq!(found.faults, Vec::<String>::new());
        assert_eq!(found.orders, ["src crate: b, c → a"]);
    }

    #[test]
    fn a_circle_is_found_once_with_its_arrows() {
        let found =
            report(&[("a", "use super::b;"), ("b", "\nfn f() { crate::c::f() }"), ("c", "use crate::a::A;")], &[]);
        let [fault] = found.faults.as_slice() else { panic!("{:?}", found.faults) };
        for step in ["a takes from b (src crate::a, line 1)", "b takes from c (src crate::b, line 2)", "c takes from a"]
        {
            assert!(fault.contains(step), "{fault}");
        }
    }

    #[test]
    fn folders_are_neighbours_with_all_that_is_in_them() {
        // No file takes from one that takes from it, but the folders do.
        let files = [
            ("a", ""),
            ("a::x", "use crate::b::y;"),
            ("a::z", ""),
            ("b", ""),
            ("b::y", ""),
            ("b::w", "use crate::a::z;"),
        ];
        let found = report(&files, &[]);
        assert_eq!(found.faults.len(), 1);
        assert!(found.faults[0].contains("a takes from b (src crate::a::x, line 1)"), "{}", found.faults[0]);
        assert_eq!(found.orders[1..], ["src crate::a: x, z", "src crate::b: w, y"]);
    }

    #[test]
    fn circles_inside_a_folder_are_found() {
        let found = report(&[("a", ""), ("a::x", "use super::y::Y;"), ("a::y", "use crate::a::x::X;")], &[]);
        assert!(matches!(found.faults.as_slice(), [fault] if fault.starts_with("a circle in src crate::a:")));
    }

    #[test]
    fn a_child_takes_nothing_from_its_parents() {
        let files = |text| [("", ""), ("a", "mod b; use b::B;"), ("a::b", text), ("a::c", "")];
        for text in ["use super::A;", "use crate::a::A;", "use super::*;", "use crate::Root;", "fn f() { super::g() }"]
        {
            let found = report(&files(text), &[]);
            assert!(matches!(found.faults.as_slice(), [fault] if fault.contains("line 1: takes from")), "{text}");
        }
        assert!(report(&files("use super::c::C;"), &[]).faults.is_empty());
    }

    #[test]
    fn allowances_are_for_their_arrows_and_known_to_be_needed() {
        let allow = |from, to| Allowance { from, to, reason: "" };
        let files = [
            ("a", "use crate::b;"),
            ("b", "use crate::a::A;"),
            ("c", ""),
            ("c::d", "use super::C;"),
            ("e", "use crate::a;"),
        ];
        let all = [allow("b", "a"), allow("c", "c"), allow("e", "a"), allow("a", "c")];
        let found = report(&files, &all);
        assert_eq!(found.faults, Vec::<String>::new());
        // The arrow from `e` is in no circle, and that from `a` to `c` is not there.
        assert_eq!(found.needed, [0, 1].into());
        assert_eq!(report(&files, &all[1..]).faults.len(), 1);
    }
}
