//! What a group holds, operation by operation: the data, the right answers, and the operators that have to give them.

use super::axis::SIZES;
use super::check::{Checker, Maps, refused};
use super::group::{Group, MOST_CHANNELS, Op};
use super::numbers::{Numbers, lay_out};
use super::oracle::{self, Map};
use super::part::Part;
use sepconv::{
    Conv2d, Conv2dSpec, Depthwise, DepthwiseSpec, Fusion, InvertedResidual, InvertedResidualSpec, Isa, Layout,
    Operator, Pointwise, PointwiseSpec, Result, Separable, SeparableSpec, Shape, Weights,
};

/// Channel multipliers.
const MULTIPLIERS: std::ops::RangeInclusive<usize> = 1..=3;

/// Checks every case of a group.
pub fn check(group: &Group, layouts: &[Layout], checker: &mut Checker<'_>) {
    let mut sizes = vec![];
    for size in SIZES.map(|size| group.map(size)) {
        if group.axes().iter().zip(size).all(|(axis, size)| axis.outputs(size) > 0) {
            sizes.push(size);
            continue;
        }
        checker.report.empty(group.op);
        if let Err(error) = refused(group, size) {
            checker.report.failed(group, Isa::Portable, Layout::Hwc, error.to_string());
        }
    }
    let scene = Scene { group, layouts, sizes, parity: [0, 1, 2].map(|bit| group.turn >> bit & 1 == 1) };
    match group.op {
        Op::Dw => scene.depthwise(checker),
        Op::Sep => scene.separable(checker),
        Op::Conv => scene.dense(checker),
        Op::Inv => scene.inverted(checker),
        Op::Pw => scene.pointwise(checker),
    }
}

/// A group with the map sizes that have an output, and coin flips for what is not walked through.
struct Scene<'a> {
    group: &'a Group,
    layouts: &'a [Layout],
    sizes: Vec<[usize; 2]>,
    parity: [bool; 3],
}

fn shape(map: &Map, channels: usize) -> Shape {
    Shape::new(1, channels, map.size[0], map.size[1])
}

fn boxed(operator: Result<impl Operator + 'static>) -> Result<Box<dyn Operator>> {
    Ok(Box::new(operator?))
}

impl Scene<'_> {
    fn taps(&self) -> usize {
        self.group.axes().iter().map(|axis| axis.kernel).product()
    }

    /// Output channels of a pointwise part: every number up to two vectors and one, in turn.
    fn outputs(&self, channels: usize, multiplier: usize) -> usize {
        1 + (7 * self.group.turn + 5 * channels + 11 * multiplier) % MOST_CHANNELS
    }

    /// Never fused, and fused with bands of one to three rows.
    fn fusions(&self) -> [Fusion; 2] {
        [Fusion::Off, Fusion::Rows(1 + self.group.turn % 3)]
    }

    fn inputs(&self, numbers: &mut Numbers, channels: usize) -> Vec<Map> {
        self.sizes.iter().map(|&size| numbers.map(size, channels)).collect()
    }

    fn depthwise_spec(&self, channels: usize, multiplier: usize, part: &Part, layout: Layout) -> DepthwiseSpec {
        let mut spec = DepthwiseSpec::new(channels, [1, 1]).multiplier(multiplier).layout(layout);
        spec.window = self.group.window();
        spec.activation(part.activation())
    }

    /// Maps for the library: the first channels of the inputs and of what must come out.
    fn maps(&self, layout: Layout, channels: usize, inputs: (&[Map], usize), expected: (&[Map], usize)) -> Maps {
        let lay_out_all = |(maps, channels): (&[Map], usize)| {
            maps.iter().map(|map| (shape(map, channels), lay_out(map, channels, layout))).collect()
        };
        Maps { layout, channels, inputs: lay_out_all(inputs), expected: lay_out_all(expected) }
    }

    fn depthwise(&self, checker: &mut Checker<'_>) {
        let mut numbers = Numbers::of(self.group.number);
        let (inputs, taps) = (self.inputs(&mut numbers, MOST_CHANNELS), self.taps());
        for multiplier in MULTIPLIERS {
            let most = MOST_CHANNELS * multiplier;
            let part = Part::new(&mut numbers, most * taps, most, 8, [self.parity[0], self.parity[1]]);
            let expected = self.after_depthwise(&inputs, multiplier, &part);
            for channels in 1..=MOST_CHANNELS {
                let outputs = channels * multiplier;
                let (weights, bias) = part.floats(outputs * taps, outputs);
                for &layout in self.layouts {
                    let maps = self.maps(layout, channels, (&inputs, channels), (&expected, outputs));
                    let spec = self.depthwise_spec(channels, multiplier, &part, layout);
                    checker.check(self.group, &maps, &|isa| {
                        boxed(Depthwise::with_isa(&spec, Weights::torch(&weights), bias.as_deref(), isa))
                    });
                }
            }
        }
    }

    fn after_depthwise(&self, inputs: &[Map], multiplier: usize, part: &Part) -> Vec<Map> {
        let axes = self.group.axes();
        let each =
            inputs.iter().map(|map| oracle::depthwise(map, axes, multiplier, &part.weights, &part.bias, part.after));
        each.collect()
    }

    fn separable(&self, checker: &mut Checker<'_>) {
        let mut numbers = Numbers::of(self.group.number);
        let (inputs, taps) = (self.inputs(&mut numbers, MOST_CHANNELS), self.taps());
        let [first_bias, curve, second_bias] = self.parity;
        for multiplier in MULTIPLIERS {
            let most = MOST_CHANNELS * multiplier;
            // Sums stay below 49·8·8 + 8, and below 99·8 times that.
            let first = Part::new(&mut numbers, most * taps, most, 8, [first_bias, curve]);
            let middle = self.after_depthwise(&inputs, multiplier, &first);
            for channels in 1..=MOST_CHANNELS {
                let (between, outputs) = (channels * multiplier, self.outputs(channels, multiplier));
                let second = Part::new(&mut numbers, between * outputs, outputs, 8, [second_bias, curve ^ first_bias]);
                let of = |map| oracle::pointwise(map, between, outputs, &second.weights, &second.bias, second.after);
                let expected: Vec<Map> = middle.iter().map(of).collect();
                let (weights, bias) = first.floats(between * taps, between);
                let (mixing, mixing_bias) = second.floats(between * outputs, outputs);
                for &layout in self.layouts {
                    let maps = self.maps(layout, channels, (&inputs, channels), (&expected, outputs));
                    let depthwise = self.depthwise_spec(channels, multiplier, &first, layout);
                    let pointwise = PointwiseSpec::new(between, outputs).layout(layout).activation(second.activation());
                    for fusion in self.fusions() {
                        let spec = SeparableSpec::new(depthwise, pointwise).fusion(fusion);
                        let weights = [Weights::torch(&weights), Weights::torch(&mixing)];
                        let bias = [bias.as_deref(), mixing_bias.as_deref()];
                        checker.check(self.group, &maps, &|isa| boxed(Separable::with_isa(&spec, weights, bias, isa)));
                    }
                }
            }
        }
    }

    fn inverted(&self, checker: &mut Checker<'_>) {
        let (mut numbers, taps) = (Numbers::of(self.group.number), self.taps());
        let [bias, curve, flip] = self.parity;
        let expanding = self.group.turn % 4 != 3;
        let residual = flip && self.group.axes().iter().all(|axis| axis.keeps_size());
        // Weights in ±2 keep sums below 33·8·2 + 8, 49·2 times that, and 99·2 times that: 10.4 million.
        let given = if expanding { self.group.inputs } else { MOST_CHANNELS };
        let inputs = self.inputs(&mut numbers, given);
        let expand = Part::new(&mut numbers, MOST_CHANNELS * given, MOST_CHANNELS, 2, [bias, curve]);
        let of = |map| oracle::pointwise(map, given, MOST_CHANNELS, &expand.weights, &expand.bias, expand.after);
        let expanded = if expanding { inputs.iter().map(of).collect() } else { inputs.clone() };
        for multiplier in MULTIPLIERS {
            let most = MOST_CHANNELS * multiplier;
            let depthwise = Part::new(&mut numbers, most * taps, most, 2, [!bias, curve ^ bias]);
            let middle = self.after_depthwise(&expanded, multiplier, &depthwise);
            for channels in 1..=MOST_CHANNELS {
                let between = channels * multiplier;
                let given = if expanding { given } else { channels };
                let outputs = if residual { given } else { self.outputs(channels, multiplier) };
                let project = Part::new(&mut numbers, between * outputs, outputs, 2, [flip, curve]);
                let of = |map| oracle::pointwise(map, between, outputs, &project.weights, &project.bias, project.after);
                let mut expected: Vec<Map> = middle.iter().map(of).collect();
                if residual {
                    expected = expected.into_iter().zip(&inputs).map(|(map, input)| oracle::add(map, input)).collect();
                }
                let parts = [
                    expand.floats(if expanding { channels * given } else { 0 }, channels),
                    depthwise.floats(between * taps, between),
                    project.floats(between * outputs, outputs),
                ];
                let weights = parts.each_ref().map(|(weights, _)| Weights::torch(weights));
                let mut biases = parts.each_ref().map(|(_, bias)| bias.as_deref());
                if !expanding {
                    biases[0] = None;
                }
                for &layout in self.layouts {
                    let maps = self.maps(layout, channels, (&inputs, given), (&expected, outputs));
                    let first = PointwiseSpec::new(given, channels).layout(layout).activation(expand.activation());
                    let last = PointwiseSpec::new(between, outputs).layout(layout).activation(project.activation());
                    let middle = self.depthwise_spec(channels, multiplier, &depthwise, layout);
                    let spec = InvertedResidualSpec::new(expanding.then_some(first), middle, last).residual(residual);
                    for spec in self.fusions().map(|fusion| spec.fusion(fusion)) {
                        checker.check(self.group, &maps, &|isa| {
                            boxed(InvertedResidual::with_isa(&spec, weights, biases, isa))
                        });
                    }
                }
            }
        }
    }

    fn dense(&self, checker: &mut Checker<'_>) {
        let (mut numbers, taps, given) = (Numbers::of(self.group.number), self.taps(), self.group.inputs);
        let inputs = self.inputs(&mut numbers, given);
        let flags = [self.parity[0], self.parity[1]];
        let part = Part::new(&mut numbers, MOST_CHANNELS * given * taps, MOST_CHANNELS, 8, flags);
        let axes = self.group.axes();
        let of = |map| oracle::dense(map, axes, MOST_CHANNELS, &part.weights, &part.bias, part.after);
        let expected: Vec<Map> = inputs.iter().map(of).collect();
        for outputs in 1..=MOST_CHANNELS {
            let (weights, bias) = part.floats(outputs * given * taps, outputs);
            for &layout in self.layouts {
                let maps = self.maps(layout, outputs, (&inputs, given), (&expected, outputs));
                let mut spec = Conv2dSpec::new(given, outputs, [1, 1]).layout(layout).activation(part.activation());
                spec.window = self.group.window();
                checker.check(self.group, &maps, &|isa| {
                    boxed(Conv2d::with_isa(&spec, Weights::torch(&weights), bias.as_deref(), isa))
                });
            }
        }
    }

    fn pointwise(&self, checker: &mut Checker<'_>) {
        let (mut numbers, given) = (Numbers::of(self.group.number), self.group.inputs);
        let inputs = self.inputs(&mut numbers, given);
        let flags = [self.parity[0], self.parity[1]];
        let part = Part::new(&mut numbers, MOST_CHANNELS * given, MOST_CHANNELS, 8, flags);
        let axes = self.group.axes();
        // A pointwise convolution with strides is a dense one with a 1×1 kernel.
        let of = |map| oracle::dense(map, axes, MOST_CHANNELS, &part.weights, &part.bias, part.after);
        let expected: Vec<Map> = inputs.iter().map(of).collect();
        for outputs in 1..=MOST_CHANNELS {
            let (weights, bias) = part.floats(outputs * given, outputs);
            for &layout in self.layouts {
                let maps = self.maps(layout, outputs, (&inputs, given), (&expected, outputs));
                let spec = PointwiseSpec::new(given, outputs).stride(axes.map(|axis| axis.stride)).layout(layout);
                let spec = spec.activation(part.activation());
                checker.check(self.group, &maps, &|isa| {
                    boxed(Pointwise::with_isa(&spec, Weights::torch(&weights), bias.as_deref(), isa))
                });
            }
        }
    }
}
