//! The options of `sepconv savings`.

use super::values::{self, Size2, SizeHwc};
use crate::options::Conditions;
use clap::Args;
use sepconv::Padding;
use sepconv_console::print::TextOrJson;

/// Options of `savings`.
#[derive(Debug, Args)]
pub struct SavingsArgs {
    /// Input as height×width×channels, for example 7x7x3
    #[arg(long, value_parser = values::size_hwc)]
    pub input: SizeHwc,
    /// Kernel size, for example 3 or 3x5 (height×width)
    #[arg(long, value_parser = values::size2)]
    pub kernel: Size2,
    /// Output channels
    #[arg(long, value_parser = values::size)]
    pub out: usize,
    /// Stride, for example 2 or 2x1
    #[arg(long, value_parser = values::size2, default_value = "1")]
    pub stride: Size2,
    /// valid, same, or a number of pixels on each side
    #[arg(long, value_parser = values::padding, default_value = "valid")]
    pub padding: Padding,
    /// Layout, instruction set, threads and time.
    #[command(flatten)]
    pub conditions: Conditions,
    /// Output format
    #[arg(short, long, value_enum, default_value_t = TextOrJson::Text)]
    pub output: TextOrJson,
}
