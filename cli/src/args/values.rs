//! Reads option values. Errors say what would have been right.

use crate::lattice::Shard;
use sepconv::{Isa, Layout, Padding};

/// Two sizes, height and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size2(pub [usize; 2]);

/// A map: height, width, channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeHwc {
    /// Height.
    pub h: usize,
    /// Width.
    pub w: usize,
    /// Channels.
    pub c: usize,
}

/// Threads beyond any machine: a mistake.
const MOST_THREADS: usize = 1024;

pub(super) fn layout(text: &str) -> Result<Layout, String> {
    let found = Layout::ALL.into_iter().find(|layout| layout.name() == text);
    found.ok_or_else(|| "the layouts are hwc and chw".to_owned())
}

/// An instruction set that this machine has.
pub(super) fn isa(text: &str) -> Result<Isa, String> {
    let isa: Isa = text.parse().map_err(|error: sepconv::isa::IsaError| error.to_string())?;
    isa.require().map_err(|error| error.to_string())
}

pub(super) fn threads(text: &str) -> Result<usize, String> {
    let threads = text.trim().parse().ok().filter(|threads| (1..=MOST_THREADS).contains(threads));
    threads.ok_or_else(|| format!("threads are a number from 1 to {MOST_THREADS}"))
}

pub(super) fn shard(text: &str) -> Result<Shard, String> {
    let numbers = text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
    let shard = numbers.filter(|(index, of)| (1..=*of).contains(index)).map(|(index, of)| Shard { index, of });
    shard.ok_or_else(|| "a part is written I/N with I from 1 to N, for example 3/8".to_owned())
}

pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.trim().parse().ok().filter(|seconds| (0.0..=3600.0).contains(seconds));
    seconds.ok_or_else(|| "seconds are a number from 0 to 3600".to_owned())
}

pub(super) fn size(text: &str) -> Result<usize, String> {
    text.trim().parse().ok().filter(|&size| size > 0).ok_or_else(|| "a size is a whole number from 1".to_owned())
}

pub(super) fn size2(text: &str) -> Result<Size2, String> {
    match sizes(text)?.as_slice() {
        [both] => Ok(Size2([*both; 2])),
        [h, w] => Ok(Size2([*h, *w])),
        _ => Err("one or two sizes are needed, for example 3 or 3x5".to_owned()),
    }
}

pub(super) fn size_hwc(text: &str) -> Result<SizeHwc, String> {
    match sizes(text)?.as_slice() {
        [h, w, c] => Ok(SizeHwc { h: *h, w: *w, c: *c }),
        _ => Err("height×width×channels are needed, for example 7x7x3".to_owned()),
    }
}

pub(super) fn padding(text: &str) -> Result<Padding, String> {
    match text {
        "valid" => Ok(Padding::Valid),
        "same" => Ok(Padding::Same),
        _ => text.parse().map(Padding::uniform).map_err(|_| "padding is valid, same or a number of pixels".to_owned()),
    }
}

fn sizes(text: &str) -> Result<Vec<usize>, String> {
    text.split(['x', '×', 'X']).map(size).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_in_all_their_forms() {
        assert_eq!(size2("3"), Ok(Size2([3, 3])));
        assert_eq!(size2("3x5"), Ok(Size2([3, 5])));
        assert_eq!(size_hwc("7×8x3"), Ok(SizeHwc { h: 7, w: 8, c: 3 }));
        assert!(size2("3x").is_err() && size2("0").is_err() && size2("1x2x3").is_err());
        assert!(size_hwc("7x7").is_err() && size_hwc("").is_err() && size_hwc("7x-1x3").is_err());
    }

    #[test]
    fn padding_and_numbers() {
        assert_eq!(padding("same"), Ok(Padding::Same));
        assert_eq!(padding("2"), Ok(Padding::uniform(2)));
        assert!(padding("full").is_err() && padding("-1").is_err());
        assert!(threads("0").is_err() && threads("100000").is_err() && threads("x").is_err());
        assert!(seconds("-1").is_err() && seconds("NaN").is_err() && seconds("inf").is_err());
        assert_eq!(seconds("0.5"), Ok(0.5));
    }

    #[test]
    fn parts_of_a_run() {
        assert_eq!(shard("3/8"), Ok(Shard { index: 3, of: 8 }));
        for wrong in ["0/8", "9/8", "3", "3/", "/8", "-1/2", "1/0"] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn unknown_names_are_answered_with_the_known_ones() {
        assert!(isa("sse9").unwrap_err().contains("avx2"));
        assert!(layout("nhwc").unwrap_err().contains("hwc"));
    }
}
