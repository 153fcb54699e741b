//! Status codes, and the last error of each thread.

use core::ffi::{CStr, c_char};
use sepconv::Error;
use sepconv::isa::IsaError;
use std::cell::RefCell;
use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a function answers. The numbers do not change between versions.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SepconvStatus {
    /// All is well.
    Ok = 0,
    /// A pointer that must not be null is.
    NullPointer = 1,
    /// A pointer does not have the alignment of what it points to, or a workspace is not aligned to
    /// SEPCONV_WORKSPACE_ALIGNMENT.
    Misaligned = 2,
    /// A struct_size is smaller than the first version of the structure, or larger and with fields set that this version
    /// of the library does not know.
    StructSize = 3,
    /// A field that holds one of a list of numbers holds another one.
    UnknownValue = 4,
    /// A size, stride, dilation or thread count is 0, sizes overflow, a part that must not have a stride has one, or an
    /// activation's parameters make no sense.
    InvalidParameter = 5,
    /// Shapes, channels or layouts do not fit together, or the output would be empty.
    ShapeMismatch = 6,
    /// Weights, bias or a tensor's memory do not have the elements that are needed.
    LengthMismatch = 7,
    /// Memory strides make elements overlap, or the layout's inner axis is not contiguous.
    InvalidStrides = 8,
    /// Two of input, output and workspace share memory.
    Overlap = 9,
    /// The workspace is smaller than sepconv_workspace_size says.
    WorkspaceTooSmall = 10,
    /// No instruction set of this name is known.
    UnknownIsa = 11,
    /// This CPU or build does not have the instruction set.
    IsaUnavailable = 12,
    /// A defect of this library. Please report it with the last error.
    Internal = 99,
}

/// Why a call was refused.
pub(crate) struct Failure {
    pub status: SepconvStatus,
    pub message: String,
}

impl Failure {
    pub(crate) fn new(status: SepconvStatus, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { status: status_of(&error), message: error.to_string() }
    }
}

impl From<IsaError> for Failure {
    fn from(error: IsaError) -> Self {
        Error::from(error).into()
    }
}

const fn status_of(error: &Error) -> SepconvStatus {
    match error {
        Error::ZeroDimension { .. }
        | Error::SizeOverflow { .. }
        | Error::ZeroStride { .. }
        | Error::ZeroDilation { .. }
        | Error::StridedPart { .. }
        | Error::InvalidActivation { .. } => SepconvStatus::InvalidParameter,
        Error::EmptyOutput { .. }
        | Error::ChannelMismatch { .. }
        | Error::LayoutMismatch { .. }
        | Error::ShapeMismatch { .. } => SepconvStatus::ShapeMismatch,
        Error::LengthMismatch { .. } | Error::SliceTooShort { .. } => SepconvStatus::LengthMismatch,
        Error::OverlappingStride { .. } | Error::NotContiguous { .. } => SepconvStatus::InvalidStrides,
        Error::WorkspaceTooSmall { .. } => SepconvStatus::WorkspaceTooSmall,
        Error::UnknownIsa { .. } => SepconvStatus::UnknownIsa,
        Error::IsaUnavailable { .. } => SepconvStatus::IsaUnavailable,
        _ => SepconvStatus::Internal,
    }
}

thread_local! {
    static LAST_ERROR: RefCell<CString> = RefCell::default();
}

/// Runs the body of a function of the interface: failures and panics become a status and the thread's last error.
pub(crate) fn report(body: impl FnOnce() -> Result<(), Failure>) -> SepconvStatus {
    // What a panic might leave half done is dropped with the closure; operators are immutable.
    let failure = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return SepconvStatus::Ok,
        Ok(Err(failure)) => failure,
        Err(panic) => Failure::new(SepconvStatus::Internal, format!("sepconv panicked: {}", panic_text(&*panic))),
    };
    // Messages are text of this library with names that the caller gave; a NUL in one would end it early.
    let message = CString::new(failure.message.replace('\0', "\u{fffd}")).unwrap_or_default();
    // A thread that is being torn down has no last error any more.
    let _ = LAST_ERROR.try_with(|last| *last.borrow_mut() = message);
    failure.status
}

fn panic_text(panic: &(dyn core::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// Why the last call that failed on this thread did, as one line of UTF-8 with the numbers in it; "" if none has failed.
///
/// Calls that succeed leave it as it is. The text is valid until the next call on this thread that fails, or the thread's end.
#[unsafe(no_mangle)]
pub extern "C" fn sepconv_last_error() -> *const c_char {
    LAST_ERROR.try_with(|last| last.borrow().as_ptr()).unwrap_or(c"".as_ptr())
}

/// Name of a status, for example "SEPCONV_STATUS_OVERLAP"; "unknown status" for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn sepconv_status_name(status: i32) -> *const c_char {
    let found = NAMES.iter().find(|(known, _)| *known as i32 == status);
    found.map_or(c"unknown status", |(_, name)| *name).as_ptr()
}

const NAMES: [(SepconvStatus, &CStr); 14] = [
    (SepconvStatus::Ok, c"SEPCONV_STATUS_OK"),
    (SepconvStatus::NullPointer, c"SEPCONV_STATUS_NULL_POINTER"),
    (SepconvStatus::Misaligned, c"SEPCONV_STATUS_MISALIGNED"),
    (SepconvStatus::StructSize, c"SEPCONV_STATUS_STRUCT_SIZE"),
    (SepconvStatus::UnknownValue, c"SEPCONV_STATUS_UNKNOWN_VALUE"),
    (SepconvStatus::InvalidParameter, c"SEPCONV_STATUS_INVALID_PARAMETER"),
    (SepconvStatus::ShapeMismatch, c"SEPCONV_STATUS_SHAPE_MISMATCH"),
    (SepconvStatus::LengthMismatch, c"SEPCONV_STATUS_LENGTH_MISMATCH"),
    (SepconvStatus::InvalidStrides, c"SEPCONV_STATUS_INVALID_STRIDES"),
    (SepconvStatus::Overlap, c"SEPCONV_STATUS_OVERLAP"),
    (SepconvStatus::WorkspaceTooSmall, c"SEPCONV_STATUS_WORKSPACE_TOO_SMALL"),
    (SepconvStatus::UnknownIsa, c"SEPCONV_STATUS_UNKNOWN_ISA"),
    (SepconvStatus::IsaUnavailable, c"SEPCONV_STATUS_ISA_UNAVAILABLE"),
    (SepconvStatus::Internal, c"SEPCONV_STATUS_INTERNAL"),
];
