//! Shapes and strides of four-dimensional maps (batch, channels, height, width).

#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use core::fmt;

#[doc(inline)]
pub use sepconv_kernels::layout::{DType, Layout};

/// Sizes of a batch of maps, independent of the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Maps in the batch.
    pub n: usize,
    /// Channels of each map.
    pub c: usize,
    /// Height in pixels.
    pub h: usize,
    /// Width in pixels.
    pub w: usize,
}

impl Shape {
    /// A shape from batch, channels, height and width.
    pub const fn new(n: usize, c: usize, h: usize, w: usize) -> Self {
        Self { n, c, h, w }
    }

    /// Elements in the batch; an error if a size is 0 or the bytes would not fit the address space.
    ///
    /// ```
    /// assert_eq!(sepconv::Shape::new(1, 3, 7, 7).len().unwrap(), 147);
    /// ```
    #[allow(clippy::len_without_is_empty)] // a valid shape is never empty
    #[inline]
    pub fn len(&self) -> Result<usize> {
        for (what, size) in [("batch", self.n), ("channels", self.c), ("height", self.h), ("width", self.w)] {
            if size == 0 {
                return Err(Error::ZeroDimension { what });
            }
        }
        let overflow = || Error::SizeOverflow { what: "a tensor", sizes: [self.n, self.c, self.h, self.w] };
        let len = self.n.checked_mul(self.c).and_then(|v| v.checked_mul(self.h)).and_then(|v| v.checked_mul(self.w));
        len.filter(|&len| len <= MAX_ELEMENTS).ok_or_else(overflow)
    }
}

/// The most elements that one slice can have: `isize::MAX` bytes of `f32`.
pub(crate) const MAX_ELEMENTS: usize = isize::MAX as usize / size_of::<f32>();

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}×{}×{} (n×c×h×w)", self.n, self.c, self.h, self.w)
    }
}

/// Distances in memory, in elements, between neighbours along each axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Strides {
    /// Between maps of the batch.
    pub n: usize,
    /// Between channels.
    pub c: usize,
    /// Between rows.
    pub h: usize,
    /// Between pixels of a row.
    pub w: usize,
}

impl Strides {
    /// Strides of a tensor without gaps. The shape must be valid ([`Shape::len`]).
    pub(crate) const fn contiguous(shape: Shape, layout: Layout) -> Self {
        match layout {
            Layout::Hwc => Self { n: shape.h * shape.w * shape.c, c: 1, h: shape.w * shape.c, w: shape.c },
            Layout::Chw => Self { n: shape.c * shape.h * shape.w, c: shape.h * shape.w, h: shape.w, w: 1 },
        }
    }
}
