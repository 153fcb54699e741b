//! The k of a matrix product whose pixels have windows: runs of it, as the kernels take them.

use crate::exec::run::image::Image;

/// The k of a sum, as runs in A and B (see [`GemmArgs`](sepconv_kernels::product::GemmArgs)).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Runs {
    pub segments: [usize; 2],
    pub run: usize,
    /// Elements of the pixels' side between runs.
    pub pixel_steps: [usize; 2],
    /// Values of k between runs on the weights' side.
    pub weight_steps: [usize; 2],
    /// Values of k before the first run on the weights' side.
    pub weight_start: usize,
}

impl Runs {
    /// One run of all k.
    pub(crate) const fn whole(k: usize) -> Self {
        Self { segments: [1, 1], run: k, pixel_steps: [0, 0], weight_steps: [0, 0], weight_start: 0 }
    }

    /// No product at all: the bias alone.
    pub(crate) const NONE: Self = Self { segments: [0, 0], ..Self::whole(0) };

    /// The taps of the output whose window starts at `(y, x)` that are inside the map, as runs of one tap each with `in_channels`
    /// values of k: first tap `[ky, kx]`, and the runs on the weights' side. `None` if there are none.
    pub(crate) fn of_taps_inside(image: &Image, y: isize, x: isize, in_channels: usize) -> Option<([usize; 2], Self)> {
        let ([ky, ky_end], [kx, kx_end]) = (image.rows.taps_inside(y), image.columns.taps_inside(x));
        let kw = image.columns.kernel;
        let runs = Self {
            segments: [ky_end - ky, kx_end - kx],
            run: in_channels,
            pixel_steps: [0, 0],
            weight_steps: [kw * in_channels, in_channels],
            weight_start: (ky * kw + kx) * in_channels,
        };
        (ky < ky_end && kx < kx_end).then_some(([ky, kx], runs))
    }
}
