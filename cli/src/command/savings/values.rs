//! Reads sizes and padding. Errors say what would have been right.

use sepconv::Padding;

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
    fn padding_in_all_its_forms() {
        assert_eq!(padding("same"), Ok(Padding::Same));
        assert_eq!(padding("2"), Ok(Padding::uniform(2)));
        assert!(padding("full").is_err() && padding("-1").is_err());
    }
}
