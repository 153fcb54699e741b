//! A problem: one operation with its parameters on an input of one shape — what gets measured and checked.

mod data;
mod operator;
mod oracle;
mod padding;
mod traffic;
mod work;

pub use data::{AlignedVec, Parameters, WeightOrder, random_input, seeded};
pub use operator::{Crew, build, reference};
pub use oracle::Oracle;
pub use padding::{explicit_padding, resolved_padding};
pub use traffic::{Traffic, compulsory_traffic, memory_needed};
pub use work::{Op, Problem, Work};
