//! Measures problems: data, right answers, samples of time, and the rows that come out.

mod report;
mod row;
mod runner;
mod subject;
mod timing;
mod trial;

pub use report::Report;
pub use row::{Row, SCHEMA};
pub use runner::{Plan, Runner};
pub use subject::{Subject, ensure_room};
pub use timing::{Timing, measure, measure_slow};
pub use trial::Trial;
