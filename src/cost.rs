//! How many multiplications each operation takes, in checked integer arithmetic.
//!
//! For an `H×W×D` input, an `h×h` kernel, stride 1, no padding and `Nc` output channels:
//!
//! | operation | multiplications |
//! |---|---|
//! | dense | `Nc·h·h·D·(H−h+1)·(W−h+1)` |
//! | depthwise | `D·h·h·(H−h+1)·(W−h+1)` |
//! | pointwise | `Nc·D·(H−h+1)·(W−h+1)` |
//! | separable | `(h·h+Nc)·D·(H−h+1)·(W−h+1)` |
//!
//! so that separable over dense is `1/Nc + 1/h²`. The worked example, 7×7×3 with 128 kernels of 3×3:
//!
//! ```
//! use sepconv::{Conv2dSpec, DepthwiseSpec, PointwiseSpec, SeparableSpec, Shape, cost};
//! let input = Shape::new(1, 3, 7, 7);
//! let depthwise = DepthwiseSpec::new(3, [3, 3]);
//! let pointwise = PointwiseSpec::new(3, 128);
//! let separable = SeparableSpec::new(depthwise, pointwise);
//!
//! let dense = cost::conv2d(&Conv2dSpec::new(3, 128, [3, 3]), input)?;
//! assert_eq!(dense.nominal, 86_400);
//! assert_eq!(cost::depthwise(&depthwise, input)?.nominal, 675);
//! assert_eq!(cost::pointwise(&pointwise, depthwise.output_shape(input)?)?.nominal, 9_600);
//! let saved = cost::separable(&separable, input)?;
//! assert_eq!(saved.nominal, 10_275);
//!
//! // The general formula, (h·h + Nc)·D·(H−h+1)·(W−h+1), and the ratio 1/Nc + 1/h².
//! assert_eq!(saved.nominal, (3 * 3 + 128) * 3 * (7 - 3 + 1) * (7 - 3 + 1));
//! let ratio = saved.nominal as f64 / dense.nominal as f64;
//! assert!((ratio - (1.0 / 128.0 + 1.0 / 9.0)).abs() < 1e-12);
//! # Ok::<(), sepconv::Error>(())
//! ```
//!
//! Stride, dilation, padding, channel multiplier and batch are counted too; [`Multiplications::inside`] leaves out the taps
//! that padding puts outside the map, which the kernels skip.

#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::layout::Shape;
use crate::spec::{Conv2dSpec, DepthwiseSpec, PointwiseSpec, SeparableSpec, Window};

/// Multiplications of one operation on one input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Multiplications {
    /// Every tap of every output counts, as in the formulas and in most papers.
    pub nominal: u64,
    /// Only taps inside the map count: the work that has to be done.
    pub inside: u64,
}

/// Multiplications of a dense convolution.
pub fn conv2d(spec: &Conv2dSpec, input: Shape) -> Result<Multiplications> {
    let output = spec.output_shape(input)?;
    windowed(&spec.window, input, output, [input.n, spec.in_channels, spec.out_channels])
}

/// Multiplications of a depthwise convolution.
pub fn depthwise(spec: &DepthwiseSpec, input: Shape) -> Result<Multiplications> {
    let output = spec.output_shape(input)?;
    windowed(&spec.window, input, output, [input.n, spec.channels, spec.multiplier])
}

/// Multiplications of a pointwise convolution.
pub fn pointwise(spec: &PointwiseSpec, input: Shape) -> Result<Multiplications> {
    let output = spec.output_shape(input)?;
    windowed(&spec.window(), input, output, [input.n, spec.in_channels, spec.out_channels])
}

/// Multiplications of a depthwise-separable convolution: both parts together.
pub fn separable(spec: &SeparableSpec, input: Shape) -> Result<Multiplications> {
    spec.check()?;
    let first = depthwise(&spec.depthwise, input)?;
    let second = pointwise(&spec.pointwise, spec.depthwise.output_shape(input)?)?;
    let overflow = Error::SizeOverflow { what: "the multiplications", sizes: [input.n, input.c, input.h, input.w] };
    let nominal = first.nominal.checked_add(second.nominal).ok_or(overflow)?;
    Ok(Multiplications { nominal, inside: first.inside + second.inside })
}

/// `factors` times the taps of one output plane.
fn windowed(window: &Window, input: Shape, output: Shape, factors: [usize; 3]) -> Result<Multiplications> {
    let placed = window.place([input.h, input.w])?;
    let size = [input.h, input.w];
    let product = |factors: &[u64]| factors.iter().try_fold(1u64, |total, &factor| total.checked_mul(factor));
    let overflow = Error::SizeOverflow { what: "the multiplications", sizes: [output.n, output.c, output.h, output.w] };
    let [a, b, c] = factors.map(|factor| factor as u64);
    let [kh, kw] = window.kernel.map(|k| k as u64);
    let nominal = product(&[a, b, c, output.h as u64, output.w as u64, kh, kw]).ok_or(overflow.clone())?;
    let inside = |i: usize| taps_inside(window, i, size[i], placed.before[i], placed.output[i]);
    let inside = product(&[a, b, c, inside(0), inside(1)]).ok_or(overflow)?;
    Ok(Multiplications { nominal, inside })
}

/// Pairs (output position, tap) along one axis whose input lies inside the map.
fn taps_inside(window: &Window, axis: usize, input: usize, before: usize, output: usize) -> u64 {
    let [kernel, stride, dilation] =
        [window.kernel[axis], window.stride[axis], window.dilation[axis]].map(|v| v as u128);
    let (before, input, output) = (before as u128, input as u128, output as u128);
    // Tap k of output o reads position o·stride + k·dilation − before. Outputs that it puts below position `limit`:
    // clamp(⌈(before + limit − k·dilation) / stride⌉, 0, output), summed over k; inside are those below `input`, not below 0.
    let below = |limit: u128| {
        let reach = before + limit;
        let some = reach.div_ceil(dilation).min(kernel);
        let all = reach.saturating_sub((output - 1) * stride).div_ceil(dilation).min(some);
        // From the last tap that has some outputs back to the first that has not all.
        let last = reach.saturating_sub(some.saturating_sub(1) * dilation);
        all * output + floor_sum(some - all, stride, dilation, last + stride - 1)
    };
    u64::try_from(below(input) - below(0)).unwrap_or(u64::MAX)
}

/// `Σ ⌊(a·i + b) / m⌋` for `i` in `0..n`, in as many steps as Euclid's algorithm takes on `a` and `m`.
fn floor_sum(n: u128, m: u128, a: u128, b: u128) -> u128 {
    if n == 0 {
        return 0;
    }
    let whole = n * (n - 1) / 2 * (a / m) + n * (b / m);
    let (a, b) = (a % m, b % m);
    let top = (a * n + b) / m;
    // Count lattice points by rows instead of columns: the same sum with the roles of a and m exchanged.
    if top == 0 { whole } else { whole + floor_sum(top, a, m, (a * n + b) % m) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Padding;

    #[test]
    fn taps_inside_are_counted_one_by_one() {
        for (size, kernel, stride, dilation, pad) in
            [(7, 3, 1, 1, 1), (7, 3, 2, 1, 1), (5, 7, 1, 1, 3), (9, 3, 3, 2, 5), (1, 3, 1, 1, 1), (4, 2, 1, 3, 9)]
        {
            let mut window = Window::new([kernel, kernel]);
            window.stride = [stride; 2];
            window.dilation = [dilation; 2];
            window.padding = Padding::uniform(pad);
            let output = window.place([size, size]).unwrap().output[0];
            let mut counted = 0;
            for o in 0..output {
                for k in 0..kernel {
                    let at = (o * stride + k * dilation) as isize - pad as isize;
                    counted += u64::from(at >= 0 && at < size as isize);
                }
            }
            assert_eq!(taps_inside(&window, 0, size, pad, output), counted, "{window:?} on {size}");
        }
    }

    #[test]
    fn huge_windows_are_counted_in_no_time() {
        // Near the largest number, of 32 bits or 64.
        let large = 1usize << (usize::BITS - 8);
        let mut window = Window::new([large, 3]);
        window.padding = Padding::uniform(2 * large);
        let placed = window.place([5, 5]).unwrap();
        // Every position of the map is met by every tap once.
        assert_eq!(taps_inside(&window, 0, 5, 2 * large, placed.output[0]), 5 * large as u64);
    }

    #[test]
    fn batch_multiplier_and_stride_are_counted() {
        let spec = DepthwiseSpec::new(8, [3, 5]).multiplier(2).stride([2, 1]);
        let count = depthwise(&spec, Shape::new(4, 8, 9, 9)).unwrap();
        assert_eq!(count.nominal, 4 * 8 * 2 * 3 * 5 * 4 * 5);
        assert_eq!(count.inside, count.nominal);
    }

    #[test]
    fn overflow_is_an_error_with_its_numbers() {
        let huge = 1 << 20;
        let spec = Conv2dSpec::new(huge, huge, [1, 1]).stride([1, 1]);
        let input = Shape::new(1 << 10, huge, 1 << 10, 1 << 10);
        assert!(matches!(conv2d(&spec, input), Err(Error::SizeOverflow { .. })));
    }
}
