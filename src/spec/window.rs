//! Where a convolution looks: kernel, stride, dilation and padding, and how they lie on a map.

use crate::error::{Error, Result};
use crate::layout::{MAX_ELEMENTS, Shape};

/// Padding around the map. A padded tap is skipped: it contributes nothing, whatever its weight (even infinite or NaN).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Padding {
    /// No padding: the kernel stays inside the map.
    #[default]
    Valid,
    /// TensorFlow's `SAME`: the output size is `⌈input / stride⌉`; an odd total puts the extra pixel at the bottom and right.
    Same,
    /// So many pixels on each side.
    Explicit {
        /// Rows above the map.
        top: usize,
        /// Columns left of the map.
        left: usize,
        /// Rows below the map.
        bottom: usize,
        /// Columns right of the map.
        right: usize,
    },
}

impl Padding {
    /// The same padding on all four sides.
    pub const fn uniform(pixels: usize) -> Self {
        Self::Explicit { top: pixels, left: pixels, bottom: pixels, right: pixels }
    }
}

/// The sliding window of a convolution: sizes along (height, width), in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Window {
    /// Kernel size `[kh, kw]`; any size from 1, even and non-square ones too.
    pub kernel: [usize; 2],
    /// Step between outputs `[sh, sw]`.
    pub stride: [usize; 2],
    /// Step between taps `[dh, dw]`; 1 means not dilated.
    pub dilation: [usize; 2],
    /// Padding on the four sides.
    pub padding: Padding,
}

/// A [`Window`] laid on a map of a given size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Placement {
    /// Output size `[oh, ow]`.
    pub output: [usize; 2],
    /// Padding above and left of the map `[top, left]`.
    pub before: [usize; 2],
    /// Padding below and right of the map `[bottom, right]`.
    pub after: [usize; 2],
}

const AXES: [&str; 2] = ["height", "width"];

impl Window {
    /// A window with stride 1, dilation 1 and no padding.
    pub const fn new(kernel: [usize; 2]) -> Self {
        Self { kernel, stride: [1, 1], dilation: [1, 1], padding: Padding::Valid }
    }

    /// Pixels that the dilated kernel spans, `[(kh − 1)·dh + 1, (kw − 1)·dw + 1]`.
    pub fn span(&self) -> Result<[usize; 2]> {
        let axis = |i: usize| {
            let sizes = [self.kernel[i], self.dilation[i], 0, 0];
            let span = self.kernel[i].checked_sub(1).and_then(|k| k.checked_mul(self.dilation[i]));
            span.and_then(|s| s.checked_add(1))
                .filter(|&s| s <= MAX_ELEMENTS)
                .ok_or(Error::SizeOverflow { what: "the kernel's span", sizes })
        };
        Ok([axis(0)?, axis(1)?])
    }

    /// Refuses kernels, strides and dilations of 0, and spans that overflow.
    pub fn check(&self) -> Result<()> {
        self.checked_span().map(|_| ())
    }

    #[inline(always)]
    fn checked_span(&self) -> Result<[usize; 2]> {
        for i in 0..2 {
            if self.kernel[i] == 0 {
                return Err(Error::ZeroDimension { what: ["kernel height", "kernel width"][i] });
            }
            if self.stride[i] == 0 {
                return Err(Error::ZeroStride { axis: AXES[i] });
            }
            if self.dilation[i] == 0 {
                return Err(Error::ZeroDilation { axis: AXES[i] });
            }
        }
        self.span()
    }

    /// Output size and resolved padding on a map of `input = [h, w]` pixels: `⌊(input + padding − span) / stride⌋ + 1`.
    ///
    /// ```
    /// use sepconv::{Padding, Window};
    /// let mut window = Window::new([3, 3]);
    /// window.stride = [2, 2];
    /// window.padding = Padding::Same;
    /// let placed = window.place([224, 224]).unwrap();
    /// assert_eq!((placed.output, placed.before, placed.after), ([112, 112], [0, 0], [1, 1]));
    /// ```
    #[inline(always)]
    pub fn place(&self, input: [usize; 2]) -> Result<Placement> {
        let span = self.checked_span()?;
        let mut placed = Placement { output: [0; 2], before: [0; 2], after: [0; 2] };
        for i in 0..2 {
            if input[i] == 0 {
                return Err(Error::ZeroDimension { what: ["input height", "input width"][i] });
            }
            let (output, before, after) = self.place_axis(i, input[i], span[i])?;
            placed.output[i] = output;
            placed.before[i] = before;
            placed.after[i] = after;
        }
        Ok(placed)
    }

    #[inline(always)]
    fn place_axis(&self, i: usize, input: usize, span: usize) -> Result<(usize, usize, usize)> {
        let stride = self.stride[i];
        let overflow = |before: usize, after: usize| Error::SizeOverflow {
            what: "the padded input",
            sizes: [input, before, after, stride],
        };
        let (before, after) = match self.padding {
            Padding::Valid => (0, 0),
            Padding::Same => {
                let Some(covered) = ((input - 1) / stride * stride).checked_add(span) else {
                    return Err(overflow(0, 0));
                };
                let total = covered.saturating_sub(input);
                (total / 2, total - total / 2)
            }
            Padding::Explicit { top, left, bottom, right } => [(top, bottom), (left, right)][i],
        };
        let padded = input.checked_add(before).and_then(|v| v.checked_add(after));
        let Some(padded) = padded.filter(|&v| v <= MAX_ELEMENTS) else { return Err(overflow(before, after)) };
        if padded < span {
            return Err(Error::EmptyOutput { axis: AXES[i], input, padding: before + after, span });
        }
        Ok(((padded - span) / stride + 1, before, after))
    }
}

/// Where a window of a convolution from `channels` to `out_channels` falls on maps of this shape, and the shape of its output.
#[inline(always)]
pub(crate) fn place(window: &Window, input: Shape, [channels, out_channels]: [usize; 2]) -> Result<(Placement, Shape)> {
    input.len()?;
    if input.c != channels {
        return Err(Error::ChannelMismatch { what: "input", expected: channels, actual: input.c });
    }
    let placed = window.place([input.h, input.w])?;
    let [h, w] = placed.output;
    let output = Shape { n: input.n, c: out_channels, h, w };
    output.len()?;
    Ok((placed, output))
}
