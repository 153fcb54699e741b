//! What every run needs, whatever it computes: threads and tasks, maps, windows, scratch, and the interface of operators.

pub(crate) mod checks;
pub(crate) mod executor;
pub(crate) mod image;
pub(crate) mod map;
pub(crate) mod operator;
pub(crate) mod scratch;
pub(crate) mod single;
pub(crate) mod tasks;
pub(crate) mod window;
