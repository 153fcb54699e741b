//! Structures that begin with `struct_size`, so that they can grow without breaking callers compiled against an older header.
//!
//! Fields are only ever appended, and zero means "as before". A shorter structure is read as if followed by zeros; a longer
//! one, from a newer header, is accepted as long as all that this version does not know is zero.

use crate::pointer;
use crate::status::{Failure, SepconvStatus};
use core::mem::MaybeUninit;

/// Larger sizes are taken for what they are: an uninitialised `struct_size`.
const LARGEST: usize = 4096;

/// A structure of the interface.
///
/// # Safety
///
/// `repr(C)`, the first field is `struct_size: usize`, every other field is a number, a nullable pointer or an `Option` of a
/// function pointer (zero is valid for all of them, and so are any bits that a caller writes).
pub(crate) unsafe trait Versioned: Copy {
    /// What errors call it.
    const NAME: &'static str;
    /// Its size in the first version that had it.
    const FIRST_SIZE: usize;
}

/// Reads a structure of the caller's.
///
/// # Safety
///
/// If `pointer` is neither null nor misaligned, it points to a `struct_size` and to as many bytes as that says.
pub(crate) unsafe fn read<T: Versioned>(pointer: *const T) -> Result<T, Failure> {
    pointer::check(pointer, T::NAME)?;
    // SAFETY: `struct_size` is the first field.
    let size = unsafe { pointer.cast::<usize>().read() };
    check_size::<T>(size)?;
    let mut value = MaybeUninit::<T>::zeroed();
    let known = size.min(size_of::<T>());
    // SAFETY: the caller has `size` bytes, the target has room for `size_of::<T>()`.
    unsafe { core::ptr::copy_nonoverlapping(pointer.cast::<u8>(), value.as_mut_ptr().cast::<u8>(), known) };
    for offset in known..size {
        // SAFETY: `offset` is below the size that the caller states.
        if unsafe { pointer.cast::<u8>().add(offset).read() } != 0 {
            let message = format!("{} has fields beyond the {known} bytes that this version knows", T::NAME);
            return Err(Failure::new(SepconvStatus::StructSize, message));
        }
    }
    // SAFETY: zeros and any bits are valid for all fields (the trait's promise).
    Ok(unsafe { value.assume_init() })
}

/// Writes `value`, as far as the caller's structure of `size` bytes goes, and its size.
///
/// # Safety
///
/// If `pointer` is neither null nor misaligned, `size` bytes from it may be written.
pub(crate) unsafe fn init<T: Versioned>(pointer: *mut T, size: usize, value: T) -> Result<(), Failure> {
    pointer::check(pointer, T::NAME)?;
    check_size::<T>(size)?;
    let known = size.min(size_of::<T>());
    let target = pointer.cast::<u8>();
    // SAFETY: the caller's structure has `size` bytes; `value` has at least `known`. `T` is `repr(C)`; copied as bytes that
    // may be padding, it is not looked at.
    unsafe {
        target.write_bytes(0, size);
        core::ptr::copy_nonoverlapping((&raw const value).cast::<MaybeUninit<u8>>(), target.cast(), known);
        pointer.cast::<usize>().write(size);
    }
    Ok(())
}

fn check_size<T: Versioned>(size: usize) -> Result<(), Failure> {
    if (T::FIRST_SIZE..=LARGEST).contains(&size) {
        return Ok(());
    }
    let message = format!("{}: struct_size is {size}, expected sizeof = {}", T::NAME, size_of::<T>());
    Err(Failure::new(SepconvStatus::StructSize, message))
}
