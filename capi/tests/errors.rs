//! Every way to misuse the interface that a library can notice ends in a status and a message with the numbers.

use core::ffi::{CStr, c_char, c_void};
use core::ptr::{null, null_mut};
use sepconv_capi::*;

const SHAPE: [usize; 4] = [1, 2, 4, 4];
const LEN: usize = 32;

/// The last error of this thread.
fn last_error() -> String {
    // SAFETY: the function returns a text.
    unsafe { CStr::from_ptr(sepconv_last_error()) }.to_string_lossy().into_owned()
}

/// The status is this one, and the message names all of these.
#[track_caller]
fn assert_refused(status: SepconvStatus, expected: SepconvStatus, names: &[&str]) {
    let message = last_error();
    assert_eq!(status, expected, "{message}");
    for name in names {
        assert!(message.contains(name), "{message:?} does not say {name:?}");
    }
}

fn depthwise(weights: &[f32]) -> DepthwiseParams {
    let mut params = core::mem::MaybeUninit::<DepthwiseParams>::uninit();
    // SAFETY: there is room for the structure.
    let status = unsafe { sepconv_depthwise_params_init(params.as_mut_ptr(), size_of::<DepthwiseParams>()) };
    assert_eq!(status, SepconvStatus::Ok);
    // SAFETY: init has written all of it.
    let mut params = unsafe { params.assume_init() };
    params.channels = 2;
    params.window.kernel = [3, 3];
    params.padding = SepconvPadding::Same as u32;
    params.weights = WeightsView { data: weights.as_ptr(), len: weights.len() };
    params
}

fn create(params: &DepthwiseParams) -> (SepconvStatus, *mut Handle) {
    let mut created = null_mut();
    // SAFETY: `params` is a structure with live slices.
    (unsafe { sepconv_depthwise_create(params, null(), &raw mut created) }, created)
}

/// A depthwise operator with its views; freed when dropped.
struct Bench {
    op: *mut Handle,
    input: Vec<f32>,
    output: Vec<f32>,
    workspace: Vec<[f32; 64]>,
}

impl Bench {
    fn new() -> Self {
        let (status, op) = create(&depthwise(&[1.0; 18]));
        assert_eq!(status, SepconvStatus::Ok);
        Self { op, input: vec![1.0; LEN], output: vec![0.0; LEN], workspace: vec![[0.0; 64]; 4096] }
    }

    fn input(&self) -> InputView {
        let struct_size = size_of::<InputView>();
        InputView { struct_size, data: self.input.as_ptr(), len: LEN, shape: SHAPE, strides: [32, 1, 8, 2] }
    }

    fn output(&mut self) -> OutputView {
        let struct_size = size_of::<OutputView>();
        OutputView { struct_size, data: self.output.as_mut_ptr(), len: LEN, shape: SHAPE, strides: [32, 1, 8, 2] }
    }

    fn workspace(&mut self) -> (*mut c_void, usize) {
        let start = self.workspace.as_mut_ptr().cast::<u8>();
        let skip = start.align_offset(SEPCONV_WORKSPACE_ALIGNMENT);
        (start.wrapping_add(skip).cast(), size_of_val(&*self.workspace) - skip)
    }

    fn run(&mut self, input: &InputView, output: &OutputView, parallel: Option<&ParallelFor>) -> SepconvStatus {
        let (workspace, bytes) = self.workspace();
        let parallel = parallel.map_or(null(), |parallel| parallel as *const _);
        // SAFETY: the views are this bench's memory, or wrong in ways that are noticed before it is touched.
        unsafe { sepconv_run(self.op, input, output, workspace, bytes, parallel) }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // SAFETY: made by `create`.
        unsafe { sepconv_operator_destroy(self.op) };
    }
}

#[test]
fn a_correct_run_succeeds() {
    let mut bench = Bench::new();
    let (input, output) = (bench.input(), bench.output());
    assert_eq!(bench.run(&input, &output, None), SepconvStatus::Ok);
    assert_eq!((bench.output[0], bench.output[2], bench.output[10]), (4.0, 6.0, 9.0));
}

#[test]
fn null_pointers() {
    let mut bench = Bench::new();
    let (input, output) = (bench.input(), bench.output());
    let (workspace, bytes) = bench.workspace();
    let mut sizes = [0; 4];
    let mut size = 0;
    let null_refused = |status, name| assert_refused(status, SepconvStatus::NullPointer, &[name]);
    // SAFETY: pointers are null or right.
    unsafe {
        null_refused(sepconv_depthwise_create(null(), null(), null_mut()), "created");
        let mut created = null_mut();
        null_refused(sepconv_depthwise_create(null(), null(), &raw mut created), "sepconv_depthwise_params");
        null_refused(sepconv_separable_create(null(), null(), null(), &raw mut created), "sepconv_depthwise_params");
        null_refused(sepconv_pointwise_create(null(), null(), &raw mut created), "sepconv_pointwise_params");
        null_refused(sepconv_conv2d_create(null(), null(), &raw mut created), "sepconv_conv2d_params");
        let status = sepconv_inverted_residual_create(null(), null(), null(), 0, null(), &raw mut created);
        null_refused(status, "sepconv_depthwise_params");
        null_refused(sepconv_run(null(), &input, &output, workspace, bytes, null()), "op");
        null_refused(sepconv_run(bench.op, null(), &output, workspace, bytes, null()), "sepconv_input");
        null_refused(sepconv_run(bench.op, &input, null(), workspace, bytes, null()), "sepconv_output");
        null_refused(sepconv_run(bench.op, &input, &output, null_mut(), 64, null()), "workspace");
        null_refused(sepconv_output_shape(bench.op, null(), sizes.as_mut_ptr()), "input_shape");
        null_refused(sepconv_output_shape(bench.op, SHAPE.as_ptr(), null_mut()), "output_shape");
        null_refused(sepconv_workspace_size(null(), SHAPE.as_ptr(), 1, &raw mut size), "op");
        null_refused(sepconv_workspace_size(bench.op, SHAPE.as_ptr(), 1, null_mut()), "bytes");
        null_refused(sepconv_depthwise_params_init(null_mut(), 100), "sepconv_depthwise_params");
        null_refused(sepconv_pointwise_params_init(null_mut(), 100), "sepconv_pointwise_params");
        null_refused(sepconv_conv2d_params_init(null_mut(), 100), "sepconv_conv2d_params");
        let mut layout = 0;
        null_refused(sepconv_operator_layout(null(), &raw mut layout), "op");
        null_refused(sepconv_operator_layout(bench.op, null_mut()), "layout");
        null_refused(sepconv_isa_preferred(null_mut()), "isa");
        null_refused(sepconv_contiguous_strides(0, SHAPE.as_ptr(), null_mut()), "strides");
        sepconv_operator_destroy(null_mut());
        assert_eq!(*sepconv_operator_isa(null()), 0);
        assert_eq!(*sepconv_operator_kernel(null()), 0);
    }
    null_refused(bench.run(&InputView { data: null(), ..input }, &output, None), "input.data");
    null_refused(bench.run(&input, &OutputView { data: null_mut(), ..output }, None), "output.data");
    let params = DepthwiseParams { weights: WeightsView { data: null(), len: 18 }, ..depthwise(&[0.0; 18]) };
    null_refused(create(&params).0, "weights.data");
    let params = DepthwiseParams { bias: BiasView { data: null(), len: 2 }, ..depthwise(&[0.0; 18]) };
    null_refused(create(&params).0, "bias.data");
}

#[test]
fn misaligned_pointers() {
    let mut bench = Bench::new();
    let (input, output) = (bench.input(), bench.output());
    let (workspace, bytes) = bench.workspace();
    let misaligned = SepconvStatus::Misaligned;
    let odd = InputView { data: input.data.wrapping_byte_add(2), len: LEN - 1, ..input };
    assert_refused(bench.run(&odd, &output, None), misaligned, &["input.data", "multiple of 4"]);
    let odd = OutputView { data: output.data.wrapping_byte_add(1), len: LEN - 1, ..output };
    assert_refused(bench.run(&input, &odd, None), misaligned, &["output.data", "multiple of 4"]);
    // SAFETY: refused before anything is read.
    unsafe {
        let status = sepconv_run(bench.op, &input, &output, workspace.wrapping_byte_add(4), bytes - 4, null());
        assert_refused(status, misaligned, &["workspace", "multiple of 64"]);
        let status = sepconv_run(bench.op.wrapping_byte_add(1), &input, &output, workspace, bytes, null());
        assert_refused(status, misaligned, &["op"]);
        let mut created = null_mut();
        let params = depthwise(&[0.0; 18]);
        let status = sepconv_depthwise_create((&raw const params).wrapping_byte_add(4), null(), &raw mut created);
        assert_refused(status, misaligned, &["sepconv_depthwise_params"]);
        sepconv_operator_destroy(bench.op.wrapping_byte_add(1));
    }
}

#[test]
fn struct_sizes() {
    let weights = [0.0; 18];
    for size in [0, 8, size_of::<DepthwiseParams>() - 1, 1 << 40] {
        let params = DepthwiseParams { struct_size: size, ..depthwise(&weights) };
        assert_refused(create(&params).0, SepconvStatus::StructSize, &[&size.to_string()]);
    }
    /// The structure as a later version might have it.
    #[repr(C)]
    struct Longer {
        known: DepthwiseParams,
        added: [u64; 2],
    }
    let known = DepthwiseParams { struct_size: size_of::<Longer>(), ..depthwise(&weights) };
    let mut longer = Longer { known, added: [0, 0] };
    let mut created = null_mut();
    // SAFETY: the structure has the size that it states.
    unsafe {
        assert_eq!(sepconv_depthwise_create((&raw const longer).cast(), null(), &raw mut created), SepconvStatus::Ok);
        sepconv_operator_destroy(created);
        longer.added[1] = 1;
        let status = sepconv_depthwise_create((&raw const longer).cast(), null(), &raw mut created);
        assert_refused(status, SepconvStatus::StructSize, &["beyond"]);
    }
}

#[test]
fn wrong_parameters() {
    let weights = [0.0; 18];
    let good = depthwise(&weights);
    let refused = |params: DepthwiseParams, status, names: &[&str]| assert_refused(create(&params).0, status, names);
    let invalid = SepconvStatus::InvalidParameter;
    refused(DepthwiseParams { channels: 0, ..good }, invalid, &["channels"]);
    refused(DepthwiseParams { channels: usize::MAX, ..good }, invalid, &[&usize::MAX.to_string()]);
    let window = WindowParams { stride: [1, 0], ..good.window };
    refused(DepthwiseParams { window, ..good }, invalid, &["stride", "width"]);
    let window = WindowParams { pads: [0, 0, 7, 0], ..good.window };
    refused(DepthwiseParams { window, ..good }, invalid, &["SAME", "7"]);
    let clamp = ActivationParams { kind: SepconvActivation::Clamp as u32, parameters: [2.0, 1.0] };
    refused(DepthwiseParams { activation: clamp, ..good }, invalid, &["clamp", "2.0"]);
    let unknown = SepconvStatus::UnknownValue;
    refused(DepthwiseParams { padding: 9, ..good }, unknown, &["padding", "9"]);
    refused(DepthwiseParams { layout: 9, ..good }, unknown, &["layout", "9"]);
    refused(DepthwiseParams { weight_order: 9, ..good }, unknown, &["weight_order", "9"]);
    let activation = ActivationParams { kind: 77, parameters: [0.0; 2] };
    refused(DepthwiseParams { activation, ..good }, unknown, &["activation", "77"]);
    let length = SepconvStatus::LengthMismatch;
    refused(DepthwiseParams { weights: WeightsView { len: 17, ..good.weights }, ..good }, length, &["17", "18"]);
    refused(
        DepthwiseParams { weights: WeightsView { len: usize::MAX, ..good.weights }, ..good },
        length,
        &["no memory"],
    );
    refused(DepthwiseParams { bias: BiasView { data: weights.as_ptr(), len: 3 }, ..good }, length, &["3", "2"]);
    for (name, status) in [(c"sse9", SepconvStatus::UnknownIsa), (c"\xff\xfe", SepconvStatus::UnknownIsa)] {
        let mut created = null_mut();
        // SAFETY: the structure is complete, the name ends with a NUL.
        assert_eq!(unsafe { sepconv_depthwise_create(&good, name.as_ptr(), &raw mut created) }, status);
        assert!(created.is_null());
    }
}

#[test]
fn wrong_parts_of_an_inverted_residual() {
    let (depthwise_weights, pointwise_weights) = ([0.0; 18], [0.0; 4]);
    let depthwise = depthwise(&depthwise_weights);
    let mut part = core::mem::MaybeUninit::<PointwiseParams>::uninit();
    // SAFETY: there is room for the structure, and init writes all of it.
    let mut part = unsafe {
        let status = sepconv_pointwise_params_init(part.as_mut_ptr(), size_of::<PointwiseParams>());
        assert_eq!(status, SepconvStatus::Ok);
        part.assume_init()
    };
    (part.in_channels, part.out_channels) = (2, 2);
    part.weights = WeightsView { data: pointwise_weights.as_ptr(), len: 4 };
    let refused = |expand: PointwiseParams, residual, status, names: &[&str]| {
        let mut created = null_mut();
        // SAFETY: the parameters live.
        let actual =
            unsafe { sepconv_inverted_residual_create(&expand, &depthwise, &part, residual, null(), &raw mut created) };
        assert_refused(actual, status, names);
        assert!(created.is_null());
    };
    refused(part, 2, SepconvStatus::UnknownValue, &["residual", "2"]);
    let invalid = SepconvStatus::InvalidParameter;
    refused(PointwiseParams { stride: [1, 3], ..part }, 0, invalid, &["expanding", "1×3"]);
    refused(PointwiseParams { out_channels: 3, ..part }, 0, SepconvStatus::ShapeMismatch, &["3", "2"]);
    refused(PointwiseParams { struct_size: 1, ..part }, 0, SepconvStatus::StructSize, &["1"]);
    refused(PointwiseParams { reserved: 5, ..part }, 0, SepconvStatus::UnknownValue, &["reserved", "5"]);
    let mut created = null_mut();
    // SAFETY: null is refused.
    let status = unsafe { sepconv_inverted_residual_create(&part, &depthwise, null(), 0, null(), &raw mut created) };
    assert_refused(status, SepconvStatus::NullPointer, &["sepconv_pointwise_params"]);
}

#[test]
fn wrong_tensors() {
    let mut bench = Bench::new();
    let (input, output) = (bench.input(), bench.output());
    let status = bench.run(&InputView { len: LEN - 1, ..input }, &output, None);
    assert_refused(status, SepconvStatus::LengthMismatch, &["32", "31"]);
    let status = bench.run(&input, &OutputView { len: 0, ..output }, None);
    assert_refused(status, SepconvStatus::LengthMismatch, &["32", "0"]);
    let status = bench.run(&InputView { shape: [1, 3, 4, 4], len: 48, strides: [48, 1, 8, 2], ..input }, &output, None);
    assert_ne!(status, SepconvStatus::Ok);
    let status = bench.run(&InputView { shape: [1, 2, 0, 4], ..input }, &output, None);
    assert_refused(status, SepconvStatus::InvalidParameter, &["height"]);
    let status = bench.run(&InputView { shape: [usize::MAX; 4], ..input }, &output, None);
    assert_refused(status, SepconvStatus::InvalidParameter, &["overflow"]);
    let status = bench.run(&InputView { strides: [usize::MAX; 4], ..input }, &output, None);
    assert_ne!(status, SepconvStatus::Ok);
    let status = bench.run(&InputView { strides: [32, 1, 4, 2], ..input }, &output, None);
    assert_refused(status, SepconvStatus::InvalidStrides, &["4"]);
    let status = bench.run(&InputView { strides: [32, 16, 4, 1], ..input }, &output, None);
    assert_refused(status, SepconvStatus::InvalidStrides, &["hwc", "16"]);
    let status = bench.run(&input, &OutputView { shape: [1, 2, 4, 3], ..output }, None);
    assert_refused(status, SepconvStatus::ShapeMismatch, &["1×2×4×3", "1×2×4×4"]);
    let same = bench.input.as_mut_ptr();
    let status = bench.run(&input, &OutputView { data: same, ..output }, None);
    assert_refused(status, SepconvStatus::Overlap, &["input", "output", "0x"]);
    let workspace = bench.workspace().0.cast();
    let status = bench.run(&InputView { data: workspace, ..input }, &output, None);
    assert_refused(status, SepconvStatus::Overlap, &["input", "workspace"]);
    // SAFETY: refused before anything is read.
    let status = unsafe { sepconv_run(bench.op, &input, &output, null_mut(), 0, null()) };
    let mut needed = 0;
    // SAFETY: all pointers are right.
    assert_eq!(unsafe { sepconv_workspace_size(bench.op, SHAPE.as_ptr(), 1, &raw mut needed) }, SepconvStatus::Ok);
    if needed > 0 {
        assert_refused(status, SepconvStatus::WorkspaceTooSmall, &[&(needed / 4).to_string(), "0"]);
    }
}

extern "C-unwind" fn twice_or_never(_: *mut c_void, tasks: usize, task: Task, context: *mut c_void) {
    // A careless pool: some indices twice, the others not at all.
    for index in (0..tasks).step_by(2).chain(0..1) {
        task.expect("the library passes a task")(context, index);
    }
}

#[test]
fn pools() {
    let mut bench = Bench::new();
    let (input, output) = (bench.input(), bench.output());
    let struct_size = size_of::<ParallelFor>();
    let good = ParallelFor { struct_size, threads: 3, run: Some(twice_or_never), user: null_mut() };
    assert_eq!(bench.run(&input, &output, Some(&good)), SepconvStatus::Ok);
    assert_eq!(bench.output[10], 9.0);
    let status = bench.run(&input, &output, Some(&ParallelFor { threads: 0, ..good }));
    assert_refused(status, SepconvStatus::InvalidParameter, &["threads"]);
    let status = bench.run(&input, &output, Some(&ParallelFor { run: None, ..good }));
    assert_refused(status, SepconvStatus::NullPointer, &["run"]);
    let status = bench.run(&input, &output, Some(&ParallelFor { struct_size: 3, ..good }));
    assert_refused(status, SepconvStatus::StructSize, &["3"]);
    let mut bytes = 0;
    // SAFETY: all pointers are right.
    let status = unsafe { sepconv_workspace_size(bench.op, SHAPE.as_ptr(), 0, &raw mut bytes) };
    assert_refused(status, SepconvStatus::InvalidParameter, &["threads"]);
    // SAFETY: as above.
    let status = unsafe { sepconv_workspace_size(bench.op, SHAPE.as_ptr(), usize::MAX, &raw mut bytes) };
    assert!(status == SepconvStatus::InvalidParameter || bytes == 0);
}

#[test]
fn the_last_error_belongs_to_its_thread() {
    // SAFETY: null is refused.
    let status = unsafe { sepconv_isa_preferred(null_mut()) };
    assert_eq!(status, SepconvStatus::NullPointer);
    std::thread::spawn(|| assert_eq!(last_error(), "")).join().expect("the other thread has no error");
    assert_eq!(last_error(), "isa is null");
}

#[test]
fn names() {
    let text = |name: *const c_char| {
        // SAFETY: a text of the library's.
        unsafe { CStr::from_ptr(name) }.to_str().expect("ASCII").to_owned()
    };
    assert_eq!(text(sepconv_status_name(SepconvStatus::Overlap as i32)), "SEPCONV_STATUS_OVERLAP");
    assert_eq!(text(sepconv_status_name(-5)), "unknown status");
    assert_eq!(text(sepconv_version()), env!("CARGO_PKG_VERSION"));
    let mut names = Vec::new();
    while !sepconv_isa_available(names.len()).is_null() {
        names.push(text(sepconv_isa_available(names.len())));
    }
    assert_eq!(names, sepconv::Isa::available().iter().map(|isa| isa.name()).collect::<Vec<_>>());
    for name in names {
        let isa = std::ffi::CString::new(name.as_str()).expect("no NUL");
        let (mut created, params) = (null_mut(), depthwise(&[0.0; 18]));
        // SAFETY: all pointers are right.
        unsafe {
            assert_eq!(sepconv_depthwise_create(&params, isa.as_ptr(), &raw mut created), SepconvStatus::Ok);
            assert_eq!(text(sepconv_operator_isa(created)), name);
            sepconv_operator_destroy(created);
        }
    }
}
