//! Specs that are refused: each kind of error with its numbers.

use sepconv::{
    Activation, Conv2dSpec, DepthwiseSpec, Error, Layout, Padding, PointwiseSpec, SeparableSpec, Shape, Strides,
    TensorMut, TensorRef, Window, cost,
};

/// A size whose square does not fit the address space.
const HUGE: usize = 1 << (usize::BITS / 2 + 1);

#[test]
fn zero_dimensions() {
    let of = |result: sepconv::Result<()>| match result {
        Err(Error::ZeroDimension { what }) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(of(DepthwiseSpec::new(0, [3, 3]).check()), "channels");
    assert_eq!(of(DepthwiseSpec::new(4, [3, 3]).multiplier(0).check()), "channel multiplier");
    assert_eq!(of(DepthwiseSpec::new(4, [0, 3]).check()), "kernel height");
    assert_eq!(of(DepthwiseSpec::new(4, [3, 0]).check()), "kernel width");
    assert_eq!(of(PointwiseSpec::new(0, 4).check()), "input channels");
    assert_eq!(of(PointwiseSpec::new(4, 0).check()), "output channels");
    assert_eq!(of(Conv2dSpec::new(0, 4, [3, 3]).check()), "input channels");
    assert_eq!(of(Conv2dSpec::new(4, 0, [3, 3]).check()), "output channels");
    assert_eq!(of(Conv2dSpec::new(4, 4, [3, 0]).check()), "kernel width");
    assert_eq!(
        of(SeparableSpec::new(DepthwiseSpec::new(4, [0, 1]), PointwiseSpec::new(4, 4)).check()),
        "kernel height"
    );
    assert_eq!(
        of(SeparableSpec::new(DepthwiseSpec::new(4, [1, 1]), PointwiseSpec::new(4, 0)).check()),
        "output channels"
    );
    let window = Window::new([1, 1]);
    assert_eq!(of(window.place([0, 3]).map(|_| ())), "input height");
    assert_eq!(of(window.place([3, 0]).map(|_| ())), "input width");
}

#[test]
fn zero_dimensions_of_tensors() {
    for (shape, what) in [
        (Shape::new(0, 1, 1, 1), "batch"),
        (Shape::new(1, 0, 1, 1), "channels"),
        (Shape::new(1, 1, 0, 1), "height"),
        (Shape::new(1, 1, 1, 0), "width"),
    ] {
        let expected = Error::ZeroDimension { what };
        let strides = Strides { n: 1, c: 1, h: 1, w: 1 };
        assert_eq!(shape.len().unwrap_err(), expected);
        assert_eq!(TensorRef::new(&[], shape, Layout::Hwc).unwrap_err(), expected);
        assert_eq!(TensorMut::new(&mut [], shape, Layout::Chw).unwrap_err(), expected);
        assert_eq!(TensorRef::strided(&[], shape, strides).unwrap_err(), expected);
        assert_eq!(TensorMut::strided(&mut [], shape, strides).unwrap_err(), expected);
        let mut with_channels = shape;
        with_channels.c = 1;
        if with_channels.len().is_err() {
            assert_eq!(PointwiseSpec::new(1, 1).output_shape(with_channels).unwrap_err(), expected);
            assert_eq!(DepthwiseSpec::new(1, [1, 1]).output_shape(with_channels).unwrap_err(), expected);
        }
    }
}

#[test]
fn zero_strides_and_dilations() {
    for (axis, pair) in [("height", [0, 1]), ("width", [1, 0])] {
        let stride = Error::ZeroStride { axis };
        assert_eq!(DepthwiseSpec::new(4, [3, 3]).stride(pair).check(), Err(stride.clone()));
        assert_eq!(PointwiseSpec::new(4, 4).stride(pair).check(), Err(stride.clone()));
        assert_eq!(Conv2dSpec::new(4, 4, [3, 3]).stride(pair).check(), Err(stride.clone()));
        let second = SeparableSpec::new(DepthwiseSpec::new(4, [3, 3]), PointwiseSpec::new(4, 4).stride(pair));
        assert_eq!(second.check(), Err(stride));
        let dilation = Error::ZeroDilation { axis };
        assert_eq!(DepthwiseSpec::new(4, [3, 3]).dilation(pair).check(), Err(dilation.clone()));
        assert_eq!(Conv2dSpec::new(4, 4, [3, 3]).dilation(pair).check(), Err(dilation));
    }
}

fn overflowing<T: std::fmt::Debug>(result: sepconv::Result<T>) -> (&'static str, [usize; 4]) {
    match result {
        Err(Error::SizeOverflow { what, sizes }) => (what, sizes),
        other => panic!("{other:?}"),
    }
}

#[test]
fn overflowing_sizes_of_weights() {
    assert_eq!(overflowing(PointwiseSpec::new(HUGE, HUGE).check()), ("the weights", [HUGE, HUGE, 1, 1]));
    assert_eq!(overflowing(Conv2dSpec::new(HUGE, 2, [HUGE, 1]).check()), ("the weights", [HUGE, 2, HUGE, 1]));
    let depthwise = DepthwiseSpec::new(HUGE, [1, 1]).multiplier(HUGE);
    assert_eq!(overflowing(depthwise.check()), ("the weights", [HUGE, HUGE, 1, 1]));
    assert_eq!(overflowing(depthwise.out_channels()), ("the output channels", [HUGE, HUGE, 0, 0]));
    // Just one element more than can be packed.
    assert!(PointwiseSpec::new(usize::MAX / 8, 1).check().is_err());
}

#[test]
fn overflowing_sizes_of_windows() {
    let kernel = DepthwiseSpec::new(1, [1, HUGE]).dilation([1, HUGE]);
    assert_eq!(overflowing(kernel.check()), ("the kernel's span", [HUGE, HUGE, 0, 0]));
    let mut window = Window::new([3, 3]);
    window.padding = Padding::Explicit { top: usize::MAX, left: 0, bottom: 7, right: 0 };
    assert_eq!(overflowing(window.place([5, 5])), ("the padded input", [5, usize::MAX, 7, 1]));
    window.padding = Padding::Explicit { top: 0, left: usize::MAX / 2, bottom: 0, right: usize::MAX / 2 };
    assert_eq!(overflowing(window.place([5, 6])), ("the padded input", [6, usize::MAX / 2, usize::MAX / 2, 1]));
}

#[test]
fn overflowing_sizes_of_tensors() {
    let shape = Shape::new(HUGE, 1, HUGE, 1);
    assert_eq!(overflowing(shape.len()), ("a tensor", [HUGE, 1, HUGE, 1]));
    assert_eq!(overflowing(TensorRef::new(&[], shape, Layout::Hwc)), ("a tensor", [HUGE, 1, HUGE, 1]));
    assert_eq!(overflowing(PointwiseSpec::new(1, 1).output_shape(shape)), ("a tensor", [HUGE, 1, HUGE, 1]));
    // The input fits, the output does not.
    let wide = PointwiseSpec::new(1, HUGE);
    assert_eq!(overflowing(wide.output_shape(Shape::new(1, 1, HUGE, 1))), ("a tensor", [1, HUGE, HUGE, 1]));
    let strides = Strides { n: 1, c: usize::MAX, h: 1, w: 1 };
    let far = TensorRef::strided(&[0.0], Shape::new(1, 3, 1, 1), strides);
    assert_eq!(overflowing(far), ("a tensor", [3, usize::MAX, 1, 0]));
}

// With 32 bits, the sizes of what is in memory overflow before a count does.
#[cfg(target_pointer_width = "64")]
#[test]
fn overflowing_counts_of_multiplications() {
    let spec = Conv2dSpec::new(1 << 20, 1 << 20, [1, 1]);
    let input = Shape::new(1 << 10, 1 << 20, 1 << 10, 1 << 10);
    let (what, sizes) = overflowing(cost::conv2d(&spec, input));
    assert_eq!((what, sizes), ("the multiplications", [1 << 10, 1 << 20, 1 << 10, 1 << 10]));
    let spec = PointwiseSpec::new(1 << 20, 1 << 20);
    assert_eq!(overflowing(cost::pointwise(&spec, input)).0, "the multiplications");
    let block = SeparableSpec::new(DepthwiseSpec::new(1 << 20, [1, 1]), spec);
    assert_eq!(overflowing(cost::separable(&block, input)).0, "the multiplications");
    let depthwise = DepthwiseSpec::new(1 << 20, [1 << 12, 1 << 12]).padding(Padding::Same);
    assert_eq!(overflowing(cost::depthwise(&depthwise, input)).0, "the multiplications");
}

#[test]
fn empty_outputs() {
    let spec = DepthwiseSpec::new(4, [5, 3]).dilation([2, 1]);
    let error = spec.output_shape(Shape::new(1, 4, 8, 3)).unwrap_err();
    assert_eq!(error, Error::EmptyOutput { axis: "height", input: 8, padding: 0, span: 9 });
    let padding = Padding::Explicit { top: 1, left: 0, bottom: 0, right: 1 };
    let error = spec.padding(padding).output_shape(Shape::new(1, 4, 8, 1)).unwrap_err();
    assert_eq!(error, Error::EmptyOutput { axis: "width", input: 1, padding: 1, span: 3 });
    assert_eq!(spec.padding(padding).output_shape(Shape::new(1, 4, 8, 2)), Ok(Shape::new(1, 4, 1, 1)));
    let dense = Conv2dSpec::new(4, 2, [3, 3]);
    let error = cost::conv2d(&dense, Shape::new(1, 4, 2, 9)).unwrap_err();
    assert_eq!(error, Error::EmptyOutput { axis: "height", input: 2, padding: 0, span: 3 });
    let block = SeparableSpec::new(spec, PointwiseSpec::new(4, 2));
    let error = block.output_shape(Shape::new(2, 4, 9, 2)).unwrap_err();
    assert_eq!(error, Error::EmptyOutput { axis: "width", input: 2, padding: 0, span: 3 });
}

#[test]
fn channels_and_layouts_that_do_not_fit() {
    let mismatch = |expected, actual| match (expected, actual) {
        (expected, Err(Error::ChannelMismatch { expected: e, actual: a, .. })) => assert_eq!((e, a), expected),
        (_, other) => panic!("{other:?}"),
    };
    mismatch((4, 5), DepthwiseSpec::new(4, [3, 3]).output_shape(Shape::new(1, 5, 9, 9)));
    mismatch((4, 8), PointwiseSpec::new(4, 7).output_shape(Shape::new(1, 8, 9, 9)));
    mismatch((3, 1), Conv2dSpec::new(3, 7, [3, 3]).output_shape(Shape::new(1, 1, 9, 9)));
    let block = SeparableSpec::new(DepthwiseSpec::new(4, [3, 3]).multiplier(2), PointwiseSpec::new(4, 7));
    mismatch((8, 4), block.output_shape(Shape::new(1, 4, 9, 9)));
    mismatch((8, 4), block.check().map(|()| Shape::new(1, 1, 1, 1)));

    let chw = PointwiseSpec::new(4, 7).layout(Layout::Chw);
    let mixed = SeparableSpec::new(DepthwiseSpec::new(4, [3, 3]), chw);
    assert_eq!(mixed.check(), Err(Error::LayoutMismatch { expected: Layout::Hwc, actual: Layout::Chw }));
}

#[test]
fn invalid_activations() {
    let refused = |activation| match DepthwiseSpec::new(4, [3, 3]).activation(activation).check() {
        Err(Error::InvalidActivation { name, parameters }) => (name, parameters.map(f32::to_bits)),
        other => panic!("{other:?}"),
    };
    let nan = f32::NAN;
    for (lo, hi) in [(1.0, 0.5), (nan, 1.0), (0.0, nan), (nan, nan), (f32::INFINITY, f32::NEG_INFINITY)] {
        assert_eq!(refused(Activation::Clamp { lo, hi }), ("clamp", [lo.to_bits(), hi.to_bits()]));
    }
    for slope in [nan, f32::INFINITY, f32::NEG_INFINITY] {
        assert_eq!(refused(Activation::LeakyRelu { slope }), ("leaky-relu", [slope.to_bits(), 0]));
    }
    let bad = Activation::Clamp { lo: 2.0, hi: 1.0 };
    let expected = Error::InvalidActivation { name: "clamp", parameters: [2.0, 1.0] };
    assert_eq!(PointwiseSpec::new(4, 4).activation(bad).check(), Err(expected.clone()));
    assert_eq!(Conv2dSpec::new(4, 4, [1, 1]).activation(bad).check(), Err(expected.clone()));
    let block = SeparableSpec::new(DepthwiseSpec::new(4, [1, 1]), PointwiseSpec::new(4, 4).activation(bad));
    assert_eq!(block.check(), Err(expected));
    // Limits may be equal or infinite.
    for (lo, hi) in [(1.0, 1.0), (f32::NEG_INFINITY, f32::INFINITY), (-0.0, 0.0)] {
        assert_eq!(PointwiseSpec::new(4, 4).activation(Activation::Clamp { lo, hi }).check(), Ok(()));
    }
}

#[test]
fn slices_that_do_not_fit_their_strides() {
    let shape = Shape::new(2, 3, 4, 5);
    let strides = Strides { n: 200, c: 1, h: 40, w: 7 };
    let needed = 200 + 2 + 3 * 40 + 4 * 7 + 1;
    let mut data = vec![0.0; needed];
    assert!(TensorRef::strided(&data, shape, strides).is_ok());
    assert!(TensorMut::strided(&mut data, shape, strides).is_ok());
    let short = |error| match error {
        Error::SliceTooShort { needed, actual, .. } => (needed, actual),
        other => panic!("{other:?}"),
    };
    assert_eq!(short(TensorRef::strided(&data[1..], shape, strides).unwrap_err()), (needed, needed - 1));
    assert_eq!(short(TensorMut::strided(&mut data[1..], shape, strides).unwrap_err()), (needed, needed - 1));

    let overlapping = Error::OverlappingStride { axis: "h", stride: 30, minimum: 31 };
    let strides = Strides { n: 200, c: 1, h: 30, w: 7 };
    assert_eq!(TensorRef::strided(&data, shape, strides).unwrap_err(), overlapping);
    assert_eq!(TensorMut::strided(&mut data, shape, strides).unwrap_err(), overlapping);
    for (axis, strides) in [
        ("n", Strides { n: 0, c: 1, h: 40, w: 7 }),
        ("c", Strides { n: 200, c: 0, h: 40, w: 7 }),
        ("h", Strides { n: 200, c: 1, h: 0, w: 7 }),
        ("w", Strides { n: 200, c: 1, h: 40, w: 0 }),
    ] {
        let error = TensorRef::strided(&data, shape, strides).unwrap_err();
        assert_eq!(error, Error::OverlappingStride { axis, stride: 0, minimum: 1 });
    }
}

#[test]
fn slices_of_another_length() {
    let shape = Shape::new(1, 3, 4, 5);
    for len in [0, 59, 61] {
        let mut data = vec![0.0; len];
        for layout in Layout::ALL {
            let wrong = |error| matches!(error, Error::LengthMismatch { expected: 60, actual, .. } if actual == len);
            assert!(TensorRef::new(&data, shape, layout).is_err_and(wrong));
            assert!(TensorMut::new(&mut data, shape, layout).is_err_and(wrong));
        }
    }
}

/// Every error reads as a sentence with its numbers.
#[test]
fn errors_are_sentences_with_their_numbers() {
    for (error, words) in [
        (DepthwiseSpec::new(0, [3, 3]).check().unwrap_err(), vec!["channels", "0", "at least 1"]),
        (PointwiseSpec::new(HUGE, HUGE).check().unwrap_err(), vec!["weights", "overflow"]),
        (PointwiseSpec::new(4, 4).stride([1, 0]).check().unwrap_err(), vec!["stride", "width"]),
        (DepthwiseSpec::new(4, [3, 3]).dilation([0, 1]).check().unwrap_err(), vec!["dilation", "height"]),
        (DepthwiseSpec::new(4, [3, 9]).output_shape(Shape::new(1, 4, 8, 8)).unwrap_err(), vec!["width", "9", "8"]),
        (PointwiseSpec::new(4, 4).output_shape(Shape::new(1, 6, 8, 8)).unwrap_err(), vec!["channels", "4", "6"]),
        ("sse9".parse::<sepconv::Isa>().unwrap_err().into(), vec!["sse9", "portable", "avx2", "avx512"]),
    ] {
        let sentence = error.to_string();
        for word in words {
            assert!(sentence.contains(word), "{word:?} is missing in {sentence:?}");
        }
    }
}
