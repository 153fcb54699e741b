//! The bar that shows how far a long run is.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of so many steps. On standard error, and only if that is a terminal; without colours.
pub fn progress_bar(steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
    let bar = ProgressBar::new(steps as u64);
    style.map_or(bar.clone(), |style| bar.with_style(style))
}
