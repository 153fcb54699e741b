//! Writes what was measured: tables for people, comma-separated values for programs, and a page with pictures.

pub mod csv;
mod distinct;
mod figures;
mod html;
mod machine;
pub mod table;

pub use figures::{shape, significant, threads_text};
pub use html::Page;
pub use machine::{cache_text, cpu_line};
