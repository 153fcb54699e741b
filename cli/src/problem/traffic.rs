//! How much memory a problem moves at least, and how much measuring it takes.

use super::work::Work;
use sepconv::{Result, Shape, Window};

/// Bytes that have to be moved however clever the kernel is: everything needed once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traffic {
    /// Input elements that some tap reads, weights and biases.
    pub read: u64,
    /// Output.
    pub written: u64,
}

impl Traffic {
    /// Both directions.
    pub const fn total(&self) -> u64 {
        self.read + self.written
    }
}

const FLOAT: u64 = size_of::<f32>() as u64;

/// The compulsory traffic of `work` on `input`, with biases.
pub fn compulsory_traffic(work: &Work, input: Shape) -> Result<Traffic> {
    let output = work.output_shape(input)?;
    let window = work.window();
    let placed = window.place([input.h, input.w])?;
    let rows = touched(&window, 0, input.h, placed.before[0], placed.output[0]);
    let columns = touched(&window, 1, input.w, placed.before[1], placed.output[1]);
    let parameters: usize = work.stages()?.iter().map(|stage| stage.weights + stage.bias).sum();
    let inputs = (input.n * input.c) as u64 * rows * columns;
    Ok(Traffic { read: FLOAT * (inputs + parameters as u64), written: FLOAT * output.len()? as u64 })
}

/// Input positions along one axis that at least one tap of one output reads.
fn touched(window: &Window, axis: usize, size: usize, before: usize, outputs: usize) -> u64 {
    let (kernel, stride, dilation) = (window.kernel[axis], window.stride[axis], window.dilation[axis]);
    let is_read = |position: usize| {
        (0..kernel).any(|k| {
            let start = (position + before).checked_sub(k * dilation);
            start.is_some_and(|start| start % stride == 0 && start / stride < outputs)
        })
    };
    (0..size).filter(|&position| is_read(position)).count() as u64
}

/// Bytes that measuring and checking a problem takes at most, saturating: buffers, packed weights, reference results.
pub fn memory_needed(work: &Work, input: Shape, oracle_threads: usize) -> Result<u64> {
    const BOUNDED: u64 = size_of::<sepconv::reference::Bounded>() as u64;
    let elements = |shape: Shape| -> Result<u64> { Ok(shape.len()? as u64) };
    let output = elements(work.output_shape(input)?)?;
    let middle = work.middle_shape(input)?.map_or(Ok(0), elements)?;
    let parameters: usize = work.stages()?.iter().map(|stage| stage.weights + stage.bias).sum();
    let floats = elements(input)?.saturating_add(output.saturating_mul(2)).saturating_add(middle);
    let floats = floats.saturating_add((parameters as u64).saturating_mul(4));
    let bounded = output.saturating_add(middle.saturating_mul(oracle_threads as u64));
    Ok(floats.saturating_mul(FLOAT).saturating_add(bounded.saturating_mul(BOUNDED)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sepconv::{DepthwiseSpec, Padding, PointwiseSpec};

    #[test]
    fn every_float_counts_once() {
        let work = Work::Depthwise(DepthwiseSpec::new(8, [3, 3]).padding(Padding::Same));
        let traffic = compulsory_traffic(&work, Shape::new(2, 8, 5, 7)).unwrap();
        assert_eq!(traffic.read, 4 * (2 * 8 * 5 * 7 + 8 * 9 + 8));
        assert_eq!(traffic.written, 4 * 2 * 8 * 5 * 7);
    }

    #[test]
    fn pixels_between_strides_are_not_read() {
        let work = Work::Pointwise(PointwiseSpec::new(3, 4).stride([2, 2]));
        let traffic = compulsory_traffic(&work, Shape::new(1, 3, 5, 4)).unwrap();
        assert_eq!(traffic.read, 4 * (3 * 3 * 2 + 12 + 4));
    }

    #[test]
    fn pixels_only_reached_from_outside_are_not_read() {
        // Outputs at −4, 0 and 4 of a kernel of one tap: only positions 0 and 4 of the map are read.
        let spec = DepthwiseSpec::new(1, [1, 1]).stride([4, 1]).padding(Padding::Explicit {
            top: 4,
            left: 0,
            bottom: 0,
            right: 0,
        });
        let traffic = compulsory_traffic(&Work::Depthwise(spec), Shape::new(1, 1, 6, 1)).unwrap();
        assert_eq!(traffic.read, 4 * (2 + 1 + 1));
    }
}
