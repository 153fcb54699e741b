//! What each job does, as stages of library operators: which filters, which borders, and how results are shown.

use super::file::Picture;
use super::filters;
use super::map::{Map, index, replicated};
use super::pipeline::Stage;
use clap::ValueEnum;
use sepconv::{Activation, DepthwiseSpec, Layout, Padding, PointwiseSpec, SeparableSpec};

use crate::problem::{Parameters, WeightOrder, Work};

/// Things to do with a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Job {
    /// Unsharp mask (5×5) and a colour matrix, one separable block
    Unsharp,
    /// Sobel slopes of each colour, mixed by luma weights; shows the length of the slope
    Edges,
    /// Difference of two Gaussians (7×7, sigma 1.0 and 1.6) around mid-grey
    Dog,
    /// Blurs the colour differences (7×7, sigma 2) and leaves the luma as it is
    ChromaDenoise,
    /// Half the size: 5×5 binomial filter with stride 2
    Pyramid,
}

/// What lies beyond the picture's border.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Border {
    /// Black
    Zero,
    /// The nearest pixel of the picture
    Replicate,
}

impl Job {
    /// As on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsharp => "unsharp",
            Self::Edges => "edges",
            Self::Dog => "dog",
            Self::ChromaDenoise => "chroma-denoise",
            Self::Pyramid => "pyramid",
        }
    }
}

impl Border {
    /// As on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zero => "zero",
            Self::Replicate => "replicate",
        }
    }
}

/// A job made ready for one picture.
pub struct Plan {
    /// Operators, one after the other.
    pub stages: Vec<Stage>,
    /// Pixels by which the picture is extended on each side before the first stage.
    margin: usize,
    channels: usize,
    shown: Shown,
}

/// How the last stage's channels become a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// Red, green, blue.
    Colours,
    /// Red, green, blue, opacity.
    ColoursAndAlpha,
    /// The length of a vector of two channels, as grey.
    Length,
}

/// A grey of one half, on which differences of both signs can be seen.
const MID_GREY: f32 = 128.0 / 255.0;
const SHOWN_RANGE: Activation = Activation::Clamp { lo: 0.0, hi: 1.0 };

impl Plan {
    /// The stages of a job.
    pub fn of(job: Job, border: Border, layout: Layout, has_alpha: bool) -> Self {
        let radius = match job {
            Job::Edges => 1,
            Job::Unsharp | Job::Pyramid => 2,
            Job::Dog | Job::ChromaDenoise => 3,
        };
        let (padding, margin) = match border {
            Border::Zero => (Padding::uniform(radius), 0),
            Border::Replicate => (Padding::Valid, radius),
        };
        // The pyramid changes the size: the opacity goes through it with the colours.
        let scales_alpha = job == Job::Pyramid && has_alpha;
        let channels = if scales_alpha { 4 } else { 3 };
        let depthwise = DepthwiseSpec::new(channels, [2 * radius + 1; 2]).padding(padding);
        let mut stages = job.stages(depthwise);
        for stage in &mut stages {
            stage.work = stage.work.with_layout(layout);
        }
        let shown = match job {
            Job::Edges => Shown::Length,
            _ if scales_alpha => Shown::ColoursAndAlpha,
            _ => Shown::Colours,
        };
        Self { stages, margin, channels, shown }
    }

    /// What goes into the first stage.
    pub fn input(&self, picture: &Picture, layout: Layout) -> Map {
        let [h, w] = [picture.height, picture.width];
        let size = [h + 2 * self.margin, w + 2 * self.margin];
        Map::from_fn(self.channels, size, layout, |c, y, x| {
            let pixel = replicated(y, self.margin, h) * w + replicated(x, self.margin, w);
            match (c, &picture.alpha) {
                (3, Some(alpha)) => alpha[pixel],
                _ => picture.colours[3 * pixel + c],
            }
        })
    }

    /// The picture that the last stage's output shows; opacity that did not go through the stages comes from `original`.
    pub fn picture(&self, original: &Picture, map: &Map, layout: Layout) -> Picture {
        let shape = map.shape;
        let at = |c: usize, pixel: usize| map.data[index(shape, layout, c, pixel / shape.w, pixel % shape.w)];
        let pixels = 0..shape.h * shape.w;
        let colours = pixels.clone().flat_map(|pixel| match self.shown {
            Shown::Length => [at(0, pixel).hypot(at(1, pixel)); 3],
            Shown::Colours | Shown::ColoursAndAlpha => [0, 1, 2].map(|c| at(c, pixel)),
        });
        let colours = colours.collect();
        let alpha = match self.shown {
            Shown::ColoursAndAlpha => Some(pixels.map(|pixel| at(3, pixel)).collect()),
            Shown::Colours | Shown::Length => original.alpha.clone(),
        };
        let grey = original.grey || self.shown == Shown::Length;
        Picture { width: shape.w, height: shape.h, colours, alpha, grey, deep: original.deep }
    }
}

impl Job {
    /// The operators, given the depthwise one's channels, size and padding.
    fn stages(self, depthwise: DepthwiseSpec) -> Vec<Stage> {
        let channels = depthwise.channels;
        let size = depthwise.window.kernel[0];
        let mix = |from: usize, out: usize| PointwiseSpec::new(from, out);
        match self {
            Self::Unsharp => {
                let kernel = filters::unsharp(&filters::gaussian(size, 1.0), 1.0);
                let weights = [kernel.repeat(channels), filters::saturation(1.2)];
                vec![separable(depthwise, mix(3, 3).activation(SHOWN_RANGE), weights, None)]
            }
            Self::Edges => {
                let kernels = [filters::sobel_x(), filters::sobel_y()].concat();
                // Channel 2c + q of the depthwise output is slope q of colour c.
                let mixed = |q: usize| filters::LUMA.iter().flat_map(move |luma| [[*luma, 0.0], [0.0, *luma]][q]);
                let weights = [kernels.repeat(channels), (0..2).flat_map(mixed).collect()];
                vec![separable(depthwise.multiplier(2), mix(6, 2), weights, None)]
            }
            Self::Dog => {
                let kernels = [filters::gaussian(size, 1.0), filters::gaussian(size, 1.6)].concat();
                let difference = |out: usize| (0..3).flat_map(move |c| if c == out { [1.0, -1.0] } else { [0.0, 0.0] });
                let weights = [kernels.repeat(channels), (0..3).flat_map(difference).collect()];
                let pointwise = mix(6, 3).activation(SHOWN_RANGE);
                vec![separable(depthwise.multiplier(2), pointwise, weights, Some(vec![MID_GREY; 3]))]
            }
            Self::ChromaDenoise => {
                let blur = filters::gaussian(size, 2.0);
                let kernels = [filters::delta(size), blur.clone(), blur].concat();
                let weights = [kernels, filters::ycbcr_to_rgb()];
                vec![
                    single(Work::Pointwise(mix(3, 3)), filters::rgb_to_ycbcr()),
                    separable(depthwise, mix(3, 3).activation(SHOWN_RANGE), weights, None),
                ]
            }
            Self::Pyramid => {
                let spec = depthwise.stride([2, 2]);
                vec![single(Work::Depthwise(spec), filters::binomial5().repeat(channels))]
            }
        }
    }
}

fn single(work: Work, weights: Vec<f32>) -> Stage {
    let parameters = Parameters { weights: vec![weights], biases: vec![None], order: WeightOrder::Torch };
    Stage { work, parameters }
}

fn separable(
    depthwise: DepthwiseSpec,
    pointwise: PointwiseSpec,
    weights: [Vec<f32>; 2],
    bias: Option<Vec<f32>>,
) -> Stage {
    let parameters = Parameters { weights: weights.to_vec(), biases: vec![None, bias], order: WeightOrder::Torch };
    Stage { work: Work::Separable(SeparableSpec::new(depthwise, pointwise)), parameters }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: usize, height: usize, alpha: bool) -> Picture {
        let colours = (0..3 * width * height).map(|i| (i % 7) as f32 / 7.0).collect();
        let alpha = alpha.then(|| vec![0.5; width * height]);
        Picture { width, height, colours, alpha, grey: false, deep: false }
    }

    #[test]
    fn every_job_fits_every_size_down_to_one_pixel() {
        for &job in Job::value_variants() {
            for border in [Border::Zero, Border::Replicate] {
                for (layout, (w, h), alpha) in
                    [(Layout::Hwc, (1, 1), false), (Layout::Chw, (5, 3), true), (Layout::Hwc, (2, 9), true)]
                {
                    let plan = Plan::of(job, border, layout, alpha);
                    let mut shape = plan.input(&picture(w, h, alpha), layout).shape;
                    for stage in &plan.stages {
                        let sizes = stage.work.stages().unwrap();
                        let given: Vec<usize> = stage.parameters.weights.iter().map(Vec::len).collect();
                        assert_eq!(given, sizes.iter().map(|size| size.weights).collect::<Vec<_>>(), "{job:?}");
                        shape = stage.work.output_shape(shape).unwrap();
                    }
                    let expected = if job == Job::Pyramid { (h.div_ceil(2), w.div_ceil(2)) } else { (h, w) };
                    assert_eq!((shape.h, shape.w), expected, "{job:?} {border:?}");
                }
            }
        }
    }

    #[test]
    fn replication_extends_the_picture_and_zero_does_not() {
        let picture = picture(2, 1, false);
        let extended = Plan::of(Job::Edges, Border::Replicate, Layout::Hwc, false).input(&picture, Layout::Hwc);
        assert_eq!((extended.shape.h, extended.shape.w), (3, 4));
        assert_eq!(extended.data[..3], picture.colours[..3], "the corner is the nearest pixel");
        let plain = Plan::of(Job::Edges, Border::Zero, Layout::Hwc, false).input(&picture, Layout::Hwc);
        assert_eq!(plain.data, picture.colours);
    }
}
