//! Where the taps of an output fall along one axis of the map: all positions counted from the tap that reads first.

use crate::error::Result;
use crate::layout::Shape;
use crate::spec::{self, Window};

/// One axis of a window laid on a map.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    pub input: usize,
    pub output: usize,
    pub kernel: usize,
    pub stride: usize,
    pub dilation: usize,
    pub before: usize,
}

/// A stage's window laid on maps: rows and columns, the maps that come out, and the elements of scratch that one thread needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Laid {
    pub axes: [Axis; 2],
    pub output: Shape,
    pub scratch: usize,
}

/// The two axes (rows, columns) of a window laid on maps, and the shape of the output; `channels` are those of input and output.
#[inline(always)]
pub(crate) fn lay(window: &Window, input: Shape, channels: [usize; 2]) -> Result<([Axis; 2], Shape)> {
    let (placed, output) = spec::place(window, input, channels)?;
    let axis = |i: usize, input: usize| Axis {
        input,
        output: placed.output[i],
        kernel: window.kernel[i],
        stride: window.stride[i],
        dilation: window.dilation[i],
        before: placed.before[i],
    };
    Ok(([axis(0, input.h), axis(1, input.w)], output))
}

impl Axis {
    /// Input position of the first tap of output `o`; negative in the padding.
    pub(crate) const fn start(&self, o: usize) -> isize {
        // Both terms are at most `MAX_ELEMENTS`, a quarter of `isize::MAX`.
        (o * self.stride) as isize - self.before as isize
    }

    /// Positions `start..` that inputs of `outputs` neighbouring outputs span, cut to those inside the map: `[first, end)`.
    pub(crate) fn inside(&self, start: isize, outputs: usize) -> [usize; 2] {
        let needed = self.span(outputs);
        let first = (-start).max(0) as usize;
        let end = (self.input as isize - start).max(0) as usize;
        [first.min(needed), end.min(needed)]
    }

    /// Input positions from the first to the last that `outputs` neighbouring outputs read.
    pub(crate) const fn span(&self, outputs: usize) -> usize {
        let reach = (outputs - 1).saturating_mul(self.stride);
        reach.saturating_add((self.kernel - 1).saturating_mul(self.dilation)).saturating_add(1)
    }

    /// Whether some tap of an output is outside the map.
    pub(crate) const fn reads_padding(&self) -> bool {
        let end = self.start(self.output - 1) + ((self.kernel - 1) * self.dilation) as isize;
        self.before > 0 || end >= self.input as isize
    }

    /// Taps of an output starting at `start` that are inside the map: `[first, end)`.
    pub(crate) fn taps_inside(&self, start: isize) -> [usize; 2] {
        let first = ((-start).max(0) as usize).div_ceil(self.dilation).min(self.kernel);
        let end = ((self.input as isize - start).max(0) as usize).div_ceil(self.dilation).min(self.kernel);
        [first, end.max(first)]
    }

    /// Outputs whose tap `k` is inside the map: `[first, end)`.
    pub(crate) fn outputs_inside(&self, k: usize) -> [usize; 2] {
        let offset = k * self.dilation;
        let first = self.before.saturating_sub(offset).div_ceil(self.stride).min(self.output);
        let end = (self.input + self.before).saturating_sub(offset).div_ceil(self.stride).min(self.output);
        [first, end.max(first)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_agree_with_counting() {
        for input in 1..6 {
            for (kernel, stride, dilation, before) in
                [(3, 1, 1, 1), (3, 2, 1, 0), (2, 3, 2, 4), (5, 1, 1, 7), (1, 4, 1, 0), (1, 1, 1, 0), (3, 1, 1, 0)]
            {
                let output = (input + 2 * before - ((kernel - 1) * dilation + 1).min(input + 2 * before)) / stride + 1;
                let axis = Axis { input, output, kernel, stride, dilation, before };
                let inside = |o: usize, k: usize| {
                    let at = axis.start(o) + (k * dilation) as isize;
                    at >= 0 && at < input as isize
                };
                let all_inside = (0..output).all(|o| (0..kernel).all(|k| inside(o, k)));
                assert_eq!(axis.reads_padding(), !all_inside, "{axis:?}");
                for o in 0..output {
                    let [first, end] = axis.taps_inside(axis.start(o));
                    for k in 0..kernel {
                        assert_eq!(inside(o, k), k >= first && k < end, "{axis:?} output {o} tap {k}");
                        let [from, to] = axis.outputs_inside(k);
                        assert_eq!(inside(o, k), o >= from && o < to, "{axis:?} output {o} tap {k}");
                    }
                }
                for o in 0..output {
                    for outputs in 1..=output - o {
                        let last = axis.start(o + outputs - 1) + ((kernel - 1) * dilation) as isize;
                        let span = axis.start(o)..=last;
                        let before = span.clone().take_while(|&at| at < 0).count();
                        let behind = span.clone().rev().take_while(|&at| at >= input as isize).count();
                        let [first, end] = axis.inside(axis.start(o), outputs);
                        assert_eq!([first, end], [before, span.count() - behind], "{axis:?} outputs {o}, {outputs}");
                    }
                }
            }
        }
    }
}
