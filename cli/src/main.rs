//! `sepconv`: measures a CPU with the kernels of the sepconv library, checks them, and runs them on pictures.

mod args;
mod bench;
mod exit;
mod explain;
mod info;
mod lattice;
mod machine;
mod measure;
mod output;
mod picture;
mod problem;
mod savings;
mod suite;
mod verify;

use args::{Cli, Command};
use clap::Parser;
use exit::{Outcome, REFUSED};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if is_help(&error) => error.exit(),
        Err(error) => return refuse(&clap_message(&error)),
    };
    let result = match &cli.command {
        Command::Info(args) => info::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Savings(args) => savings::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Lattice(args) => lattice::run(args),
        Command::Run(args) => picture::run(args),
    };
    match result {
        Ok(outcome) => outcome.into(),
        // Whoever reads our output has had enough of it, as `head` does.
        Err(error) if is_broken_pipe(&error) => Outcome::Right.into(),
        Err(error) => refuse(&format!("error: {error:#}")),
    }
}

/// Says why on one line, whatever the message contains.
fn refuse(message: &str) -> ExitCode {
    eprintln!("{}", message.split_whitespace().collect::<Vec<_>>().join(" "));
    ExitCode::from(REFUSED)
}

/// Whether the "error" is the help or the version, which clap prints itself.
fn is_help(error: &clap::Error) -> bool {
    use clap::error::ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};
    matches!(error.kind(), DisplayHelp | DisplayVersion | DisplayHelpOnMissingArgumentOrSubcommand)
}

/// What is wrong with the arguments, without the usage and the hints that clap puts under it.
fn clap_message(error: &clap::Error) -> String {
    let text = error.to_string();
    let end = ["\n\nUsage:", "\n\nFor more information"].iter().filter_map(|mark| text.find(mark)).min();
    text[..end.unwrap_or(text.len())].to_owned()
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is_pipe = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
    error.downcast_ref::<std::io::Error>().is_some_and(is_pipe)
}
