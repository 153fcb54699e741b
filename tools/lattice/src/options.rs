//! The command line, and the groups that it asks for.

use super::group::{Group, Op};
use clap::Parser;
use sepconv_console::options::Targets;
use sepconv_console::print::TextOrJson;

/// Checks every small window on every small map, bit for bit (the whole takes eleven minutes).
///
/// Exit code: 0 if all is well, 1 if a result is wrong, 2 if the arguments cannot be used.
#[derive(Debug, Parser)]
#[command(name = "lattice", version)]
pub struct Options {
    /// Only this part of the run, for example 3/8: every eighth group, beginning with the third
    #[arg(long, value_name = "I/N", value_parser = shard, default_value = "1/1")]
    shard: Shard,
    /// Begin with this group: where an earlier run stopped
    #[arg(long, value_name = "GROUP", default_value_t = 0)]
    from: usize,
    /// At most so many groups
    #[arg(long)]
    count: Option<usize>,
    /// Only these operations; a comma list [default: all]
    #[arg(long, value_enum, value_delimiter = ',')]
    op: Vec<Op>,
    /// Layouts and instruction sets.
    #[command(flatten)]
    pub targets: Targets,
    /// Output format
    #[arg(short, long, value_enum, default_value_t = TextOrJson::Text)]
    pub output: TextOrJson,
}

/// One of several parts of a run, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shard {
    /// Which one.
    index: usize,
    /// Of how many.
    of: usize,
}

impl Options {
    /// The groups that the options leave.
    pub fn groups(&self) -> Vec<Group> {
        let wanted = (self.from..Group::count()).filter_map(Group::new);
        let wanted = wanted.filter(|group| self.op.is_empty() || self.op.contains(&group.op));
        // Neighbours are alike: dealing them out makes all parts equally long.
        let dealt = wanted.filter(|group| group.number % self.shard.of == self.shard.index - 1);
        dealt.take(self.count.unwrap_or(usize::MAX)).collect()
    }
}

fn shard(text: &str) -> Result<Shard, String> {
    let numbers = text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
    let shard = numbers.filter(|(index, of)| (1..=*of).contains(index)).map(|(index, of)| Shard { index, of });
    shard.ok_or_else(|| "a part is written I/N with I from 1 to N, for example 3/8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn parts_of_a_run() {
        assert_eq!(shard("3/8"), Ok(Shard { index: 3, of: 8 }));
        for wrong in ["0/8", "9/8", "3", "3/", "/8", "-1/2", "1/0"] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
    }
}
