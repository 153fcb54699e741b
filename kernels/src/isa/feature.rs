//! Features of a CPU, as data.

/// A feature of the CPU that no kernel needs yet, or that distinguishes CPUs of one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Feature {
    /// Its usual name, such as `"dotprod"`.
    pub name: &'static str,
    /// Whether the CPU and the operating system offer it.
    pub available: bool,
}
