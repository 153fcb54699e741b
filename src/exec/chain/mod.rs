//! Stages that take turns, so that what lies between them stays in a cache.

pub(crate) mod inverted;
mod inverted_schedule;
mod inverted_stages;
pub(crate) mod separable;
