//! 3×3 windows, whose kernels walk down the map, and pairs of channels in one vector: sizes and channels around every way to cut them.

use crate::support::Case;
use sepconv::{DepthwiseSpec, Layout, Padding, Shape};

/// Nothing, the usual, more than the kernel, and different ones on each side.
const PADDINGS: [Padding; 5] = [
    Padding::Valid,
    Padding::Same,
    Padding::Explicit { top: 1, left: 1, bottom: 1, right: 1 },
    Padding::Explicit { top: 0, left: 2, bottom: 4, right: 1 },
    Padding::Explicit { top: 5, left: 4, bottom: 0, right: 7 },
];

fn check(channels: usize, kernel: usize, stride: usize, layout: Layout, size: [usize; 2]) {
    for padding in PADDINGS {
        let spec = DepthwiseSpec::new(channels, [kernel; 2]).stride([stride; 2]).padding(padding).layout(layout);
        if spec.output_shape(Shape::new(1, channels, size[0], size[1])).is_ok() {
            Case::new(spec, size).check();
        }
    }
}

/// Vectors of columns go in twos and a last three; narrow maps take two or four channels at a time.
#[test]
fn columns_of_every_width() {
    for width in (1..=36).chain([47, 48, 49, 50, 63, 64, 65, 66, 79, 80, 96, 112, 113]) {
        for stride in [1, 2] {
            for (turn, channels) in (1..=6).enumerate() {
                check(channels, 3, stride, Layout::Chw, [1 + (width + turn) % 6, width]);
            }
        }
    }
}

/// Columns of two pixels and two vectors of channels, or of seven pixels, and what is left over of both.
#[test]
fn pixels_and_channels_of_every_count() {
    for channels in [9, 15, 16, 17, 24, 31, 32, 33, 40, 48, 49, 64, 80] {
        for width in (1..=17).chain([21, 28, 33]) {
            for stride in [1, 2] {
                check(channels, 3, stride, Layout::Hwc, [1 + (width + channels) % 5, width]);
            }
        }
    }
}

/// Pixels 1, 2 and 4 KiB apart.
#[test]
fn pixels_that_compete_for_the_cache() {
    for channels in [256, 512, 1024] {
        for size in [[3, 14], [4, 7], [2, 16], [5, 2]] {
            for stride in [1, 2] {
                check(channels, 3, stride, Layout::Hwc, size);
            }
        }
    }
}

#[test]
fn pairs_of_channels_on_narrow_maps() {
    for kernel in [5, 7] {
        for stride in [1, 2] {
            for channels in 1..=5 {
                for width in 1..=9 {
                    check(channels, kernel, stride, Layout::Chw, [1 + (2 * width + channels) % 9, width]);
                    check(channels, kernel, stride, Layout::Chw, [7, 2 * width]);
                }
            }
        }
    }
}

/// Halves of vectors and pairs of channels, where outputs of one input channel follow each other.
#[test]
fn multipliers_on_narrow_maps() {
    for kernel in [3, 5, 7] {
        for stride in [1, 2] {
            for (channels, multiplier) in [(1, 2), (1, 3), (2, 4), (3, 5)] {
                for width in [1, 4, 7, 8, 9, 14, 16, 17, 33] {
                    let spec = DepthwiseSpec::new(channels, [kernel; 2]).multiplier(multiplier).stride([stride; 2]);
                    Case::new(spec.padding(Padding::Same).layout(Layout::Chw), [6, width]).check();
                }
            }
        }
    }
}
