//! The committed limits: a line for each level and family.

use super::{Cost, Costs, Place};
use crate::family::Family;
use crate::table;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

const HEADER: &str = "\
# What the kernels of each level and family may cost (x86_64): functions of the registry, functions that the compiler makes for
# them, KiB of machine code with a twentieth to spare. Written by: cargo run -p xtask -- build-cost --update
";

/// Limits, and the compiler whose counts they are.
#[derive(Debug, PartialEq, Eq)]
pub struct Limits {
    pub compiler: String,
    rows: BTreeMap<Place, Limit>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Limit {
    shims: usize,
    instances: usize,
    kib: u64,
}

impl Limit {
    fn of(cost: &Cost) -> Self {
        Self { shims: cost.shims, instances: cost.instances, kib: (cost.text * 21).div_ceil(20 * 1024) }
    }
}

impl Limits {
    pub fn of(costs: &Costs, compiler: &str) -> Self {
        let rows = costs.iter().map(|(&place, cost)| (place, Limit::of(cost))).collect();
        Self { compiler: compiler.to_owned(), rows }
    }

    /// Where costs and limits part. Counts have to be equal, so that limits follow down, too; bytes may be less by a tenth. Only
    /// shims are the same for every compiler.
    pub fn problems(&self, costs: &Costs, compiler: &str) -> Vec<String> {
        let places: BTreeSet<&Place> = self.rows.keys().chain(costs.keys()).collect();
        let mut problems = Vec::new();
        for place in places {
            let limit = self.rows.get(place).copied().unwrap_or_default();
            let cost = costs.get(place).copied().unwrap_or_default();
            let mut hold = |what, is: u64, limit: u64, least: u64| {
                let name = format!("{} {}", place.0, place.1.name());
                if is > limit {
                    problems.push(format!("{name}: {is} {what}, the limit is {limit}"));
                } else if is < least {
                    problems.push(format!("{name}: only {is} {what}, the limit of {limit} has to follow"));
                }
            };
            hold("shims", cost.shims as u64, limit.shims as u64, limit.shims as u64);
            if self.compiler == compiler {
                hold("instances", cost.instances as u64, limit.instances as u64, limit.instances as u64);
                let kib = limit.kib * 1024;
                hold("bytes of text", cost.text, kib, kib.saturating_sub(2048) * 17 / 20);
            }
        }
        problems
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}compiler {}", self.compiler)?;
        writeln!(f, "# {:<7} {:<13} {:>5} {:>9} {:>8}", "level", "family", "shims", "instances", "KiB")?;
        for ((level, family), limit) in &self.rows {
            let Limit { shims, instances, kib } = limit;
            writeln!(f, "{level:<9} {:<13} {shims:>5} {instances:>9} {kib:>8}", family.name())?;
        }
        Ok(())
    }
}

impl FromStr for Limits {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut limits = Self { compiler: String::new(), rows: BTreeMap::new() };
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["compiler", version] => limits.compiler = (*version).to_owned(),
                [level, family, counts @ ..] => {
                    let row = row(level, family, counts).ok_or_else(|| format!("not a line of limits: {line}"))?;
                    if limits.rows.insert(row.0, row.1).is_some() {
                        return Err(format!("{level} {family} stands twice"));
                    }
                }
                _ => return Err(format!("not a line of limits: {line}")),
            }
        }
        if limits.compiler.is_empty() { Err("no line says the compiler".to_owned()) } else { Ok(limits) }
    }
}

fn row(level: &str, family: &str, counts: &[&str]) -> Option<(Place, Limit)> {
    let mut levels = table::levels().into_iter().map(|known| known.name).chain([super::ANY_LEVEL]);
    let place = (levels.find(|&known| known == level)?, Family::of_name(family)?);
    let [shims, instances, kib] = counts else { return None };
    Some((place, Limit { shims: shims.parse().ok()?, instances: instances.parse().ok()?, kib: kib.parse().ok()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(shims: usize, instances: usize, text: u64) -> Costs {
        Costs::from([(("avx2", Family::Line), Cost { shims, instances, text })])
    }

    #[test]
    fn written_limits_are_read_as_they_were() {
        let mut all = costs(3, 40, 100_000);
        all.insert((super::super::ANY_LEVEL, Family::Column), Cost { shims: 0, instances: 2, text: 0 });
        let limits = Limits::of(&all, "1.95");
        assert_eq!(limits.to_string().parse(), Ok(limits));
    }

    #[test]
    fn limits_leave_a_twentieth_of_the_text() {
        assert_eq!(
            Limit::of(&Cost { shims: 1, instances: 2, text: 102_400 }),
            Limit { shims: 1, instances: 2, kib: 105 }
        );
        assert_eq!(Limit::of(&Cost { text: 1, ..Cost::default() }).kib, 1);
    }

    #[test]
    fn counts_must_be_equal_and_text_near() {
        let limits = Limits::of(&costs(3, 40, 102_400), "1.95");
        assert_eq!(limits.problems(&costs(3, 40, 102_400), "1.95"), [""; 0]);
        assert_eq!(limits.problems(&costs(3, 40, 105 * 1024), "1.95"), [""; 0]);
        let text = |bytes| limits.problems(&costs(3, 40, bytes), "1.95");
        assert_eq!(text(105 * 1024 + 1), ["avx2 line: 107521 bytes of text, the limit is 107520"]);
        assert_eq!(text(80_000), ["avx2 line: only 80000 bytes of text, the limit of 107520 has to follow"]);
        let counts = limits.problems(&costs(4, 39, 102_400), "1.95");
        assert_eq!(
            counts,
            ["avx2 line: 4 shims, the limit is 3", "avx2 line: only 39 instances, the limit of 40 has to follow"]
        );
    }

    #[test]
    fn another_compiler_is_held_to_the_shims_only() {
        let limits = Limits::of(&costs(3, 40, 102_400), "1.95");
        assert_eq!(limits.problems(&costs(3, 90, 900_000), "1.96"), [""; 0]);
        assert_eq!(limits.problems(&costs(2, 40, 102_400), "1.96").len(), 1);
    }

    #[test]
    fn a_place_without_limits_and_limits_without_a_place_are_problems() {
        let limits = Limits::of(&costs(3, 40, 102_400), "1.95");
        assert_eq!(limits.problems(&Costs::new(), "1.95").len(), 3);
        let none = Limits { compiler: "1.95".to_owned(), rows: BTreeMap::new() };
        assert_eq!(none.problems(&costs(3, 40, 102_400), "1.95").len(), 3);
    }

    #[test]
    fn lines_that_are_none_are_refused() {
        for text in [
            "",
            "compiler 1.95\navx2 line 1 2",
            "compiler 1.95\navx2 nothing 1 2 3",
            "avx2 line 1 2 3",
            "compiler 1.95\nx",
        ] {
            assert!(text.parse::<Limits>().is_err(), "{text}");
        }
        let twice = "compiler 1.95\navx2 line 1 2 3\navx2 line 1 2 3";
        assert_eq!(twice.parse::<Limits>(), Err("avx2 line stands twice".to_owned()));
    }
}
