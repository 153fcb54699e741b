//! Runs a program as a user does, for the end-to-end tests of all programs of this repository.

use std::process::{Command, Output};

/// What a run of the program gave.
pub struct Run {
    /// Exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Runs a prepared command.
pub fn run(command: &mut Command) -> Run {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    Run { code: status.code(), out: text(stdout), err: text(stderr) }
}

impl Run {
    /// Standard output of a run that must have succeeded.
    #[track_caller]
    pub fn succeeded(self) -> String {
        assert_eq!(self.code, Some(0), "stdout: {}\nstderr: {}", self.out, self.err);
        self.out
    }

    /// The one line that a run refused with exit code 2 must have written.
    #[track_caller]
    pub fn refused(self) -> String {
        assert_eq!(self.code, Some(2), "stdout: {}\nstderr: {}", self.out, self.err);
        assert_eq!(self.err.trim_end().lines().count(), 1, "not one line: {}", self.err);
        assert!(self.err.starts_with("error: "), "{}", self.err);
        assert_eq!(self.out, "", "a refused run prints nothing");
        self.err
    }
}
