//! Right answers with their error bounds, computed in parallel: every output of a problem, none sampled.
//!
//! The scalar reference is split by output channels, which changes no sum: each part is the same reference on fewer channels.

use super::data::{Parameters, WeightOrder};
use super::operator::reference;
use super::work::Work;
use sepconv::reference::Bounded;
use sepconv::{Error, Layout, Result, Shape, TensorRef};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What every output of a problem must be.
pub struct Oracle {
    parts: Vec<Part>,
    output: Shape,
    layout: Layout,
}

/// The outputs of some neighbouring output channels, without gaps.
struct Part {
    first_channel: usize,
    shape: Shape,
    values: Vec<Bounded>,
}

impl Oracle {
    /// Runs the reference on all of `input`, a tensor without gaps in the work's layout, on so many threads.
    pub fn compute(work: &Work, parameters: &Parameters, input: &[f32], shape: Shape, threads: usize) -> Result<Self> {
        let output = work.output_shape(shape)?;
        let ranges = split(work, parameters, threads);
        let parts = Mutex::new(Vec::with_capacity(ranges.len()));
        let next = AtomicUsize::new(0);
        let worker = || -> Result<()> {
            while let Some(range) = ranges.get(next.fetch_add(1, Ordering::Relaxed)) {
                let part = compute_part(work, parameters, input, shape, range.clone())?;
                parts.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(part);
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let helpers: Vec<_> = (1..threads.min(ranges.len())).map(|_| scope.spawn(worker)).collect();
            let mut result = worker();
            for helper in helpers {
                let joined = helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                result = result.and(joined);
            }
            result
        })?;
        let parts = parts.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        Ok(Self { parts, output, layout: work.layout() })
    }

    /// The largest error of `actual`, a tensor without gaps, divided by its bound: at most 1 if all of it is right.
    ///
    /// Never infinite, which JSON does not know: a result with NaN in it is as wrong as a number can say.
    pub fn worst(&self, actual: &[f32]) -> Result<f64> {
        let output = TensorRef::new(actual, self.output, self.layout)?;
        let mut worst = 0.0f64;
        for part in &self.parts {
            let mut values = part.values.iter();
            let mut compare = |n: usize, c: usize, y: usize, x: usize| {
                if let Some(expected) = values.next() {
                    worst = worst.max(expected.error_over_bound(output.at(n, part.first_channel + c, y, x)));
                }
            };
            for_each_in_memory_order(part.shape, self.layout, &mut compare);
        }
        Ok(worst.min(f64::MAX))
    }
}

/// Visits every `(n, c, y, x)` of a tensor without gaps in the order of its memory.
fn for_each_in_memory_order(shape: Shape, layout: Layout, visit: &mut dyn FnMut(usize, usize, usize, usize)) {
    for n in 0..shape.n {
        match layout {
            Layout::Hwc => (0..shape.h).for_each(|y| {
                (0..shape.w).for_each(|x| (0..shape.c).for_each(|c| visit(n, c, y, x)));
            }),
            Layout::Chw => (0..shape.c).for_each(|c| {
                (0..shape.h).for_each(|y| (0..shape.w).for_each(|x| visit(n, c, y, x)));
            }),
        }
    }
}

/// Ranges of channels: input channels for depthwise work, output channels for the rest.
fn split(work: &Work, parameters: &Parameters, threads: usize) -> Vec<Range<usize>> {
    let channels = match work {
        Work::Depthwise(spec) => spec.channels,
        Work::Pointwise(spec) => spec.out_channels,
        Work::Separable(spec) => spec.pointwise.out_channels,
        Work::Conv2d(spec) => spec.out_channels,
    };
    let parts = match (parameters.order, work) {
        // Only in torch order do neighbouring output channels have neighbouring weights.
        (WeightOrder::TensorFlow, _) => 1,
        // Every part of separable work repeats the depthwise stage: no more parts than threads.
        (_, Work::Separable(_)) => threads,
        // A few parts a thread, so that none waits long for the last.
        _ => threads * 4,
    };
    let parts = parts.clamp(1, channels);
    (0..parts).map(|i| channels * i / parts..channels * (i + 1) / parts).collect()
}

fn compute_part(
    work: &Work,
    parameters: &Parameters,
    input: &[f32],
    shape: Shape,
    channels: Range<usize>,
) -> Result<Part> {
    let layout = work.layout();
    let whole = TensorRef::new(input, shape, layout)?;
    if parameters.order == WeightOrder::TensorFlow {
        let values = reference(work, parameters, &whole)?;
        return Ok(Part { first_channel: 0, shape: work.output_shape(shape)?, values });
    }
    let (part, part_parameters) = restrict(work, parameters, &channels);
    let (view, first_channel) = match work {
        Work::Depthwise(spec) => {
            let strides = whole.strides();
            let view = input.get(channels.start * strides.c..).unwrap_or_default();
            let narrowed = Shape { c: channels.len(), ..shape };
            (TensorRef::strided(view, narrowed, strides)?, channels.start * spec.multiplier)
        }
        _ => (whole, channels.start),
    };
    let values = reference(&part, &part_parameters, &view)?;
    let part_shape = part.output_shape(view.shape())?;
    if values.len() != part_shape.len()? {
        let (expected, actual) = (part_shape.len()?, values.len());
        return Err(Error::LengthMismatch { what: "the reference's output", expected, actual });
    }
    Ok(Part { first_channel, shape: part_shape, values })
}

/// The same work for some channels only, with their share of the weights (in torch order) and biases.
fn restrict(work: &Work, parameters: &Parameters, channels: &Range<usize>) -> (Work, Parameters) {
    let mut part = *work;
    let mut restricted = parameters.clone();
    let (stage, outputs) = match &mut part {
        Work::Depthwise(spec) => {
            spec.channels = channels.len();
            (0, channels.start * spec.multiplier..channels.end * spec.multiplier)
        }
        Work::Pointwise(spec) => {
            spec.out_channels = channels.len();
            (0, channels.clone())
        }
        Work::Conv2d(spec) => {
            spec.out_channels = channels.len();
            (0, channels.clone())
        }
        Work::Separable(spec) => {
            spec.pointwise.out_channels = channels.len();
            (1, channels.clone())
        }
    };
    let of_one = match part {
        Work::Depthwise(spec) => spec.window.kernel[0] * spec.window.kernel[1],
        Work::Pointwise(spec) => spec.in_channels,
        Work::Separable(spec) => spec.pointwise.in_channels,
        Work::Conv2d(spec) => spec.in_channels * spec.window.kernel[0] * spec.window.kernel[1],
    };
    restricted.weights[stage] = parameters.weights[stage][outputs.start * of_one..outputs.end * of_one].to_vec();
    restricted.biases[stage] = parameters.biases[stage].as_ref().map(|bias| bias[outputs].to_vec());
    (part, restricted)
}

#[cfg(test)]
mod tests {
    use super::super::data::{random_input, seeded};
    use super::*;
    use sepconv::{Conv2dSpec, DepthwiseSpec, Padding, PointwiseSpec, SeparableSpec};

    fn works() -> [Work; 4] {
        let same = Padding::Same;
        let depthwise = DepthwiseSpec::new(5, [3, 2]).multiplier(2).stride([2, 1]).padding(same);
        [
            Work::Depthwise(depthwise),
            Work::Pointwise(PointwiseSpec::new(5, 7)),
            Work::Separable(SeparableSpec::new(depthwise, PointwiseSpec::new(10, 7))),
            Work::Conv2d(Conv2dSpec::new(5, 7, [3, 3]).padding(same)),
        ]
    }

    #[test]
    fn parts_agree_with_the_whole_reference() {
        let shape = Shape::new(2, 5, 6, 4);
        for layout in Layout::ALL {
            for work in works().map(|work| work.with_layout(layout)) {
                let mut rng = seeded(3, "oracle");
                let parameters = Parameters::random(&work, &mut rng).unwrap();
                let input = random_input(shape, &mut rng).unwrap();
                let view = TensorRef::new(input.as_slice(), shape, layout).unwrap();
                let mut naive = reference::<f32>(&work, &parameters, &view).unwrap();
                for threads in [1, 2, 3, 50] {
                    let oracle = Oracle::compute(&work, &parameters, input.as_slice(), shape, threads).unwrap();
                    let outputs: usize = oracle.parts.iter().map(|part| part.values.len()).sum();
                    assert_eq!(outputs, naive.len(), "every output is checked");
                    assert!(oracle.worst(&naive).unwrap() <= 1.0, "{work:?} on {threads} threads");
                    for wrong in [0, naive.len() / 2, naive.len() - 1] {
                        let right = naive[wrong];
                        naive[wrong] = right + 0.01;
                        assert!(oracle.worst(&naive).unwrap() > 1.0, "{work:?}: error at {wrong} not seen");
                        naive[wrong] = f32::NAN;
                        assert!(oracle.worst(&naive).unwrap() > 1.0, "{work:?}: NaN at {wrong} not seen");
                        naive[wrong] = right;
                    }
                }
            }
        }
    }
}
