//! The library's behaviour through its public API: every operation on every available instruction set in both layouts,
//! against the reference, and everything that must not change a result.

mod bound;
mod conv2d;
mod depthwise;
mod depthwise_windows;
mod errors_run;
mod errors_spec;
mod every_kernel;
mod float_environment;
mod garbage;
#[cfg(target_os = "linux")]
mod guard_pages;
mod invariance;
mod inverted;
mod metamorphic;
mod one_call;
mod padding;
mod pointwise;
mod properties;
mod separable;
mod sharing;
mod special_values;
mod support;
mod uninitialised;
mod walks;
