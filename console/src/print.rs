//! Prints a result: for people or as JSON.

use clap::ValueEnum;
use serde::Serialize;
use std::io::{Result, Write};

/// Formats of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    /// Made to be read.
    Text,
    /// One JSON document.
    Json,
}

impl TextOrJson {
    /// Prints a document as JSON, or what `text` writes, to standard output.
    pub fn print(self, document: &impl Serialize, text: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        let mut out = std::io::stdout().lock();
        match self {
            Self::Json => write_json(&mut out, document),
            Self::Text => text(&mut out),
        }
    }
}

/// Writes one indented JSON document.
pub fn write_json(out: &mut dyn Write, document: &impl Serialize) -> Result<()> {
    writeln!(out, "{}", serde_json::to_string_pretty(document)?)
}
