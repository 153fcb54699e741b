//! The options of `sepconv verify`.

use crate::problem::Op;
use clap::Args;
use sepconv_console::options::Targets;
use sepconv_console::print::TextOrJson;

/// Options of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Check the layers of these networks at full size instead of random problems: a suite or problem file of `bench`, or
    /// `networks` for all of them; a comma list
    #[arg(long, value_delimiter = ',', conflicts_with = "count")]
    pub suite: Vec<String>,
    /// Seed; problem k of a run is problem 0 of the run with seed + k
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Number of random problems, each on every instruction set and layout
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    pub count: u64,
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

impl VerifyArgs {
    /// The operations that the options ask for.
    pub fn ops(&self) -> &[Op] {
        if self.op.is_empty() { &Op::ALL } else { &self.op }
    }
}
