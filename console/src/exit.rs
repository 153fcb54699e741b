//! How a program starts and ends: 0 all is well, 1 a result is wrong, 2 it could not be asked that way.

use clap::Parser;
use std::process::ExitCode;

/// What a command found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing wrong.
    Right,
    /// At least one result is outside its error bound.
    Wrong,
}

/// Exit code of a command that could not be carried out: bad arguments, unreadable files.
const REFUSED: u8 = 2;

/// Reads the arguments, does what they say, and says why on one line if that cannot be done.
pub fn run<A: Parser>(command: impl FnOnce(&A) -> anyhow::Result<Outcome>) -> ExitCode {
    let args = match A::try_parse() {
        Ok(args) => args,
        Err(error) if is_help(&error) => error.exit(),
        Err(error) => return refuse(&clap_message(&error)),
    };
    match command(&args) {
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

impl Outcome {
    /// Judges the largest errors over bound of some results: each must be a number of at most 1.
    pub fn from_errors(errors: impl IntoIterator<Item = f64>) -> Self {
        // Written so that NaN is wrong.
        if errors.into_iter().all(|error| error <= 1.0) { Self::Right } else { Self::Wrong }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Right => Self::SUCCESS,
            Outcome::Wrong => Self::FAILURE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_beyond_its_bound_is_wrong_and_so_is_nan() {
        assert_eq!(Outcome::from_errors([]), Outcome::Right);
        assert_eq!(Outcome::from_errors([0.0, 1.0]), Outcome::Right);
        for wrong in [1.000_001, f64::INFINITY, f64::NAN] {
            assert_eq!(Outcome::from_errors([0.0, wrong, 0.0]), Outcome::Wrong, "{wrong}");
        }
        assert_eq!(ExitCode::from(Outcome::Wrong), ExitCode::from(1));
    }
}
