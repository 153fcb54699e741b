//! Which kernels ran: for the project's own tests, in builds with `--cfg sepconv_record_kernels` only.
//!
//! Every process appends the name of each kernel that it calls, once, to the file that the environment variable
//! `SEPCONV_RECORD_KERNELS` names. `cargo run -p xtask -- kernels-ran` holds such a file against the tile table.

#![forbid(unsafe_code)]

use core::sync::atomic::{AtomicBool, Ordering};
use std::io::Write;

/// Whether a kernel has been called in this process; every shim has one.
pub(crate) struct Ran(AtomicBool);

impl Ran {
    pub(crate) const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Takes note of the first call.
    pub(crate) fn note(&self, name: &str) {
        if !self.0.load(Ordering::Relaxed) && !self.0.swap(true, Ordering::Relaxed) {
            record(name);
        }
    }
}

#[cold]
fn record(name: &str) {
    let Some(path) = std::env::var_os("SEPCONV_RECORD_KERNELS") else { return };
    // One write of a whole line: processes that append at the same time do not mix.
    let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(format!("{name}\n").as_bytes()));
    assert!(written.is_ok(), "{name} cannot be recorded in {}: {written:?}", path.display());
}
