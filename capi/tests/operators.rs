//! All five operations through the C interface give the bits that the Rust library gives, on views with gaps, in both layouts.

use core::ptr::{null, null_mut};
use sepconv::{
    Activation, Conv2d, Conv2dSpec, Depthwise, DepthwiseSpec, InvertedResidual, InvertedResidualSpec, Layout, Operator,
    Padding, Pointwise, PointwiseSpec, Separable, SeparableSpec, Serial, Shape, TensorRef, Weights,
};
use sepconv_capi::*;

const CHANNELS: usize = 6;
const MIDDLE: usize = 12;
const OUTPUTS: usize = 6;
const LAYOUTS: [(Layout, SepconvLayout); 2] = [(Layout::Hwc, SepconvLayout::Nhwc), (Layout::Chw, SepconvLayout::Nchw)];

/// Numbers without a pattern that a wrong order could hide in.
fn numbers(len: usize, seed: usize) -> Vec<f32> {
    (0..len).map(|i| ((i * 7919 + seed * 104_729) % 1009) as f32 / 500.0 - 1.0).collect()
}

fn view(data: &[f32]) -> WeightsView {
    WeightsView { data: data.as_ptr(), len: data.len() }
}

fn bias(data: &[f32]) -> BiasView {
    BiasView { data: data.as_ptr(), len: data.len() }
}

/// Parameters with the defaults of their init function.
fn initialised<T>(init: unsafe extern "C" fn(*mut T, usize) -> SepconvStatus) -> T {
    let mut params = core::mem::MaybeUninit::<T>::uninit();
    // SAFETY: there is room for the structure, and init writes all of it.
    unsafe {
        assert_eq!(init(params.as_mut_ptr(), size_of::<T>()), SepconvStatus::Ok);
        params.assume_init()
    }
}

/// A 3×3 depthwise part of `MIDDLE` channels, padded by TensorFlow's rule, with ReLU6.
fn depthwise(weights: &[f32], offsets: &[f32], layout: SepconvLayout) -> DepthwiseParams {
    let mut params = initialised(sepconv_depthwise_params_init);
    (params.channels, params.window.kernel, params.layout) = (MIDDLE, [3, 3], layout as u32);
    (params.padding, params.activation.kind) = (SepconvPadding::Same as u32, SepconvActivation::Relu6 as u32);
    (params.weights, params.bias) = (view(weights), bias(offsets));
    params
}

fn pointwise(inputs: usize, outputs: usize, weights: &[f32], layout: SepconvLayout) -> PointwiseParams {
    let mut params = initialised(sepconv_pointwise_params_init);
    (params.in_channels, params.out_channels, params.layout) = (inputs, outputs, layout as u32);
    params.weights = view(weights);
    params
}

/// Runs a created operator on a map of which every element has a gap behind its last axis, and frees it.
fn run(op: *mut Handle, data: &[f32], shape: Shape, layout: Layout) -> Vec<f32> {
    let (sizes, mut out_sizes) = ([shape.n, shape.c, shape.h, shape.w], [0; 4]);
    // SAFETY: `op` was created, the arrays are as long as they have to be.
    unsafe { assert_eq!(sepconv_output_shape(op, sizes.as_ptr(), out_sizes.as_mut_ptr()), SepconvStatus::Ok) };
    let strides = |[_, c, h, w]: [usize; 4]| match layout {
        Layout::Hwc => [h * (w * (c + 3) + 5), 1, w * (c + 3) + 5, c + 3],
        Layout::Chw => [c * (h * (w + 3) + 5), h * (w + 3) + 5, w + 3, 1],
    };
    let places = |sizes: [usize; 4]| {
        let [n, c, h, w] = sizes;
        let steps = strides(sizes);
        let [outer, inner] = [h * w, c * h * w];
        (0..n * inner).map(move |i| {
            let (image, rest) = (i / inner, i % inner);
            let (channel, y, x) = match layout {
                Layout::Hwc => (rest % c, rest / c / w, rest / c % w),
                Layout::Chw => (rest / outer, rest % outer / w, rest % w),
            };
            image * steps[0] + channel * steps[1] + y * steps[2] + x * steps[3]
        })
    };
    let room = |sizes: [usize; 4]| places(sizes).max().map_or(0, |last| last + 1);
    let mut wide = vec![f32::NAN; room(sizes)];
    places(sizes).zip(data).for_each(|(place, &value)| wide[place] = value);
    let mut result = vec![77.0; room(out_sizes)];
    let input = InputView {
        struct_size: size_of::<InputView>(),
        data: wide.as_ptr(),
        len: wide.len(),
        shape: sizes,
        strides: strides(sizes),
    };
    let output = OutputView {
        struct_size: size_of::<OutputView>(),
        data: result.as_mut_ptr(),
        len: result.len(),
        shape: out_sizes,
        strides: strides(out_sizes),
    };
    let mut bytes = 0;
    // SAFETY: as above; the workspace is aligned and as large as asked for; nothing overlaps.
    unsafe {
        assert_eq!(sepconv_workspace_size(op, sizes.as_ptr(), 1, &raw mut bytes), SepconvStatus::Ok);
        let mut memory = vec![0u8; bytes + SEPCONV_WORKSPACE_ALIGNMENT];
        let skip = memory.as_ptr().align_offset(SEPCONV_WORKSPACE_ALIGNMENT);
        let workspace = memory.as_mut_ptr().add(skip).cast();
        assert_eq!(sepconv_run(op, &input, &output, workspace, bytes, null()), SepconvStatus::Ok);
        sepconv_operator_destroy(op);
    }
    let written: Vec<usize> = places(out_sizes).collect();
    for (place, value) in result.iter().enumerate() {
        assert!(*value == 77.0 || written.contains(&place), "the gap at {place} was written");
    }
    written.into_iter().map(|place| result[place]).collect()
}

/// What the library computes on the same numbers without gaps.
fn expected(operator: &dyn Operator, data: &[f32], shape: Shape) -> Vec<f32> {
    let input = TensorRef::new(data, shape, operator.layout()).expect("the map fits its shape");
    operator.run_to_vec(&input, &Serial).expect("the operator fits the map")
}

#[track_caller]
fn assert_same(got: &[f32], expected: &[f32]) {
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(got), bits(expected));
}

/// What `create` hands over.
fn created(create: impl FnOnce(*mut *mut Handle) -> SepconvStatus) -> *mut Handle {
    let mut op = null_mut();
    assert_eq!(create(&raw mut op), SepconvStatus::Ok);
    op
}

fn depthwise_spec(layout: Layout) -> DepthwiseSpec {
    DepthwiseSpec::new(MIDDLE, [3, 3]).padding(Padding::Same).activation(Activation::Relu6).layout(layout)
}

#[test]
fn depthwise_pointwise_and_separable() {
    let (dw, offsets, pw) = (numbers(MIDDLE * 9, 1), numbers(MIDDLE, 2), numbers(MIDDLE * OUTPUTS, 3));
    let shape = Shape::new(2, MIDDLE, 9, 11);
    let map = numbers(2 * MIDDLE * 99, 4);
    for (layout, number) in LAYOUTS {
        let (first, second) = (depthwise(&dw, &offsets, number), pointwise(MIDDLE, OUTPUTS, &pw, number));
        let (dw_spec, pw_spec) = (depthwise_spec(layout), PointwiseSpec::new(MIDDLE, OUTPUTS).layout(layout));
        let weights = [Weights::torch(&dw), Weights::torch(&pw)];

        // SAFETY: the parameters live, the pointers are right; in the other two calls, too.
        let op = created(|op| unsafe { sepconv_depthwise_create(&first, null(), op) });
        let own = Depthwise::new(&dw_spec, weights[0], Some(&offsets)).expect("the spec is right");
        assert_same(&run(op, &map, shape, layout), &expected(&own, &map, shape));

        // SAFETY: see above.
        let op = created(|op| unsafe { sepconv_pointwise_create(&second, null(), op) });
        let own = Pointwise::new(&pw_spec, weights[1], None).expect("the spec is right");
        assert_same(&run(op, &map, shape, layout), &expected(&own, &map, shape));

        // SAFETY: see above.
        let op = created(|op| unsafe { sepconv_separable_create(&first, &second, null(), op) });
        let spec = SeparableSpec::new(dw_spec, pw_spec);
        let own = Separable::new(&spec, weights, [Some(&offsets), None]).expect("the spec is right");
        assert_same(&run(op, &map, shape, layout), &expected(&own, &map, shape));
    }
}

#[test]
fn dense() {
    let (weights, offsets) = (numbers(CHANNELS * OUTPUTS * 15, 1), numbers(OUTPUTS, 2));
    let shape = Shape::new(1, CHANNELS, 10, 13);
    let map = numbers(CHANNELS * 130, 3);
    for (layout, number) in LAYOUTS {
        let mut params: Conv2dParams = initialised(sepconv_conv2d_params_init);
        (params.in_channels, params.out_channels, params.layout) = (CHANNELS, OUTPUTS, number as u32);
        (params.window.kernel, params.window.stride, params.window.pads) = ([3, 5], [2, 1], [1, 2, 0, 3]);
        (params.weight_order, params.weights) = (SepconvWeightOrder::Tensorflow as u32, view(&weights));
        params.bias = bias(&offsets);
        // SAFETY: the parameters live, the pointers are right.
        let op = created(|op| unsafe { sepconv_conv2d_create(&params, null(), op) });
        let padding = Padding::Explicit { top: 1, left: 2, bottom: 0, right: 3 };
        let spec = Conv2dSpec::new(CHANNELS, OUTPUTS, [3, 5]).stride([2, 1]).padding(padding).layout(layout);
        let own = Conv2d::new(&spec, Weights::tensorflow(&weights), Some(&offsets)).expect("the spec is right");
        assert_same(&run(op, &map, shape, layout), &expected(&own, &map, shape));
    }
}

#[test]
fn inverted_residual() {
    let (ew, dw) = (numbers(CHANNELS * MIDDLE, 1), numbers(MIDDLE * 9, 2));
    let (offsets, pw) = (numbers(MIDDLE, 3), numbers(MIDDLE * OUTPUTS, 4));
    let shape = Shape::new(2, CHANNELS, 9, 11);
    let map = numbers(2 * CHANNELS * 99, 5);
    for (layout, number) in LAYOUTS {
        let (first, second) = (pointwise(CHANNELS, MIDDLE, &ew, number), depthwise(&dw, &offsets, number));
        let third = pointwise(MIDDLE, OUTPUTS, &pw, number);
        let project = PointwiseSpec::new(MIDDLE, OUTPUTS).layout(layout);
        let expand = PointwiseSpec::new(CHANNELS, MIDDLE).layout(layout);
        for residual in [false, true] {
            let spec = InvertedResidualSpec::new(Some(expand), depthwise_spec(layout), project).residual(residual);
            let weights = [Weights::torch(&ew), Weights::torch(&dw), Weights::torch(&pw)];
            let own = InvertedResidual::new(&spec, weights, [None, Some(&offsets), None]).expect("the spec is right");
            // SAFETY: the parameters live, the pointers are right.
            let make = |op| unsafe {
                sepconv_inverted_residual_create(&first, &second, &third, u32::from(residual), null(), op)
            };
            assert_same(&run(created(make), &map, shape, layout), &expected(&own, &map, shape));
        }
        // Without an expanding part the depthwise part reads the input.
        let wide = Shape::new(1, MIDDLE, 9, 11);
        let spec = InvertedResidualSpec::new(None, depthwise_spec(layout), project);
        let weights = [Weights::torch(&[]), Weights::torch(&dw), Weights::torch(&pw)];
        let own = InvertedResidual::new(&spec, weights, [None, Some(&offsets), None]).expect("the spec is right");
        // SAFETY: the parameters live, the pointers are right.
        let make = |op| unsafe { sepconv_inverted_residual_create(null(), &second, &third, 0, null(), op) };
        assert_same(&run(created(make), &map, wide, layout), &expected(&own, &map, wide));
    }
}
