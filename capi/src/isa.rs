//! Instruction sets by name, and the version.

use crate::pointer;
use crate::status::{Failure, SepconvStatus, report};
use core::ffi::{CStr, c_char};
use sepconv::Isa;
use std::ffi::CString;
use std::sync::LazyLock;

/// The names of all levels, with a NUL at the end.
static NAMES: LazyLock<Vec<(Isa, CString)>> =
    LazyLock::new(|| Isa::ALL.iter().map(|&isa| (isa, CString::new(isa.name()).unwrap_or_default())).collect());

pub(crate) fn name(isa: Isa) -> &'static CStr {
    NAMES.iter().find(|(known, _)| *known == isa).map_or(c"", |(_, name)| name.as_c_str())
}

/// The instruction set that the caller names, or the preferred one.
///
/// # Safety
///
/// `text` is null or ends with a NUL.
pub(crate) unsafe fn parse(text: *const c_char) -> Result<Isa, Failure> {
    if text.is_null() {
        return Ok(Isa::preferred()?);
    }
    // SAFETY: not null, checked above; so it ends with a NUL: what this function asks for.
    let text = unsafe { CStr::from_ptr(text) };
    Ok(text.to_string_lossy().parse()?)
}

/// Name of the `index`-th instruction set that this CPU, system and build have ("portable", "avx2", "avx512", ...), the best
/// one last; null from their number on.
#[unsafe(no_mangle)]
pub extern "C" fn sepconv_isa_available(index: usize) -> *const c_char {
    Isa::available().get(index).map_or(core::ptr::null(), |&isa| name(isa).as_ptr())
}

/// Writes the name of the instruction set that operators use unless told otherwise: what the environment variable SEPCONV_ISA
/// says, else the best one that is available. Fails if the variable names one that is not known or not available.
///
/// # Safety
///
/// `isa` may be written. The text is valid as long as the library is loaded.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sepconv_isa_preferred(isa: *mut *const c_char) -> SepconvStatus {
    report(|| {
        let preferred = Isa::preferred()?;
        // SAFETY: `isa` may be written, says the header.
        unsafe { pointer::write(isa, name(preferred).as_ptr(), "isa") }
    })
}

/// Version of the library that is loaded, for example "0.1.0".
#[unsafe(no_mangle)]
pub extern "C" fn sepconv_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
