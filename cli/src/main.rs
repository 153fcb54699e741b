//! `sepconv`: measures a CPU with the kernels of the sepconv library, checks them, and runs them on pictures.

mod command;
mod machine;
mod measure;
mod options;
mod output;
mod problem;
mod suite;

use clap::Parser;
use command::Command;
use sepconv_console::exit;
use std::process::ExitCode;

/// Measures a CPU with the sepconv kernels, checks them, and runs them on pictures.
///
/// Exit code: 0 if all is well, 1 if a result is wrong, 2 if the arguments or files cannot be used.
#[derive(Debug, Parser)]
#[command(name = "sepconv", version, arg_required_else_help = true)]
struct Cli {
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    exit::run(|cli: &Cli| cli.command.run())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }
}
