//! Option values that name the library's choices: layouts and instruction sets. Errors say what would have been right.

use clap::Args;
use sepconv::{Isa, Layout};

/// The layouts and instruction sets of a check.
#[derive(Debug, Args)]
pub struct Targets {
    /// Only these layouts; a comma list [default: both]
    #[arg(long, value_parser = layout, value_delimiter = ',')]
    layout: Vec<Layout>,
    /// Only these instruction sets; a comma list [default: all that are available]
    #[arg(long, value_parser = isa, value_delimiter = ',')]
    isa: Vec<Isa>,
}

impl Targets {
    /// The layouts that were asked for.
    pub fn layouts(&self) -> &[Layout] {
        if self.layout.is_empty() { &Layout::ALL } else { &self.layout }
    }

    /// The instruction sets that were asked for.
    pub fn isas(&self) -> &[Isa] {
        if self.isa.is_empty() { Isa::available() } else { &self.isa }
    }
}

/// Reads a layout.
pub fn layout(text: &str) -> Result<Layout, String> {
    let found = Layout::ALL.into_iter().find(|layout| layout.name() == text);
    found.ok_or_else(|| "the layouts are hwc and chw".to_owned())
}

/// Reads an instruction set that this machine has.
pub fn isa(text: &str) -> Result<Isa, String> {
    let isa: Isa = text.parse().map_err(|error: sepconv::isa::IsaError| error.to_string())?;
    isa.require().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_are_answered_with_the_known_ones() {
        assert!(isa("sse9").unwrap_err().contains("avx2"));
        assert!(layout("nhwc").unwrap_err().contains("hwc"));
    }

    #[test]
    fn nothing_asked_for_is_everything() {
        let all = Targets { layout: vec![], isa: vec![] };
        assert_eq!((all.layouts(), all.isas()), (&Layout::ALL[..], Isa::available()));
        let one = Targets { layout: vec![Layout::Chw], isa: vec![Isa::Portable] };
        assert_eq!((one.layouts(), one.isas()), (&[Layout::Chw][..], &[Isa::Portable][..]));
    }
}
