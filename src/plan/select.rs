//! Picks kernels from the registry.

use crate::isa::Isa;
use crate::layout::{DType, Layout};
use crate::plan::lines::{LineKernels, LineRow};
use crate::spec::DepthwiseSpec;
use sepconv_kernels::depthwise::VERSATILE_TAPS;
use sepconv_kernels::epilogue::EpilogueKind;
use sepconv_kernels::pack::depthwise::LaneAxis;
use sepconv_kernels::registry::{
    ColumnChw, ColumnHwc, ColumnHwcShape, CopyRows, Family, FewPixels, Kernel, Line, LineGeneric, LineTwoChannels,
    Tile, lanes,
};

/// The kernels of a depthwise operator.
#[derive(Debug, Clone)]
pub(crate) struct DepthwiseChoice {
    pub lane_axis: LaneAxis,
    /// Line kernels: along rows of pixels where lanes are channels, else down columns.
    pub lines: LineKernels,
    /// Where lanes are channels and a window is one column wide: line kernels down columns of pixels. They sum in the same order.
    pub down: Option<LineKernels>,
    /// A line kernel for two channels at a time, where columns take no more than half a vector. It sums as the others do.
    pub paired: Option<LineRow>,
    /// Where lanes are channels: kernels that walk down columns of tiles. They sum as the lines do, and [`walk`] decides.
    pub walks: Vec<&'static Kernel<ColumnHwc>>,
    /// Where lanes are columns: the kernel that walks down them. It sums in another order than the lines and does all of the work.
    pub walk: Option<LineRow>,
    /// Copies rows into strips, or pixels apart.
    pub copy: &'static Kernel<CopyRows>,
    /// Whether the padding's zeros must be kept away from the sums (a weight is infinite or NaN).
    pub exact_padding: bool,
}

/// Kernels for a depthwise convolution whose weights are all finite, or not.
pub(crate) fn depthwise(spec: &DepthwiseSpec, isa: Isa, epilogue: EpilogueKind, finite: bool) -> DepthwiseChoice {
    let lane_axis = lane_axis(spec, isa);
    // The axis along which a line's outputs stand: a row of pixels, or rows of a column.
    let inner = if lane_axis == LaneAxis::Channels { 1 } else { 0 };
    // Strips hold zeros where the padding is; those may only meet finite weights.
    let exact_padding = lane_axis != LaneAxis::Channels && !finite;
    let window = &spec.window;
    let side_by_side = window.dilation[inner] == 1 && !exact_padding;
    let wanted = (window.kernel[inner], window.stride[inner]);
    // Lanes that each have their own tap are what the HWC kernels take.
    let kernels_of = if lane_axis == LaneAxis::Columns { Layout::Chw } else { Layout::Hwc };
    let kernels_for = |of: Option<(usize, usize)>| {
        let mut found: Vec<LineRow> = match of {
            Some(window) => candidates::<Line>(isa, spec.dtype, epilogue)
                .filter(|kernel| kernel.shape.layout == kernels_of && kernel.shape.window == window)
                .map(LineRow::from)
                .collect(),
            None => candidates::<LineGeneric>(isa, spec.dtype, epilogue)
                .filter(|kernel| kernel.shape.layout == kernels_of)
                .map(LineRow::from)
                .collect(),
        };
        found.sort_by_key(|kernel| core::cmp::Reverse(kernel.outputs));
        found
    };
    let plain = match lane_axis {
        LaneAxis::Channels => spec.multiplier == 1,
        LaneAxis::Columns => window.stride[1] != 2,
        LaneAxis::Elements => false,
    };
    let lines_along = |axis: usize| {
        let window = [window.kernel[axis], window.stride[axis], window.dilation[axis]];
        let tuned = !exact_padding && (plain || window[0] <= VERSATILE_TAPS);
        LineKernels::new(window, |of| if of.is_some() && !tuned { Vec::new() } else { kernels_for(of) })
    };
    let down = lane_axis == LaneAxis::Channels && window.kernel[1] == 1 && window.kernel[0] > 1;
    let square = window.kernel == [wanted.0; 2] && window.stride == [wanted.1; 2] && window.dilation == [1, 1];
    let walks = candidates::<ColumnHwc>(isa, spec.dtype, epilogue)
        .filter(|_| square && lane_axis == LaneAxis::Channels && spec.multiplier == 1)
        .filter(|kernel| kernel.shape.window == wanted)
        .collect();
    let walk = candidates::<ColumnChw>(isa, spec.dtype, epilogue)
        .filter(|_| square && lane_axis == LaneAxis::Columns && !exact_padding)
        .find(|kernel| kernel.shape.window == wanted)
        .map(LineRow::from);
    let paired = candidates::<LineTwoChannels>(isa, spec.dtype, epilogue)
        .filter(|_| side_by_side && lane_axis == LaneAxis::Columns && window.stride == [wanted.1; 2])
        .find(|kernel| kernel.shape.window == wanted)
        .map(LineRow::from);
    let (lines, down) = (lines_along(inner), down.then(|| lines_along(0)));
    DepthwiseChoice { lane_axis, lines, down, paired, walks, walk, copy: row_copy(isa, spec.dtype), exact_padding }
}

fn lane_axis(spec: &DepthwiseSpec, isa: Isa) -> LaneAxis {
    match spec.layout {
        Layout::Chw => LaneAxis::Columns,
        // Half a vector of channels or fewer: rows of elements fill vectors better.
        Layout::Hwc if spec.multiplier == 1 && 2 * spec.channels <= lanes(isa) => LaneAxis::Elements,
        Layout::Hwc => LaneAxis::Channels,
    }
}

/// The sizes that decide whether to [`walk`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct WalkSizes {
    /// Outputs of a row.
    pub outputs: usize,
    /// Vectors of channels.
    pub vectors: usize,
    /// Bytes between neighbouring pixels of the input.
    pub pixel_bytes: usize,
}

/// The walk down columns of pixels that suits a map; none where lines are faster. All of it measured, see 2026-11-25 in docs/notebook.
pub(crate) fn walk(walks: &[&'static Kernel<ColumnHwc>], sizes: WalkSizes) -> Option<&'static Kernel<ColumnHwc>> {
    // Pixels that meet few sets of the first-level cache, where a narrow column is best, and a line is used whole.
    let competing = sizes.pixel_bytes.is_multiple_of(1024);
    let cost = |kernel: &&&'static Kernel<ColumnHwc>| {
        let ColumnHwcShape { pixels, vectors, .. } = kernel.shape;
        (vectors > sizes.vectors, competing && vectors == 1, sizes.outputs.next_multiple_of(pixels))
    };
    let best = walks.iter().min_by_key(cost)?;
    let ColumnHwcShape { window: (_, stride), pixels, held, .. } = best.shape;
    let whole = sizes.outputs.is_multiple_of(pixels);
    let pays = if competing {
        whole || (stride == 2 && !sizes.pixel_bytes.is_multiple_of(4096))
    } else {
        whole && sizes.outputs >= 16 && sizes.pixel_bytes >= 256
    };
    (held || pays).then_some(*best)
}

/// Whether a map may come that [`walk`] has none for.
pub(crate) fn needs_lines(walks: &[&'static Kernel<ColumnHwc>]) -> bool {
    !walks.iter().any(|kernel| kernel.shape.held)
}

/// A kernel of matrix products, and the rows of its tile.
pub(crate) type TileKernel = (usize, &'static Kernel<Tile>);

/// The kernel for few pixels (CHW), and the vectors of output channels that a panel may have for it.
pub(crate) type FewPixelsKernel = (usize, &'static Kernel<FewPixels>);

/// The kernels of matrix products of a layout with so many vectors of columns, the tallest tile first.
pub(crate) fn tiles(layout: Layout, vectors: usize, isa: Isa, dtype: DType, epilogue: EpilogueKind) -> Vec<TileKernel> {
    let mut found: Vec<_> = candidates::<Tile>(isa, dtype, epilogue)
        .filter(|kernel| kernel.shape.layout == layout && kernel.shape.vectors == vectors)
        .map(|kernel| (kernel.shape.rows, kernel))
        .collect();
    found.sort_by_key(|&(rows, _)| core::cmp::Reverse(rows));
    found
}

/// Vectors of columns of a layout's widest tile of a matrix product.
pub(crate) fn tile_vectors(layout: Layout, isa: Isa, dtype: DType, epilogue: EpilogueKind) -> usize {
    let shapes = candidates::<Tile>(isa, dtype, epilogue).map(|kernel| kernel.shape);
    let vectors = shapes.filter(|shape| shape.layout == layout).map(|shape| shape.vectors);
    vectors.max().expect("every instruction set has tiles of products")
}

/// The kernel for few pixels.
pub(crate) fn few_pixels(isa: Isa, dtype: DType, epilogue: EpilogueKind) -> FewPixelsKernel {
    let found = candidates::<FewPixels>(isa, dtype, epilogue).next();
    found.map(|kernel| (kernel.shape.vectors, kernel)).expect("every instruction set has a kernel for few pixels")
}

/// The row copy of an instruction set.
pub(crate) fn row_copy(isa: Isa, dtype: DType) -> &'static Kernel<CopyRows> {
    let mut all = candidates::<CopyRows>(isa, dtype, EpilogueKind::Clamp);
    all.next().expect("every instruction set has a row copy")
}

fn candidates<F: Family>(isa: Isa, dtype: DType, epilogue: EpilogueKind) -> impl Iterator<Item = &'static Kernel<F>> {
    F::KERNELS.iter().filter(move |k| k.isa == isa && k.dtype == dtype && k.epilogue.serves(epilogue))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(all(
        any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little", target_feature = "neon")),
        not(sepconv_portable_only)
    ))]
    fn chosen(spec: &DepthwiseSpec, isa: Isa) -> &'static str {
        depthwise(spec, isa, EpilogueKind::Clamp, true).lines.first().name()
    }

    #[cfg(all(target_arch = "aarch64", target_endian = "little", target_feature = "neon", not(sepconv_portable_only)))]
    #[test]
    fn neon_has_long_lines_and_wide_products() {
        let spec = DepthwiseSpec::new(64, [3, 3]);
        let of = |spec| depthwise(&spec, Isa::Neon, EpilogueKind::Clamp, true);
        assert!(of(spec).walks.is_empty());
        assert_eq!(chosen(&spec, Isa::Neon), "f32_dw_hwc_nx3s1_1x14__neon");
        assert_eq!(chosen(&spec.stride([2, 2]), Isa::Neon), "f32_dw_hwc_nx3s2_1x7__neon");
        assert_eq!(chosen(&spec.layout(Layout::Chw), Isa::Neon), "f32_dw_chw_3xns1_14x1__neon");
        assert_eq!(chosen(&DepthwiseSpec::new(64, [7, 7]), Isa::Neon), "f32_dw_hwc_nx7s1_1x14__neon");
        assert_eq!(chosen(&DepthwiseSpec::new(64, [4, 4]), Isa::Neon), "f32_dw_hwc_generic_1x8__neon");
        // Two of four lanes: whole rows of elements.
        assert_eq!(of(DepthwiseSpec::new(2, [3, 3])).lane_axis, LaneAxis::Elements);
        assert_eq!(of(DepthwiseSpec::new(3, [3, 3])).lane_axis, LaneAxis::Channels);
        let vectors = |layout| tile_vectors(layout, Isa::Neon, DType::F32, EpilogueKind::Curve);
        assert_eq!((vectors(Layout::Hwc), vectors(Layout::Chw)), (4, 3));
    }

    #[cfg(all(target_arch = "x86_64", not(sepconv_portable_only)))]
    #[test]
    fn tuned_kernels_are_chosen_by_taps_and_stride_along_the_line() {
        let spec = DepthwiseSpec::new(64, [3, 3]);
        assert_eq!(chosen(&spec, Isa::Avx2), "f32_dw_hwc_nx3s1_1x7__avx2");
        assert_eq!(chosen(&spec.layout(Layout::Chw), Isa::Avx2), "f32_dw_chw_3xns1_7x1__avx2");
        assert_eq!(chosen(&spec.stride([1, 2]), Isa::Avx2), "f32_dw_hwc_nx3s2_1x7__avx2");
        assert_eq!(chosen(&spec.dilation([2, 1]), Isa::Avx2), "f32_dw_hwc_nx3s1_1x7__avx2");
        assert_eq!(chosen(&spec.dilation([1, 2]), Isa::Avx2), "f32_dw_hwc_nx3s1_1x7__avx2");
        assert_eq!(chosen(&spec.dilation([1, 2]).stride([1, 2]), Isa::Avx2), "f32_dw_hwc_nx3s1_1x7__avx2");
        assert_eq!(chosen(&spec.dilation([1, 3]).stride([1, 2]), Isa::Avx2), "f32_dw_hwc_nx3s2_1x7__avx2");
        assert_eq!(chosen(&DepthwiseSpec::new(64, [5, 4]), Isa::Avx512), "f32_dw_hwc_generic_1x8__avx512");
        // Many taps: where lanes are touched in a plain way.
        let spec = DepthwiseSpec::new(64, [9, 9]);
        assert_eq!(chosen(&spec, Isa::Avx2), "f32_dw_hwc_nx9s1_1x4__avx2");
        assert_eq!(chosen(&spec.layout(Layout::Chw), Isa::Avx512), "f32_dw_chw_9xns1_7x1__avx512");
        assert_eq!(chosen(&spec.multiplier(2), Isa::Avx2), "f32_dw_hwc_generic_1x8__avx2");
        assert_eq!(chosen(&spec.layout(Layout::Chw).stride([1, 2]), Isa::Avx2), "f32_dw_chw_generic_8x1__avx2");
        assert_eq!(chosen(&DepthwiseSpec::new(2, [9, 9]), Isa::Avx2), "f32_dw_hwc_generic_1x8__avx2");
    }

    #[cfg(all(target_arch = "x86_64", not(sepconv_portable_only)))]
    #[test]
    fn walks_are_for_square_windows_without_multiplier() {
        let names = |spec: DepthwiseSpec, isa| {
            let choice = depthwise(&spec, isa, EpilogueKind::Clamp, true);
            let walks = choice.walks.iter().map(|kernel| kernel.name);
            walks.chain(choice.walk.map(|kernel| kernel.name())).collect::<Vec<_>>()
        };
        let spec = DepthwiseSpec::new(64, [3, 3]);
        assert_eq!(names(spec, Isa::Avx512), ["f32_dw_hwc_3x3s1_3x2x2v__avx512", "f32_dw_hwc_3x3s1_3x7x1v__avx512"]);
        assert_eq!(names(spec, Isa::Avx2), ["f32_dw_hwc_3x3s1_3x2x2v__avx2"]);
        assert_eq!(names(spec.layout(Layout::Chw), Isa::Avx512), ["f32_dw_chw_3x3s1_3x3v__avx512"]);
        // With 16 registers lines are faster at stride 1.
        assert!(names(spec.layout(Layout::Chw), Isa::Avx2).is_empty());
        let halved = spec.layout(Layout::Chw).stride([2, 2]);
        assert_eq!(names(halved, Isa::Avx2), ["f32_dw_chw_3x3s2_2x3v__avx2"]);
        for spec in [spec.multiplier(2), spec.dilation([2, 1]), spec.stride([1, 2])] {
            assert!(names(spec, Isa::Avx512).is_empty(), "{spec:?}");
        }
        // Padded zeros must not meet infinite weights.
        let infinite = depthwise(&spec.layout(Layout::Chw), Isa::Avx512, EpilogueKind::Clamp, false);
        assert!(infinite.walk.is_none() && infinite.paired.is_none());
    }

    #[cfg(all(target_arch = "x86_64", not(sepconv_portable_only)))]
    #[test]
    fn walks_are_chosen_for_the_map() {
        let of = |isa, stride: usize, [outputs, vectors, pixel_bytes]: [usize; 3]| {
            let spec = DepthwiseSpec::new(64, [3, 3]).stride([stride, stride]);
            let walks = depthwise(&spec, isa, EpilogueKind::Clamp, true).walks;
            let kernel = walk(&walks, WalkSizes { outputs, vectors, pixel_bytes })?;
            Some(kernel.name.split("__").next()?.rsplit('_').next()?.to_owned())
        };
        let (narrow, wide) = (Some("2x2v".to_owned()), Some("7x1v".to_owned()));
        let tail = |stride, map| of(Isa::Avx512, stride, map).map(|name| name[2..].to_owned());
        assert_eq!(tail(1, [112, 2, 128]), narrow);
        assert_eq!(tail(1, [7, 60, 3840]), wide, "least waste");
        assert_eq!(tail(1, [9, 60, 3840]), narrow, "least waste");
        assert_eq!(tail(1, [14, 1, 64]), wide, "one vector");
        assert_eq!(tail(2, [28, 8, 512]), wide, "the first of equals");
        assert_eq!(tail(2, [7, 32, 2048]), narrow, "competing pixels");
        let avx2 = |map| of(Isa::Avx2, 1, map).is_some();
        assert!(avx2([28, 24, 768]) && avx2([14, 64, 2048]));
        assert!(!avx2([14, 48, 1536]) && !avx2([7, 128, 4096]) && !avx2([112, 4, 128]));
        assert!(of(Isa::Avx2, 2, [7, 64, 2048]).is_some() && of(Isa::Avx2, 2, [7, 72, 2304]).is_none());
        let walks = |isa| depthwise(&DepthwiseSpec::new(64, [3, 3]), isa, EpilogueKind::Clamp, true).walks;
        assert!(needs_lines(&walks(Isa::Avx2)) && needs_lines(&[]) && !needs_lines(&walks(Isa::Avx512)));
    }

    #[cfg(all(target_arch = "x86_64", not(sepconv_portable_only)))]
    #[test]
    fn pairs_are_for_columns_of_five_and_seven_taps() {
        let paired = |spec: DepthwiseSpec| {
            depthwise(&spec, Isa::Avx512, EpilogueKind::Clamp, true).paired.map(|kernel| kernel.name())
        };
        let spec = DepthwiseSpec::new(64, [5, 3]).layout(Layout::Chw);
        assert_eq!(paired(spec), Some("f32_dw_chw_5xns1_7x1_2c__avx512"));
        assert_eq!(paired(spec.layout(Layout::Hwc)), None);
        assert_eq!(paired(spec.dilation([2, 1])), None);
        assert_eq!(paired(spec.stride([1, 2])), None);
        assert_eq!(paired(DepthwiseSpec::new(64, [4, 4]).layout(Layout::Chw)), None);
    }

    #[test]
    fn few_channels_fill_vectors_with_whole_rows() {
        assert_eq!(lane_axis(&DepthwiseSpec::new(3, [3, 3]), Isa::Portable), LaneAxis::Elements);
        assert_eq!(lane_axis(&DepthwiseSpec::new(5, [3, 3]), Isa::Portable), LaneAxis::Channels);
        assert_eq!(lane_axis(&DepthwiseSpec::new(3, [3, 3]).multiplier(2), Isa::Portable), LaneAxis::Channels);
    }

    #[test]
    fn infinite_weights_keep_clear_of_padded_zeros() {
        let spec = DepthwiseSpec::new(3, [3, 3]).layout(Layout::Chw);
        let choice = depthwise(&spec, Isa::Portable, EpilogueKind::Clamp, false);
        assert!(choice.exact_padding);
        assert_eq!(choice.lines.first().name(), "f32_dw_chw_generic_4x1__portable");
    }

    #[test]
    fn half_a_vector_of_channels_is_few() {
        // Eight lanes.
        for (channels, expected) in
            [(1, LaneAxis::Elements), (4, LaneAxis::Elements), (5, LaneAxis::Channels), (16, LaneAxis::Channels)]
        {
            assert_eq!(lane_axis(&DepthwiseSpec::new(channels, [3, 3]), Isa::Portable), expected, "{channels}");
        }
        let chw = DepthwiseSpec::new(2, [3, 3]).layout(Layout::Chw);
        assert_eq!(lane_axis(&chw, Isa::Portable), LaneAxis::Columns);
    }

    #[test]
    fn portable_lines_fit_the_axis_that_they_run_along() {
        let names = |spec: &DepthwiseSpec, finite| {
            let choice = depthwise(spec, Isa::Portable, EpilogueKind::Clamp, finite);
            assert!(choice.walks.is_empty() && choice.walk.is_none() && choice.paired.is_none());
            assert_eq!(choice.copy.name, "f32_copy_row__portable");
            choice.lines.all().map(|line| line.name().trim_end_matches("__portable")).collect::<Vec<_>>()
        };
        let (hwc, generic) = (["f32_dw_hwc_nx3s1_1x4"], ["f32_dw_hwc_generic_1x4"]);
        let both = [generic[0], hwc[0]];
        let spec = DepthwiseSpec::new(64, [5, 3]);
        // Along a row of pixels: taps, stride and dilation of the rows do not matter.
        assert_eq!(names(&spec.stride([2, 1]).dilation([3, 1]), true), hwc);
        assert_eq!(names(&spec.dilation([1, 2]), true), both);
        assert_eq!(names(&spec.stride([1, 3]), true), generic);
        // Padding is skipped there, whatever the weights are.
        assert_eq!(names(&spec, false), hwc);
        assert!(!depthwise(&spec, Isa::Portable, EpilogueKind::Clamp, false).exact_padding);
        // Along a column, and along a column with a tap for each lane.
        let down = spec.layout(Layout::Chw).dilation([1, 2]);
        assert_eq!(names(&down, true), ["f32_dw_chw_5xns1_2x1"]);
        assert!(!depthwise(&down, Isa::Portable, EpilogueKind::Clamp, true).exact_padding);
        assert_eq!(names(&DepthwiseSpec::new(2, [3, 5]), true), hwc);
        assert_eq!(names(&DepthwiseSpec::new(2, [3, 5]), false), generic);
    }

    #[test]
    fn products_have_tiles_of_every_height_the_tallest_first() {
        let tiles = |layout, vectors, epilogue| {
            let found = tiles(layout, vectors, Isa::Portable, DType::F32, epilogue);
            found.iter().map(|(rows, kernel)| (*rows, kernel.name)).collect::<Vec<_>>()
        };
        let hwc =
            [(4, "f32_pw_hwc_4x1v__portable"), (2, "f32_pw_hwc_2x1v__portable"), (1, "f32_pw_hwc_1x1v__portable")];
        assert_eq!(tiles(Layout::Hwc, 1, EpilogueKind::Clamp), hwc);
        assert_eq!(tiles(Layout::Chw, 1, EpilogueKind::Curve)[0], (4, "f32_pw_chw_4x1v_curve__portable"));
        assert_eq!(tiles(Layout::Hwc, 2, EpilogueKind::Clamp), []);
        for layout in Layout::ALL {
            assert_eq!(tile_vectors(layout, Isa::Portable, DType::F32, EpilogueKind::Clamp), 1);
        }
    }

    #[cfg(all(target_arch = "x86_64", not(sepconv_portable_only)))]
    #[test]
    fn products_of_wide_registers_have_tiles_of_two_widths() {
        let heights = |layout, vectors| {
            let found = tiles(layout, vectors, Isa::Avx512, DType::F32, EpilogueKind::Clamp);
            found.iter().map(|(rows, _)| *rows).collect::<Vec<_>>()
        };
        assert_eq!(heights(Layout::Hwc, 1), [14, 7, 4, 2, 1]);
        assert_eq!(heights(Layout::Hwc, 2), [14, 7, 4, 2, 1]);
        assert_eq!(heights(Layout::Chw, 2), [14, 8, 4, 2, 1]);
        assert_eq!(heights(Layout::Chw, 1), [14, 8, 4, 2, 1]);
        assert_eq!(tile_vectors(Layout::Hwc, Isa::Avx512, DType::F32, EpilogueKind::Clamp), 2);
    }
}
