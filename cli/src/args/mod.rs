//! The command line: commands, options, and how their values are written.

mod values;

pub use values::{Size2, SizeHwc};

use crate::lattice::{self, Shard};
use crate::output::{Format, TextOrJson};
use crate::picture::{Border, Job};
use crate::problem::Op;
use crate::suite::FORMAT_HELP;
use clap::{Args, Parser, Subcommand};
use sepconv::{Isa, Layout, Padding};
use std::path::PathBuf;

/// Measures a CPU with the sepconv kernels, checks them, and runs them on pictures.
///
/// Exit code: 0 if all is well, 1 if a result is wrong, 2 if the arguments or files cannot be used.
#[derive(Debug, Parser)]
#[command(name = "sepconv", version, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Says what this CPU is and what it can do: instruction sets, peak, bandwidths (about 3 s)
    Info(InfoArgs),
    /// Times convolutions and compares them with the naive path, the CPU's ceilings and the reference
    ///
    /// Without options: the 13 separable blocks of MobileNetV1 on one thread.
    #[command(after_long_help = FORMAT_HELP)]
    Bench(BenchArgs),
    /// Says what was chosen for one layer and why it takes as long as it does: kernels, bands, working sets, bound, measured time
    #[command(after_long_help = FORMAT_HELP)]
    Explain(ExplainArgs),
    /// Says what replacing a dense convolution by a separable one saves: counted, and measured here
    Savings(SavingsArgs),
    /// Checks random problems, or whole networks, on every instruction set and layout against the reference
    Verify(VerifyArgs),
    /// Checks every small window on every small map, bit for bit (the whole takes eleven minutes)
    Lattice(LatticeArgs),
    /// Runs a picture through the kernels
    Run(RunArgs),
}

/// Options of `info`.
#[derive(Debug, Args)]
pub struct InfoArgs {
    /// Output format
    #[arg(short, long, value_enum, default_value_t = TextOrJson::Text)]
    pub output: TextOrJson,
}

/// Options of `bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// mobilenet-v1, mobilenet-v2, mobilenet-v3-large, efficientnet-b0, convnext-t, mobileclip-s0, toy, or a file of problem
    /// lines (see --help); a comma list [default: mobilenet-v1, separable blocks only]
    #[arg(long, value_delimiter = ',')]
    pub suite: Vec<String>,
    /// Only these operations; a comma list [default: all of the suite]
    #[arg(long, value_enum, value_delimiter = ',')]
    pub op: Vec<Op>,
    /// hwc, chw or both; a comma list [default: hwc]
    #[arg(long, value_parser = values::layout, value_delimiter = ',')]
    pub layout: Vec<Layout>,
    /// portable, avx2, avx512, neon; a comma list [default: the best one here, or SEPCONV_ISA]
    #[arg(long, value_parser = values::isa, value_delimiter = ',')]
    pub isa: Vec<Isa>,
    /// Numbers of threads; a comma list
    #[arg(long, value_parser = values::threads, value_delimiter = ',', default_value = "1")]
    pub threads: Vec<usize>,
    /// Only problems with this text in their name
    #[arg(long)]
    pub filter: Option<String>,
    /// Seconds for each measurement
    #[arg(allow_negative_numbers = true, long, value_parser = values::seconds, default_value = "0.2")]
    pub min_time: f64,
    /// Do not time the naive path
    #[arg(long)]
    pub no_naive: bool,
    /// Check every output against the reference (the default)
    #[arg(long, overrides_with = "no_verify")]
    pub verify: bool,
    /// Do not check results
    #[arg(long, overrides_with = "verify")]
    pub no_verify: bool,
    /// Seed of inputs and weights
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Output format
    #[arg(short, long, value_enum, default_value_t = Format::Md)]
    pub output: Format,
    /// Also write a self-contained page to this file: roofline picture, table, machine and build
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// Options of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// suite:name, for example mobilenet-v1:block3, with a suite or problem file of `bench`; or a problem line (see --help)
    pub layer: String,
    /// hwc or chw
    #[arg(long, value_parser = values::layout, default_value = "hwc")]
    pub layout: Layout,
    /// portable, avx2 or avx512 [default: the best one here, or SEPCONV_ISA]
    #[arg(long, value_parser = values::isa)]
    pub isa: Option<Isa>,
    /// Threads
    #[arg(long, value_parser = values::threads, default_value = "1")]
    pub threads: usize,
    /// Seconds of the measurement
    #[arg(allow_negative_numbers = true, long, value_parser = values::seconds, default_value = "0.2")]
    pub min_time: f64,
    /// Output format
    #[arg(short, long, value_enum, default_value_t = TextOrJson::Text)]
    pub output: TextOrJson,
}

/// Options of `savings`.
#[derive(Debug, Args)]
pub struct SavingsArgs {
    /// Input as height×width×channels, for example 7x7x3
    #[arg(long, value_parser = values::size_hwc)]
    pub input: SizeHwc,
    /// Kernel size, for example 3 or 3x5 (height×width)
    #[arg(long, value_parser = values::size2)]
    pub kernel: Size2,
    /// Output channels
    #[arg(long, value_parser = values::size)]
    pub out: usize,
    /// Stride, for example 2 or 2x1
    #[arg(long, value_parser = values::size2, default_value = "1")]
    pub stride: Size2,
    /// valid, same, or a number of pixels on each side
    #[arg(long, value_parser = values::padding, default_value = "valid")]
    pub padding: Padding,
    /// hwc or chw
    #[arg(long, value_parser = values::layout, default_value = "hwc")]
    pub layout: Layout,
    /// portable, avx2, avx512 or neon [default: the best one here, or SEPCONV_ISA]
    #[arg(long, value_parser = values::isa)]
    pub isa: Option<Isa>,
    /// Threads of the fast path
    #[arg(long, value_parser = values::threads, default_value = "1")]
    pub threads: usize,
    /// Seconds for each measurement
    #[arg(allow_negative_numbers = true, long, value_parser = values::seconds, default_value = "0.2")]
    pub min_time: f64,
    /// Output format
    #[arg(short, long, value_enum, default_value_t = TextOrJson::Text)]
    pub output: TextOrJson,
}

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
    pub op: Vec<Op>,
    /// Only these layouts; a comma list [default: both]
    #[arg(long, value_parser = values::layout, value_delimiter = ',')]
    pub layout: Vec<Layout>,
    /// Only these instruction sets; a comma list [default: all that are available]
    #[arg(long, value_parser = values::isa, value_delimiter = ',')]
    pub isa: Vec<Isa>,
    /// Output format
    #[arg(short, long, value_enum, default_value_t = TextOrJson::Text)]
    pub output: TextOrJson,
}

/// Options of `lattice`.
#[derive(Debug, Args)]
pub struct LatticeArgs {
    /// Only this part of the run, for example 3/8: every eighth group, beginning with the third
    #[arg(long, value_name = "I/N", value_parser = values::shard, default_value = "1/1")]
    pub shard: Shard,
    /// Begin with this group: where an earlier run stopped
    #[arg(long, value_name = "GROUP", default_value_t = 0)]
    pub from: usize,
    /// At most so many groups
    #[arg(long)]
    pub count: Option<usize>,
    /// Only these operations; a comma list [default: all]
    #[arg(long, value_enum, value_delimiter = ',')]
    pub op: Vec<lattice::Op>,
    /// Only these layouts; a comma list [default: both]
    #[arg(long, value_parser = values::layout, value_delimiter = ',')]
    pub layout: Vec<Layout>,
    /// Only these instruction sets; a comma list [default: all that are available]
    #[arg(long, value_parser = values::isa, value_delimiter = ',')]
    pub isa: Vec<Isa>,
    /// Output format
    #[arg(short, long, value_enum, default_value_t = TextOrJson::Text)]
    pub output: TextOrJson,
}

/// Options of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// What to do with the picture
    #[arg(long, value_enum)]
    pub job: Job,
    /// Picture to read: PNG or JPEG
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// Picture to write: .png, .jpg or .jpeg
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// What lies beyond the picture's border
    #[arg(long, value_enum, default_value_t = Border::Replicate)]
    pub border: Border,
    /// hwc or chw
    #[arg(long, value_parser = values::layout, default_value = "hwc")]
    pub layout: Layout,
    /// portable, avx2, avx512 or neon [default: the best one here, or SEPCONV_ISA]
    #[arg(long, value_parser = values::isa)]
    pub isa: Option<Isa>,
    /// Threads of the fast path
    #[arg(long, value_parser = values::threads, default_value = "1")]
    pub threads: usize,
    /// Seconds for each measurement
    #[arg(allow_negative_numbers = true, long, value_parser = values::seconds, default_value = "0.2")]
    pub min_time: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_last_of_verify_and_no_verify_counts() {
        let no_verify = |args: &[&str]| {
            let Command::Bench(args) = Cli::try_parse_from([&["sepconv", "bench"], args].concat()).unwrap().command
            else {
                panic!("not bench")
            };
            args.no_verify
        };
        assert!(!no_verify(&[]));
        assert!(no_verify(&["--verify", "--no-verify"]));
        assert!(!no_verify(&["--no-verify", "--verify"]));
    }
}
