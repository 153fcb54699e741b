//! End-to-end tests of the `sepconv` program: every command with its exit codes, formats and files.

mod arguments;
mod bench;
mod explain;
mod info_savings;
mod picture;
mod program;
mod run;
mod verify;
