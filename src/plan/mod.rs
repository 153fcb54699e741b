//! Which kernels an operator uses and how its loops are blocked: pure functions of spec, instruction set and cache sizes,
//! tested without the hardware that they plan for.

#![forbid(unsafe_code)]

pub(crate) mod activation;
pub(crate) mod blocking;
pub(crate) mod describe;
pub(crate) mod inverted;
pub(crate) mod lines;
pub(crate) mod select;
