//! The library's behaviour through its public API: every operation on every available instruction set in both layouts,
//! against the reference, and everything that must not change a result.

mod bound;
mod conv2d;
mod depthwise;
mod depthwise_windows;
mod errors_run;
mod errors_spec;
mod every_kernel;
mod garbage;
mod invariance;
mod inverted;
mod one_call;
mod pointwise;
mod properties;
mod separable;
mod sharing;
mod special_values;
mod support;
mod uninitialised;
