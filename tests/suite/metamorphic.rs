//! What must hold between results whatever they are: one computation written in two ways, on maps of medium size.
//!
//! Where the two ways add in another order, data are integers, so that both have the same bits.

use crate::support::{Case, Data, Problem, View, same_bits};
use sepconv::{Conv2dSpec, DepthwiseSpec, Isa, Layout, Padding, PointwiseSpec, SeparableSpec, Serial, Shape};

const SIZE: [usize; 2] = [29, 38];
const SAME: Padding = Padding::Same;

fn run(problem: &Problem, isa: Isa) -> Vec<f32> {
    problem.run(&*problem.operator(isa), [View::PACKED; 2], &Serial)
}

/// A case of other parameters with the numbers of another problem, where it does not say otherwise.
fn problem(case: &Case, numbers: &Problem) -> Problem {
    let mut problem = Problem::new(case, numbers.data);
    problem.input.clone_from(&numbers.input);
    problem.weights.clone_from(&numbers.weights);
    problem.bias.clone_from(&numbers.bias);
    problem
}

/// Both problems have the same bits on every instruction set.
fn assert_equal(what: &str, left: &Problem, right: &Problem) {
    for &isa in Isa::available() {
        assert!(same_bits(&run(left, isa), &run(right, isa)), "{what} on {isa}: {:?}", left.case);
    }
}

/// From one layout to the other one.
fn transposed(values: &[f32], shape: Shape, to: Layout) -> Vec<f32> {
    let Shape { n, c, h, w } = shape;
    let mut moved = Vec::with_capacity(values.len());
    for map in values.chunks(c * h * w) {
        match to {
            Layout::Chw => moved.extend((0..c).flat_map(|ch| (0..h * w).map(move |pixel| map[pixel * c + ch]))),
            Layout::Hwc => moved.extend((0..h * w).flat_map(|pixel| (0..c).map(move |ch| map[ch * h * w + pixel]))),
        }
    }
    assert_eq!(moved.len(), n * c * h * w);
    moved
}

fn depthwise_cases() -> [DepthwiseSpec; 6] {
    [
        DepthwiseSpec::new(19, [3, 3]).padding(SAME),
        DepthwiseSpec::new(33, [3, 3]).stride([2, 2]).padding(SAME),
        DepthwiseSpec::new(3, [5, 5]).padding(Padding::uniform(1)),
        DepthwiseSpec::new(16, [7, 7]).padding(SAME),
        DepthwiseSpec::new(7, [3, 3]).multiplier(2).padding(SAME),
        DepthwiseSpec::new(9, [4, 2]).stride([1, 3]),
    ]
}

fn both_layouts(case: &Case) -> [Case; 2] {
    Layout::ALL.map(|layout| case.with_layout(layout))
}

#[test]
fn chw_is_hwc_transposed() {
    let block = SeparableSpec::new(DepthwiseSpec::new(19, [3, 3]).padding(SAME), PointwiseSpec::new(19, 34));
    let others = [
        Case::new(PointwiseSpec::new(37, 50), SIZE),
        Case::new(PointwiseSpec::new(5, 9).stride([2, 3]), SIZE).batch(2),
        Case::new(Conv2dSpec::new(3, 20, [3, 3]).stride([2, 2]).padding(SAME), SIZE),
        Case::new(Conv2dSpec::new(18, 9, [3, 3]).padding(SAME), SIZE),
        Case::new(block, SIZE).batch(2),
    ];
    for case in depthwise_cases().map(|spec| Case::new(spec, SIZE).batch(2)).into_iter().chain(others) {
        let [hwc, chw] = [Layout::Hwc, Layout::Chw].map(|layout| case.with_layout(layout));
        let hwc = Problem::new(&hwc, Data::Integers);
        let mut chw = problem(&chw, &hwc);
        chw.input = transposed(&hwc.input, case.input, Layout::Chw);
        for &isa in Isa::available() {
            let moved = transposed(&run(&chw, isa), chw.output_shape, Layout::Hwc);
            assert!(same_bits(&run(&hwc, isa), &moved), "{isa} {case:?}");
        }
    }
}

/// Depthwise is dense with as many groups as channels: the same as a dense kernel that is zero between channels.
#[test]
fn depthwise_is_grouped_dense() {
    for spec in depthwise_cases() {
        for case in both_layouts(&Case::new(spec, SIZE)) {
            let depthwise = Problem::new(&case, Data::Integers);
            let (outputs, taps) = (spec.channels * spec.multiplier, spec.window.kernel.iter().product::<usize>());
            let mut dense = Conv2dSpec::new(spec.channels, outputs, [1, 1]).layout(case.spec.layout());
            dense.window = spec.window;
            let mut dense = problem(&Case::new(dense, SIZE), &depthwise);
            dense.weights[0] = vec![0.0; outputs * spec.channels * taps];
            for output in 0..outputs {
                let to = (output * spec.channels + output / spec.multiplier) * taps;
                dense.weights[0][to..to + taps].copy_from_slice(&depthwise.weights[0][output * taps..][..taps]);
            }
            assert_equal("grouped dense", &depthwise, &dense);
        }
    }
}

/// A dilated kernel is a larger kernel with zeros between its taps.
#[test]
fn dilation_is_a_kernel_stuffed_with_zeros() {
    for (kernel, dilation) in [([3, 3], [2, 2]), ([3, 2], [1, 3]), ([2, 5], [3, 2]), ([5, 3], [2, 1])] {
        let span = [0, 1].map(|i| (kernel[i] - 1) * dilation[i] + 1);
        let stuffed = |weights: &[f32]| -> Vec<f32> {
            let mut all = vec![0.0; weights.len() / (kernel[0] * kernel[1]) * span[0] * span[1]];
            for (i, &weight) in weights.iter().enumerate() {
                let (filter, ky, kx) = (i / (kernel[0] * kernel[1]), i / kernel[1] % kernel[0], i % kernel[1]);
                all[(filter * span[0] + ky * dilation[0]) * span[1] + kx * dilation[1]] = weight;
            }
            all
        };
        for stride in [[1, 1], [2, 1]] {
            let pairs: [[Case; 2]; 2] = [
                [(kernel, dilation), (span, [1, 1])].map(|(kernel, dilation)| {
                    let spec = DepthwiseSpec::new(18, kernel).dilation(dilation).stride(stride);
                    Case::new(spec.padding(Padding::uniform(2)), SIZE)
                }),
                [(kernel, dilation), (span, [1, 1])].map(|(kernel, dilation)| {
                    let spec = Conv2dSpec::new(5, 18, kernel).dilation(dilation).stride(stride);
                    Case::new(spec.padding(Padding::uniform(2)), SIZE)
                }),
            ];
            for [dilated, large] in pairs {
                for layout in Layout::ALL {
                    let dilated = Problem::new(&dilated.with_layout(layout), Data::Integers);
                    let mut large = problem(&large.with_layout(layout), &dilated);
                    large.weights[0] = stuffed(&dilated.weights[0]);
                    assert_equal("a stuffed kernel", &dilated, &large);
                }
            }
        }
    }
}

/// Makes a case of some operation with this padding, on a map of this size.
type Make = Box<dyn Fn(Padding, [usize; 2]) -> Case>;

/// Padding is a map with zeros around it, for finite weights.
#[test]
fn padding_is_a_larger_map() {
    let [top, left, bottom, right] = [3, 1, 2, 5];
    let padding = Padding::Explicit { top, left, bottom, right };
    for spec in depthwise_cases() {
        let block = SeparableSpec::new(spec, PointwiseSpec::new(spec.channels * spec.multiplier, 17));
        let make: [(&str, Make); 3] = [
            ("depthwise", Box::new(move |padding, size| Case::new(spec.padding(padding), size))),
            (
                "separable",
                Box::new(move |padding, size| {
                    Case::new(SeparableSpec::new(spec.padding(padding), block.pointwise), size)
                }),
            ),
            (
                "dense",
                Box::new(move |padding, size| {
                    let mut dense = Conv2dSpec::new(spec.channels, 9, [1, 1]);
                    dense.window = spec.window;
                    Case::new(dense.padding(padding), size)
                }),
            ),
        ];
        for (name, make) in &make {
            for layout in Layout::ALL {
                let padded = Problem::new(&make(padding, SIZE).with_layout(layout), Data::Integers);
                let size = [SIZE[0] + top + bottom, SIZE[1] + left + right];
                let mut larger = problem(&make(Padding::Valid, size).with_layout(layout), &padded);
                let (small, large) = (padded.case.input, larger.case.input);
                let hwc = match layout {
                    Layout::Hwc => padded.input.clone(),
                    Layout::Chw => transposed(&padded.input, small, Layout::Hwc),
                };
                let mut framed = vec![0.0; large.c * large.h * large.w];
                for (y, row) in hwc.chunks(small.w * small.c).enumerate() {
                    let at = ((y + top) * large.w + left) * large.c;
                    framed[at..at + row.len()].copy_from_slice(row);
                }
                larger.input = match layout {
                    Layout::Hwc => framed,
                    Layout::Chw => transposed(&framed, large, Layout::Chw),
                };
                assert_equal(name, &padded, &larger);
            }
        }
    }
}

/// A kernel with a single 1 moves the map; what it moves in from outside is zero. Real numbers: nothing is added to them.
#[test]
fn a_delta_kernel_shifts() {
    for kernel in [[3, 3], [5, 5], [7, 7], [2, 4]] {
        for tap in [[0, 0], [kernel[0] - 1, kernel[1] - 1], [kernel[0] / 2, 0]] {
            let case = Case::new(DepthwiseSpec::new(17, kernel).padding(Padding::uniform(1)), SIZE).bias([false; 2]);
            for layout in Layout::ALL {
                let mut problem = Problem::new(&case.with_layout(layout), Data::Reals);
                for filter in problem.weights[0].chunks_mut(kernel[0] * kernel[1]) {
                    filter.fill(0.0);
                    filter[tap[0] * kernel[1] + tap[1]] = 1.0;
                }
                let (input, output) = (problem.case.input, problem.output_shape);
                let at = |shape: Shape, c: usize, y: usize, x: usize| match layout {
                    Layout::Hwc => (y * shape.w + x) * shape.c + c,
                    Layout::Chw => (c * shape.h + y) * shape.w + x,
                };
                for &isa in Isa::available() {
                    let result = run(&problem, isa);
                    for (c, y, x) in
                        (0..17).flat_map(|c| (0..output.h).flat_map(move |y| (0..output.w).map(move |x| (c, y, x))))
                    {
                        let (from_y, from_x) = ((y + tap[0]).wrapping_sub(1), (x + tap[1]).wrapping_sub(1));
                        let inside = from_y < input.h && from_x < input.w;
                        let expected = if inside { problem.input[at(input, c, from_y, from_x)] } else { 0.0 };
                        let actual = result[at(output, c, y, x)];
                        assert_eq!(actual, expected, "{isa} {layout} {kernel:?} tap {tap:?} at {c} {y} {x}");
                    }
                }
            }
        }
    }
}

/// Depthwise, then pointwise, without anything between them: dense, with the outer product of both as its kernel.
#[test]
fn separable_is_dense_with_the_product_of_its_kernels() {
    for spec in depthwise_cases() {
        let (middle, outputs) = (spec.channels * spec.multiplier, 21);
        let block = SeparableSpec::new(spec, PointwiseSpec::new(middle, outputs));
        for case in both_layouts(&Case::new(block, SIZE).bias([false, true])) {
            let mut block = Problem::new(&case, Data::Integers);
            // Products of two weights are the weights of the dense kernel: small ones keep all sums exact.
            block.weights.iter_mut().flatten().for_each(|weight| *weight = (*weight / 3.0).round());
            let taps: usize = spec.window.kernel.iter().product();
            let mut dense = Conv2dSpec::new(spec.channels, outputs, [1, 1]).layout(case.spec.layout());
            dense.window = spec.window;
            let mut dense = problem(&Case::new(dense, SIZE), &block);
            dense.bias = [block.bias[1].clone(), None];
            dense.weights[0] = vec![0.0; outputs * spec.channels * taps];
            for output in 0..outputs {
                for between in 0..middle {
                    let mix = block.weights[1][output * middle + between];
                    let to = (output * spec.channels + between / spec.multiplier) * taps;
                    for tap in 0..taps {
                        dense.weights[0][to + tap] += mix * block.weights[0][between * taps + tap];
                    }
                }
            }
            assert_equal("the product of kernels", &block, &dense);
        }
    }
}

/// `f(a + 3·b) = f(a) + 3·f(b)` without bias and activation.
#[test]
fn sums_of_inputs_give_sums_of_outputs() {
    let block = SeparableSpec::new(DepthwiseSpec::new(9, [3, 3]).padding(SAME), PointwiseSpec::new(9, 34));
    let others = [
        Case::new(PointwiseSpec::new(37, 50), SIZE),
        Case::new(Conv2dSpec::new(5, 20, [3, 3]).padding(SAME), SIZE),
        Case::new(block, SIZE),
    ];
    for case in depthwise_cases().map(|spec| Case::new(spec, SIZE)).into_iter().chain(others) {
        for case in both_layouts(&case.bias([false; 2])) {
            let first = Problem::new(&case, Data::Integers);
            let mut second = problem(&case, &first);
            second.input.rotate_left(first.input.len() / 3);
            let mut sum = problem(&case, &first);
            sum.input.iter_mut().zip(&second.input).for_each(|(a, b)| *a += 3.0 * b);
            for &isa in Isa::available() {
                let (of_first, of_second, of_sum) = (run(&first, isa), run(&second, isa), run(&sum, isa));
                let added = of_first.iter().zip(&of_second).map(|(a, b)| a + 3.0 * b);
                assert!(added.eq(of_sum.iter().copied()), "{isa} {case:?}");
            }
        }
    }
}

/// Stride `s` gives every `s`-th output of stride 1, from the same padding.
#[test]
fn strides_leave_out_outputs() {
    for stride in [[2, 2], [3, 1], [1, 4], [5, 3]] {
        let padding = Padding::Explicit { top: 1, left: 2, bottom: 1, right: 1 };
        let strided: [[Case; 2]; 3] = [
            [stride, [1, 1]].map(|by| Case::new(DepthwiseSpec::new(18, [3, 3]).stride(by).padding(padding), SIZE)),
            [stride, [1, 1]].map(|by| Case::new(Conv2dSpec::new(3, 18, [4, 3]).stride(by).padding(padding), SIZE)),
            [stride, [1, 1]].map(|by| Case::new(PointwiseSpec::new(10, 18).stride(by), SIZE)),
        ];
        for [strided, every] in strided {
            for layout in Layout::ALL {
                let strided = Problem::new(&strided.with_layout(layout), Data::Integers);
                let every = problem(&every.with_layout(layout), &strided);
                let (few, many) = (strided.output_shape, every.output_shape);
                for &isa in Isa::available() {
                    let (result, all) = (run(&strided, isa), run(&every, isa));
                    let chosen: Vec<f32> = (0..result.len())
                        .map(|i| match layout {
                            Layout::Hwc => {
                                let (c, x, y) = (i % few.c, i / few.c % few.w, i / few.c / few.w);
                                all[(y * stride[0] * many.w + x * stride[1]) * many.c + c]
                            }
                            Layout::Chw => {
                                let (x, y, c) = (i % few.w, i / few.w % few.h, i / few.w / few.h);
                                all[(c * many.h + y * stride[0]) * many.w + x * stride[1]]
                            }
                        })
                        .collect();
                    assert!(same_bits(&result, &chosen), "{isa} {:?}", strided.case);
                }
            }
        }
    }
}
