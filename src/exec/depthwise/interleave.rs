//! A dilated line as lines without gaps; `plan::lines` says why and when.

use crate::plan::lines::LineKernel;
use sepconv_kernels::depthwise::LineArgs;
use sepconv_kernels::pack::depthwise::gcd;

/// Calls `run` with `line`, or with each of the interleaved lines that it falls into, as `kernel` wants.
pub(crate) fn each(line: &LineArgs, kernel: LineKernel, mut run: impl FnMut(&LineArgs)) {
    if !kernel.interleaved {
        return run(line);
    }
    let common = gcd(line.stride, line.dilation);
    let phases = line.dilation / common;
    for phase in 0..phases.min(line.outputs) {
        let skipped = phase * line.stride;
        let (start, extent) = thinned(line.start + skipped as isize, line.extent, line.dilation);
        run(&LineArgs {
            // The step of an axis with one position may be any number.
            input: line.input.wrapping_add(skipped.wrapping_mul(line.in_step)),
            in_step: line.in_step.wrapping_mul(line.dilation),
            start,
            extent,
            output: line.output.wrapping_add(phase.wrapping_mul(line.out_step)),
            out_step: line.out_step.wrapping_mul(phases),
            outputs: (line.outputs - phase).div_ceil(phases),
            stride: line.stride / common,
            dilation: 1,
            ..*line
        });
    }
}

/// Of the positions `start`, `start + step`, …, numbered from the start that is returned, those from 0 up to the extent that is returned
/// are those that are in `0..extent`.
fn thinned(start: isize, extent: usize, step: usize) -> (isize, usize) {
    let (step, extent) = (step as isize, extent as isize);
    let first = start.div_euclid(step);
    let end = (extent - start).max(0) as usize;
    let inside = end.div_ceil(step as usize) as isize;
    (first, (first + inside).max(0) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinned_positions_are_inside_where_their_own_are() {
        for step in 1..5_usize {
            for extent in 0..9_usize {
                for start in -12..12_isize {
                    let (first, end) = thinned(start, extent, step);
                    for i in 0..12_isize {
                        let position = start + i * step as isize;
                        let inside = position >= 0 && position < extent as isize;
                        let thin = first + i;
                        assert_eq!(thin >= 0 && thin < end as isize, inside, "{start} + {i}·{step} of {extent}");
                    }
                }
            }
        }
    }
}
