//! Input, output and workspace between forbidden pages: nothing past either end of any buffer is read or written, not even
//! where a mask or a later overwrite would hide it.
//!
//! A stray access ends the test program with a segmentation fault. With `--nocapture` the last line printed is the case.

use crate::inverted::{Block, blocks};
use crate::support::pages::{End, Pages};
use crate::support::{ACTIVATIONS, Case, Data, Subject, in_turn, same_bits};
use sepconv::{
    Conv2dSpec, DepthwiseSpec, Fusion, InvertedResidualSpec, Isa, Layout, Padding, PointwiseSpec, SeparableSpec,
    Serial, Shape, Strides, TensorMut, TensorRef, Workspace,
};

/// What the scratch holds before a run: a signalling NaN.
const POISON: u32 = 0x7fa5_5a5a;
/// What the output holds before a run.
const UNWRITTEN: u32 = 0x7fc5_a5a5;

/// A workspace of exactly `len` elements that ends (or begins) at a forbidden page.
struct ScratchPages {
    pages: Pages,
    len: usize,
}

impl ScratchPages {
    fn new(len: usize, end: End) -> Self {
        // A workspace starts on a cache line: at the back, up to 15 floats stay between its end and the page.
        let lines = len.next_multiple_of(Workspace::ALIGNMENT / size_of::<f32>());
        Self { pages: Pages::filled(lines, end, POISON), len }
    }

    /// The workspace, which must not outlive `self`.
    fn workspace(&mut self) -> Workspace {
        let data = self.pages.as_mut_slice().as_mut_ptr();
        // SAFETY: the pages hold `len` floats, begin at a multiple of a cache line, and are left alone during the run.
        unsafe { Workspace::from_raw_parts(data, self.len) }
    }
}

fn check(subject: &Subject) {
    println!("{}", subject.name);
    let expected = subject.plain();
    let needed = subject.operator.workspace_len(subject.shape, 1).expect("the subject is valid");
    for (input_end, output_end) in [(End::Front, End::Back), (End::Back, End::Front), (End::Back, End::Back)] {
        let input = Pages::holding(&subject.input, input_end);
        let mut output = Pages::filled(expected.len(), output_end, UNWRITTEN);
        let mut scratch = ScratchPages::new(needed, output_end);
        let source = TensorRef::new(input.as_slice(), subject.shape, subject.layout()).expect("right length");
        let mut target = TensorMut::new(output.as_mut_slice(), subject.output, subject.layout()).expect("right length");
        let run = subject.operator.run(&source, &mut target, &mut scratch.workspace(), &Serial);
        run.unwrap_or_else(|error| panic!("{error}: {}", subject.name));
        assert!(same_bits(output.as_slice(), &expected), "{input_end:?} {output_end:?}: {}", subject.name);
    }
}

/// Rows of a larger tensor whose last element is the last one before the forbidden page.
fn check_rows_of_larger_tensors(subject: &Subject) {
    let wider = |shape: Shape| {
        let Shape { c, h, w, .. } = shape;
        match subject.layout() {
            Layout::Hwc => Strides { n: (h + 1) * (w + 3) * c, c: 1, h: (w + 3) * c, w: c },
            Layout::Chw => Strides { n: c * h * (w + 5), c: h * (w + 5), h: w + 5, w: 1 },
        }
    };
    let offset = |strides: Strides, shape: Shape, i: usize| {
        let Shape { c, h, w, .. } = shape;
        let (n, rest) = (i / (c * h * w), i % (c * h * w));
        let [channel, y, x] = match subject.layout() {
            Layout::Hwc => [rest % c, rest / c / w, rest / c % w],
            Layout::Chw => [rest / (h * w), rest / w % h, rest % w],
        };
        n * strides.n + channel * strides.c + y * strides.h + x * strides.w
    };
    let expected = subject.plain();
    let (from, to) = (wider(subject.shape), wider(subject.output));
    let len = |strides, shape, elements: usize| offset(strides, shape, elements - 1) + 1;
    let mut input = Pages::filled(len(from, subject.shape, subject.input.len()), End::Back, POISON);
    for (i, &value) in subject.input.iter().enumerate() {
        input.as_mut_slice()[offset(from, subject.shape, i)] = value;
    }
    let mut output = Pages::filled(len(to, subject.output, expected.len()), End::Back, UNWRITTEN);
    let source = TensorRef::strided(input.as_slice(), subject.shape, from).expect("exact length");
    let mut target = TensorMut::strided(output.as_mut_slice(), subject.output, to).expect("exact length");
    let run = subject.operator.run(&source, &mut target, &mut subject.workspace(1), &Serial);
    run.unwrap_or_else(|error| panic!("{error}: {}", subject.name));
    let mut rest = output.as_slice().to_vec();
    for (i, &value) in expected.iter().enumerate() {
        let actual = std::mem::replace(&mut rest[offset(to, subject.output, i)], f32::from_bits(UNWRITTEN));
        assert_eq!(actual.to_bits(), value.to_bits(), "element {i}: {}", subject.name);
    }
    assert!(rest.iter().all(|value| value.to_bits() == UNWRITTEN), "a gap was written: {}", subject.name);
}

fn check_case(case: &Case) {
    for layout in Layout::ALL {
        for &isa in Isa::available() {
            let subject = Subject::of_case(&case.with_layout(layout), isa);
            check(&subject);
            check_rows_of_larger_tensors(&subject);
        }
    }
}

/// All kernel sizes with kernels of their own and one without; lengths that leave every alignment of the other end.
#[test]
fn depthwise() {
    let windows =
        [([3, 3], 1), ([3, 3], 2), ([5, 5], 1), ([5, 5], 2), ([7, 7], 1), ([7, 7], 2), ([4, 2], 1), ([2, 3], 3)];
    for (turn, (kernel, stride)) in windows.into_iter().enumerate() {
        for (more, channels) in [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33].into_iter().enumerate() {
            let spec = DepthwiseSpec::new(channels, kernel).stride([stride; 2]);
            let padding = in_turn(&[Padding::Same, Padding::Valid, Padding::uniform(2)], turn + more);
            let spec = spec.padding(padding).activation(in_turn(&ACTIVATIONS, turn + more));
            let size = [in_turn(&[7, 9, 8, 12, 14], more), in_turn(&[7, 15, 16, 17, 19, 33, 31], turn + more)];
            check_case(&Case::new(spec, size));
            if more % 4 == 0 {
                check_case(&Case::new(spec.multiplier(1 + turn % 3).dilation([1, 2]), [13, 18]).batch(2));
            }
        }
    }
}

/// Fewer output rows than a tile has, and a row of the map that none of them reads: a strip of copied rows ends before it.
/// Found here: the tile read that row for its unwanted outputs, behind the end of the workspace.
#[test]
fn a_tile_reads_no_row_beyond_a_strip() {
    for kernel in [2, 3, 5, 7] {
        for channels in 1..=4 {
            for columns in [kernel, kernel + 2, kernel + 9] {
                check_case(&Case::new(DepthwiseSpec::new(channels, [kernel; 2]).stride([2, 2]), [kernel + 1, columns]));
                check_case(&Case::new(DepthwiseSpec::new(channels, [kernel; 2]).stride([3, 3]), [kernel + 5, columns]));
            }
        }
    }
}

/// A band of fewer rows than a tile that runs down the map: of the expanded map only the rows that the band reads are there. Found by
/// fuzzing: the tile read further ones for its unwanted outputs, behind the end of the workspace.
#[test]
fn a_tile_down_the_map_reads_no_row_beyond_a_band() {
    for (kernel, dilation) in [(1, 1), (2, 1), (2, 3), (3, 1), (3, 2), (4, 1), (5, 1), (7, 1), (9, 1), (11, 1)] {
        for stride in [1, 2, 4] {
            let depthwise = DepthwiseSpec::new(24, [kernel, 1]).stride([stride, 1]).dilation([dilation, 1]);
            let depthwise = depthwise.padding(Padding::Explicit { top: 2, left: 0, bottom: 3, right: 0 });
            for (layout, isa) in
                Layout::ALL.iter().flat_map(|&layout| Isa::available().iter().map(move |&isa| (layout, isa)))
            {
                let [expand, project] =
                    [[3, 24], [24, 5]].map(|[inputs, outputs]| PointwiseSpec::new(inputs, outputs).layout(layout));
                let spec = InvertedResidualSpec::new(Some(expand), depthwise.layout(layout), project);
                for rows in 1..=3 {
                    let block = Block::new(spec, Shape::new(1, 3, 24, 32), Data::Reals);
                    check(&Subject::of_block(block, isa, Fusion::Rows(rows)));
                }
            }
        }
    }
}

/// Every remainder of pixels and of output channels.
#[test]
fn pointwise() {
    for outputs in (1..=17).chain([31, 32, 33, 47, 49]) {
        for pixels in [1, 2, 3, 5, 6, 7, 8, 12, 13, 14, 15, 16, 17, 29, 31, 33] {
            let spec = PointwiseSpec::new(1 + (outputs + pixels) % 9, outputs);
            check_case(&Case::new(spec.activation(in_turn(&ACTIVATIONS, outputs + pixels)), [1, pixels]));
        }
        check_case(&Case::new(PointwiseSpec::new(33, outputs).stride([2, 2]), [5, 9]).batch(2));
    }
}

#[test]
fn dense() {
    for (turn, inputs) in [1, 2, 3, 4, 8, 17, 33].into_iter().enumerate() {
        for outputs in [1, 3, 8, 15, 17, 33] {
            let kernel = in_turn(&[[3, 3], [1, 1], [4, 4], [2, 3], [7, 7]], turn + outputs);
            let spec = Conv2dSpec::new(inputs, outputs, kernel).stride(in_turn(&[[1, 1], [2, 2], [3, 1]], turn));
            let padding = in_turn(&[Padding::Same, Padding::Valid, Padding::uniform(3)], outputs);
            check_case(&Case::new(spec.padding(padding), [9, in_turn(&[9, 16, 17, 19], turn)]));
        }
    }
}

#[test]
fn blocks_fused_and_not() {
    for (turn, channels) in [1, 3, 8, 9, 16, 17, 33].into_iter().enumerate() {
        for fusion in [Fusion::Off, Fusion::Rows(1), Fusion::Rows(4)] {
            let kernel = in_turn(&[[3, 3], [5, 5], [7, 7], [3, 2]], turn);
            let depthwise = DepthwiseSpec::new(channels, kernel).stride(in_turn(&[[1, 1], [2, 2]], turn));
            let depthwise = depthwise.padding(in_turn(&[Padding::Same, Padding::Valid], turn)).multiplier(1 + turn % 2);
            let pointwise = PointwiseSpec::new(channels * (1 + turn % 2), in_turn(&[7, 16, 33, 4], turn));
            check_case(&Case::new(SeparableSpec::new(depthwise, pointwise).fusion(fusion), [11, 13 + turn]).batch(2));
        }
    }
    for (spec, shape) in blocks() {
        for &isa in Isa::available() {
            for fusion in [Fusion::Off, Fusion::Auto, Fusion::Rows(2)] {
                let subject = Subject::of_block(Block::new(spec, shape, Data::Reals), isa, fusion);
                check(&subject);
                check_rows_of_larger_tensors(&subject);
            }
        }
    }
}
