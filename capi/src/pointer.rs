//! Pointers of the caller's, checked as far as a pointer can be: not null, aligned, and not wrapping round the address space.

use crate::status::{Failure, SepconvStatus};

/// Refuses null and misaligned pointers.
pub(crate) fn check<T>(pointer: *const T, what: &str) -> Result<(), Failure> {
    if pointer.is_null() {
        return Err(Failure::new(SepconvStatus::NullPointer, format!("{what} is null")));
    }
    check_alignment(pointer.addr(), align_of::<T>(), what)
}

/// Refuses addresses that are not a multiple of `alignment`.
pub(crate) fn check_alignment(address: usize, alignment: usize, what: &str) -> Result<(), Failure> {
    if address.is_multiple_of(alignment) {
        return Ok(());
    }
    let message = format!("{what} is at address {address:#x}, which is not a multiple of {alignment}");
    Err(Failure::new(SepconvStatus::Misaligned, message))
}

/// Refuses what no block of memory can be: `len` floats from `pointer`.
pub(crate) fn check_floats(pointer: *const f32, len: usize, what: &str) -> Result<(), Failure> {
    check(pointer, what)?;
    let bytes = len.checked_mul(size_of::<f32>()).filter(|&bytes| bytes <= isize::MAX as usize);
    if bytes.and_then(|bytes| pointer.addr().checked_add(bytes)).is_some() {
        return Ok(());
    }
    let message = format!("{what} has {len} elements from address {:#x}: no memory does", pointer.addr());
    Err(Failure::new(SepconvStatus::LengthMismatch, message))
}

/// A slice of the caller's.
///
/// # Safety
///
/// If `pointer` is neither null nor misaligned, `len` floats from it are readable and nobody writes them during `'a`.
pub(crate) unsafe fn floats<'a>(pointer: *const f32, len: usize, what: &str) -> Result<&'a [f32], Failure> {
    check_floats(pointer, len, what)?;
    // SAFETY: neither null nor misaligned, and not more bytes than `isize::MAX`, checked above; so `len` floats are readable and
    // nobody writes them: what this function asks for.
    Ok(unsafe { core::slice::from_raw_parts(pointer, len) })
}

/// A reference to something of the caller's.
///
/// # Safety
///
/// If `pointer` is neither null nor misaligned, it points to a `T` that nobody writes during `'a`.
pub(crate) unsafe fn reference<'a, T>(pointer: *const T, what: &str) -> Result<&'a T, Failure> {
    check(pointer, what)?;
    // SAFETY: neither null nor misaligned, checked above; so it points to a `T` that nobody writes: what this function asks for.
    Ok(unsafe { &*pointer })
}

/// Writes a result to where the caller wants it.
///
/// # Safety
///
/// If `pointer` is neither null nor misaligned, it may be written.
pub(crate) unsafe fn write<T>(pointer: *mut T, value: T, what: &str) -> Result<(), Failure> {
    check(pointer, what)?;
    // SAFETY: neither null nor misaligned, checked above; so it may be written: what this function asks for.
    unsafe { pointer.write(value) };
    Ok(())
}
