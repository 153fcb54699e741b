//! Shapes, workspace, run.

use crate::operator::Handle;
use crate::parallel::{Callback, ParallelFor};
use crate::pointer;
use crate::status::{Failure, SepconvStatus, report};
use crate::versioned;
use crate::view::{InputView, OutputView, addresses, check_apart, shape};
use core::ffi::c_void;
use sepconv::{Serial, Shape, Workspace};

/// Writes the shape of the output (n, c, h, w) for an input of this shape (n, c, h, w).
///
/// # Safety
///
/// `op` is null or lives; four numbers can be read from `input_shape` and written to `output_shape`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sepconv_output_shape(
    op: *const Handle,
    input_shape: *const usize,
    output_shape: *mut usize,
) -> SepconvStatus {
    report(|| {
        // SAFETY: `op` is null or lives, and four numbers can be read from `input_shape`, says the header.
        let (handle, input) = unsafe { question(op, input_shape) }?;
        let output = handle.operator.output_shape(input)?;
        let sizes = [output.n, output.c, output.h, output.w];
        // SAFETY: four numbers can be written to `output_shape`, says the header.
        unsafe { pointer::write(output_shape.cast::<[usize; 4]>(), sizes, "output_shape") }
    })
}

/// Writes how many bytes of workspace a run on an input of this shape (n, c, h, w) with so many threads needs. 0 is possible.
///
/// # Safety
///
/// `op` is null or lives; four numbers can be read from `input_shape`; `bytes` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sepconv_workspace_size(
    op: *const Handle,
    input_shape: *const usize,
    threads: usize,
    bytes: *mut usize,
) -> SepconvStatus {
    report(|| {
        if threads == 0 {
            return Err(Failure::new(SepconvStatus::InvalidParameter, "threads is 0; it must be at least 1"));
        }
        // SAFETY: `op` is null or lives, and four numbers can be read from `input_shape`, says the header.
        let (handle, input) = unsafe { question(op, input_shape) }?;
        let len = handle.operator.workspace_len(input, threads)?;
        let needed = len.checked_mul(size_of::<f32>()).ok_or_else(|| {
            let message = format!("a workspace of {len} elements does not fit the address space");
            Failure::new(SepconvStatus::InvalidParameter, message)
        })?;
        // SAFETY: `bytes` may be written, says the header.
        unsafe { pointer::write(bytes, needed, "bytes") }
    })
}

/// Computes the output. Allocates nothing when it succeeds.
///
/// `workspace` has `workspace_bytes` bytes, at least what sepconv_workspace_size says for this shape and number of threads,
/// at an address that is a multiple of SEPCONV_WORKSPACE_ALIGNMENT; what it holds does not matter. It may be null if it has 0
/// bytes. One workspace serves one run at a time. `parallel` is null to run on the calling thread.
/// Input, output and workspace must not share memory. After a failure the output may be partly written.
///
/// # Safety
///
/// `op` is null or lives; the structures are as they say; their memory and the workspace are not touched by anyone else
/// during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sepconv_run(
    op: *const Handle,
    input: *const InputView,
    output: *const OutputView,
    workspace: *mut c_void,
    workspace_bytes: usize,
    parallel: *const ParallelFor,
) -> SepconvStatus {
    report(|| {
        // SAFETY: `op` is null or lives, and the structures are as they say, says the header.
        let (handle, input, output) =
            unsafe { (pointer::reference(op, "op")?, versioned::read(input)?, versioned::read(output)?) };
        let scratch = addresses(workspace.cast::<u8>(), workspace_bytes);
        let (read, written) = (input.addresses(), output.addresses());
        check_apart(("input", &read), ("output", &written))?;
        check_apart(("input", &read), ("the workspace", &scratch))?;
        check_apart(("output", &written), ("the workspace", &scratch))?;
        // SAFETY: the memory of both views and the workspace is there and is touched by nobody else during the call, says the
        // header; none of it overlaps, checked above, so that what is written has no other name.
        let (input, mut output, mut workspace) =
            unsafe { (input.tensor()?, output.tensor()?, lend(workspace, workspace_bytes)?) };
        if parallel.is_null() {
            return Ok(handle.operator.run(&input, &mut output, &mut workspace, &Serial)?);
        }
        // SAFETY: not null, checked above, and as it says, says the header.
        let callback = Callback::new(&unsafe { versioned::read(parallel) }?)?;
        handle.operator.run(&input, &mut output, &mut workspace, &callback)?;
        callback.check()
    })
}

/// The operator and the shape that a question is about.
///
/// # Safety
///
/// `op` is null or an operator that lives during `'a`; four numbers can be read from `input_shape` if it is neither null nor
/// misaligned.
unsafe fn question<'a>(op: *const Handle, input_shape: *const usize) -> Result<(&'a Handle, Shape), Failure> {
    // SAFETY: `op` is null or lives: what this function asks for; operators do not change.
    let handle = unsafe { pointer::reference(op, "op") }?;
    // SAFETY: four numbers can be read: what this function asks for.
    let sizes = unsafe { pointer::reference(input_shape.cast::<[usize; 4]>(), "input_shape") }?;
    Ok((handle, shape(*sizes)))
}

/// The caller's memory as a workspace.
///
/// # Safety
///
/// If `data` is neither null nor misaligned, `bytes` bytes from it are the library's until the workspace is dropped.
unsafe fn lend(data: *mut c_void, bytes: usize) -> Result<Workspace, Failure> {
    if bytes == 0 {
        return Ok(Workspace::new(0));
    }
    let len = bytes / size_of::<f32>();
    pointer::check_floats(data.cast_const().cast(), len, "workspace")?;
    pointer::check_alignment(data.addr(), Workspace::ALIGNMENT, "workspace")?;
    // SAFETY: neither null nor misaligned, and not more than `isize::MAX` bytes, checked above; so the `bytes` bytes, in which the
    // `len` floats lie, are the library's: what this function asks for. Any bits are a float.
    Ok(unsafe { Workspace::from_raw_parts(data.cast(), len) })
}
