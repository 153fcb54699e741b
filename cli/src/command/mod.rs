//! What the program can do. No command knows another one.

mod bench;
mod explain;
mod info;
mod picture;
mod savings;
mod verify;

use crate::suite::FORMAT_HELP;
use clap::Subcommand;
use sepconv_console::exit::Outcome;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Says what this CPU is and what it can do: instruction sets, peak, bandwidths (about 3 s)
    Info(info::InfoArgs),
    /// Times convolutions and compares them with the naive path, the CPU's ceilings and the reference
    ///
    /// Without options: the 13 separable blocks of MobileNetV1 on one thread.
    #[command(after_long_help = FORMAT_HELP)]
    Bench(bench::BenchArgs),
    /// Says what was chosen for one layer and why it takes as long as it does: kernels, bands, working sets, bound, measured time
    #[command(after_long_help = FORMAT_HELP)]
    Explain(explain::ExplainArgs),
    /// Says what replacing a dense convolution by a separable one saves: counted, and measured here
    Savings(savings::SavingsArgs),
    /// Checks random problems, or whole networks, on every instruction set and layout against the reference
    Verify(verify::VerifyArgs),
    /// Runs a picture through the kernels
    Run(picture::RunArgs),
}

impl Command {
    /// Does it.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        match self {
            Self::Info(args) => info::run(args),
            Self::Bench(args) => bench::run(args),
            Self::Explain(args) => explain::run(args),
            Self::Savings(args) => savings::run(args),
            Self::Verify(args) => verify::run(args),
            Self::Run(args) => picture::run(args),
        }
    }
}
