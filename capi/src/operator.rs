//! Operator handles: made, asked about, destroyed.

use crate::fields::{SepconvLayout, flag};
use crate::isa;
use crate::params::{Conv2dParams, DepthwiseParams, Part, PointwiseParams, part};
use crate::pointer;
use crate::status::{Failure, SepconvStatus, report};
use core::ffi::{CStr, c_char};
use sepconv::{
    Conv2d, Depthwise, InvertedResidual, InvertedResidualSpec, Isa, Operator, Pointwise, Separable, SeparableSpec,
    Weights,
};
use std::ffi::CString;

/// A prepared operation: weights packed for one instruction set and layout, good for any map size and batch.
///
/// It does not change: any number of threads may run it at the same time, each with a workspace of its own.
pub struct Handle {
    pub(crate) operator: Box<dyn Operator>,
    kernel: CString,
}

impl Handle {
    fn new(operator: impl Operator + 'static) -> Box<Self> {
        let kernel = CString::new(operator.kernel_name()).unwrap_or_default();
        Box::new(Self { operator: Box::new(operator), kernel })
    }
}

/// Makes a depthwise convolution and packs its weights. `isa` forces an instruction set by name; null takes the preferred one.
///
/// On success `*created` is the operator, to be freed by sepconv_operator_destroy; otherwise it is left as it was.
///
/// # Safety
///
/// What `params` points to is as it says; `isa` is null or ends with a NUL; `created` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sepconv_depthwise_create(
    params: *const DepthwiseParams,
    isa: *const c_char,
    created: *mut *mut Handle,
) -> SepconvStatus {
    // SAFETY: what `params` points to is as it says, `isa` is null or ends with a NUL, `created` may be written, says the header.
    unsafe {
        create(isa, created, |isa| {
            let Part { spec, weights, bias } = part(params)?;
            Ok(Depthwise::with_isa(&spec, weights, bias, isa)?)
        })
    }
}

/// Makes a pointwise convolution and packs its weights; the rest as sepconv_depthwise_create.
///
/// # Safety
///
/// As sepconv_depthwise_create.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sepconv_pointwise_create(
    params: *const PointwiseParams,
    isa: *const c_char,
    created: *mut *mut Handle,
) -> SepconvStatus {
    // SAFETY: as in sepconv_depthwise_create, says the header, for every structure, `isa` and `created`.
    unsafe {
        create(isa, created, |isa| {
            let Part { spec, weights, bias } = part(params)?;
            Ok(Pointwise::with_isa(&spec, weights, bias, isa)?)
        })
    }
}

/// Makes a depthwise-separable convolution: depthwise, then pointwise, fused, each with bias and activation of its own.
/// The pointwise part's input channels are the depthwise part's output channels. The rest as sepconv_depthwise_create.
///
/// # Safety
///
/// As sepconv_depthwise_create.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sepconv_separable_create(
    depthwise: *const DepthwiseParams,
    pointwise: *const PointwiseParams,
    isa: *const c_char,
    created: *mut *mut Handle,
) -> SepconvStatus {
    // SAFETY: as in sepconv_depthwise_create, says the header, for every structure, `isa` and `created`.
    unsafe {
        create(isa, created, |isa| {
            let (depthwise, pointwise) = (part(depthwise)?, part(pointwise)?);
            let spec = SeparableSpec::new(depthwise.spec, pointwise.spec);
            let (weights, bias) = ([depthwise.weights, pointwise.weights], [depthwise.bias, pointwise.bias]);
            Ok(Separable::with_isa(&spec, weights, bias, isa)?)
        })
    }
}

/// Makes an inverted residual block: pointwise (expand), depthwise, pointwise (project), fused, each with bias and activation of
/// its own; the block of MobileNetV2. `expand` is null where there is no expanding part: the depthwise part reads the input then.
/// With `residual` 1 the input is added to the result, behind the last activation, and must have its shape; 0 adds nothing.
/// The rest as sepconv_depthwise_create.
///
/// # Safety
///
/// As sepconv_depthwise_create.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sepconv_inverted_residual_create(
    expand: *const PointwiseParams,
    depthwise: *const DepthwiseParams,
    project: *const PointwiseParams,
    residual: u32,
    isa: *const c_char,
    created: *mut *mut Handle,
) -> SepconvStatus {
    // SAFETY: as in sepconv_depthwise_create, says the header, for every structure, `isa` and `created`.
    unsafe {
        create(isa, created, |isa| {
            let expand = if expand.is_null() { None } else { Some(part(expand)?) };
            let (depthwise, project) = (part(depthwise)?, part(project)?);
            let (spec, weights, bias) = match expand {
                Some(expand) => (Some(expand.spec), expand.weights, expand.bias),
                None => (None, Weights::torch(&[]), None),
            };
            let spec = InvertedResidualSpec::new(spec, depthwise.spec, project.spec);
            let spec = spec.residual(flag("residual", residual)?);
            let weights = [weights, depthwise.weights, project.weights];
            let bias = [bias, depthwise.bias, project.bias];
            Ok(InvertedResidual::with_isa(&spec, weights, bias, isa)?)
        })
    }
}

/// Makes a dense convolution and packs its weights; the rest as sepconv_depthwise_create.
///
/// # Safety
///
/// As sepconv_depthwise_create.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sepconv_conv2d_create(
    params: *const Conv2dParams,
    isa: *const c_char,
    created: *mut *mut Handle,
) -> SepconvStatus {
    // SAFETY: as in sepconv_depthwise_create, says the header, for every structure, `isa` and `created`.
    unsafe {
        create(isa, created, |isa| {
            let Part { spec, weights, bias } = part(params)?;
            Ok(Conv2d::with_isa(&spec, weights, bias, isa)?)
        })
    }
}

/// Frees an operator. Null is accepted and does nothing.
///
/// # Safety
///
/// `op` comes from a create function, is not running, and is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sepconv_operator_destroy(op: *mut Handle) {
    // Nothing to answer with: a misaligned pointer is not one of ours and is left alone.
    let _ = report(|| {
        if op.is_null() {
            return Ok(());
        }
        pointer::check(op, "op")?;
        // SAFETY: comes from a create function, that is from the box in `create`; it is not running and is not used afterwards,
        // says the header.
        drop(unsafe { Box::from_raw(op) });
        Ok(())
    });
}

/// Name of the instruction set that the operator uses; "" for a null operator.
///
/// # Safety
///
/// `op` is null or an operator that lives. The text is valid as long as the library is loaded.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sepconv_operator_isa(op: *const Handle) -> *const c_char {
    // SAFETY: `op` is null or an operator that lives, says the header; operators do not change.
    let handle = unsafe { pointer::reference(op, "op") };
    handle.map_or(c"", |handle| isa::name(handle.operator.isa())).as_ptr()
}

/// Names of the kernels that the operator uses on large maps; "" for a null operator.
///
/// # Safety
///
/// `op` is null or an operator that lives. The text is valid until it is destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sepconv_operator_kernel(op: *const Handle) -> *const c_char {
    // SAFETY: `op` is null or an operator that lives, says the header; operators do not change.
    let handle = unsafe { pointer::reference(op, "op") };
    handle.map_or(c"".as_ptr(), |handle| CStr::as_ptr(&handle.kernel))
}

/// Writes the layout of the operator's input and output, one of sepconv_layout.
///
/// # Safety
///
/// `op` is null or an operator that lives; `layout` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sepconv_operator_layout(op: *const Handle, layout: *mut u32) -> SepconvStatus {
    report(|| {
        // SAFETY: `op` is null or an operator that lives, says the header; operators do not change.
        let handle = unsafe { pointer::reference(op, "op") }?;
        let value = SepconvLayout::from(handle.operator.layout());
        // SAFETY: `layout` may be written, says the header.
        unsafe { pointer::write(layout, value as u32, "layout") }
    })
}

/// Makes an operator for the instruction set of this name, the preferred one if it is null, and hands it over.
///
/// # Safety
///
/// `isa` is null or ends with a NUL; `created` may be written if it is neither null nor misaligned.
unsafe fn create<O: Operator + 'static>(
    isa: *const c_char,
    created: *mut *mut Handle,
    make: impl FnOnce(Isa) -> Result<O, Failure>,
) -> SepconvStatus {
    report(|| {
        // Before the operator is made: it would be lost.
        pointer::check(created, "created")?;
        // SAFETY: `isa` is null or ends with a NUL: what this function asks for.
        let isa = unsafe { isa::parse(isa) }?;
        let handle = Box::into_raw(Handle::new(make(isa)?));
        // SAFETY: `created` is neither null nor misaligned, checked above; so it may be written: what this function asks for.
        unsafe { pointer::write(created, handle, "created") }
    })
}
