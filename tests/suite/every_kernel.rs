//! Every kernel of every instruction set once, in little time: what emulated CPUs run where the whole suite would take too long.
//!
//! That it is every one is not taken on trust: continuous integration records the kernels that ran and fails if one did not.

use crate::support::Case;
use sepconv::{Activation, DepthwiseSpec, Layout, Padding, PointwiseSpec};

/// One for each kind of epilogue.
const EPILOGUES: [Activation; 2] = [Activation::Relu6, Activation::Silu];

/// Lines of 6, 7, 8 and 14 outputs along both axes: with lines of so many, each tile is the best choice for one of them.
#[test]
fn depthwise_tiles() {
    for (kernel, stride) in
        [1, 3, 5, 7, 9, 11].map(|k| (k, 1)).into_iter().chain([(3, 2), (5, 2), (7, 2), (4, 1), (2, 3)])
    {
        for activation in EPILOGUES {
            for outputs in [6, 7, 8, 14] {
                for (layout, channels) in [(Layout::Hwc, 19), (Layout::Hwc, 2), (Layout::Chw, 2)] {
                    let padding =
                        Padding::Explicit { top: kernel / 2, left: kernel / 2, bottom: kernel / 2, right: kernel / 2 };
                    let spec = DepthwiseSpec::new(channels, [kernel; 2]).stride([stride; 2]).activation(activation);
                    let size = (outputs - 1) * stride + kernel - 2 * (kernel / 2);
                    Case::new(spec.padding(padding).layout(layout), [size; 2]).check();
                }
            }
        }
    }
}

/// Maps that walks are chosen for, and for CHW's lines of three taps windows that walks do not do.
#[test]
fn walks_and_lines_beside_them() {
    for activation in EPILOGUES {
        for stride in [1, 2] {
            for (channels, width) in [(64, 16), (20, 7)] {
                let spec = DepthwiseSpec::new(channels, [3, 3]).stride([stride; 2]).padding(Padding::Same);
                Case::new(spec.activation(activation), [4, width * stride]).check_both_layouts();
            }
            for (taps, rows, width) in [(3, 7, 20), (3, 14, 20), (5, 7, 20), (7, 7, 20), (5, 7, 7), (7, 7, 7)] {
                let spec = DepthwiseSpec::new(2, [taps, 2 + taps / 4]).stride([stride; 2]).padding(Padding::Same);
                let spec = spec.activation(activation).layout(Layout::Chw);
                Case::new(spec, [rows * stride, width * stride]).check();
            }
        }
    }
}

/// Pixels and output channels of every remainder: all heights of tiles and all widths of panels.
#[test]
fn products() {
    for activation in EPILOGUES {
        for outputs in [1, 2, 3, 4, 5, 8, 9, 15, 16, 17, 31, 33] {
            for pixels in [1, 3, 29] {
                Case::new(PointwiseSpec::new(6, outputs).activation(activation), [1, pixels]).check_both_layouts();
            }
        }
    }
}

/// CHW: pixels that are too few for a vector, alone and behind vectors; with the last panel of a pair narrower, or none beside it.
#[test]
fn products_of_few_pixels() {
    for activation in EPILOGUES {
        for outputs in [1, 14, 33, 61] {
            for pixels in [1, 2, 3, 4, 5, 6, 7, 49, 52] {
                let spec = PointwiseSpec::new(100, outputs).activation(activation).layout(Layout::Chw);
                Case::new(spec, [1, pixels]).check();
            }
        }
    }
}
