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
/// `repr(C)`, the first field is `struct_size: usize`, every other field is a number, a nullable pointer, an `Option` of a
/// function pointer, or an array or `repr(C)` structure of these (zero is valid for all of them, and so are any bits that a caller
/// writes).
pub(crate) unsafe trait Versioned: Copy {
    /// What errors call it.
    const NAME: &'static str;
    /// Its size in the first version that had it; what has grown since says so.
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// All fields 0 or null.
pub(crate) fn zeros<T: Versioned>() -> T {
    // SAFETY: zero is valid for every field of a `Versioned`.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// Reads a structure of the caller's.
///
/// # Safety
///
/// If `pointer` is neither null nor misaligned, it points to a `struct_size` and to as many bytes as that says.
pub(crate) unsafe fn read<T: Versioned>(pointer: *const T) -> Result<T, Failure> {
    pointer::check(pointer, T::NAME)?;
    // SAFETY: not null and aligned, checked above, so that it points to a `struct_size`, the first field of a `Versioned`.
    let size = unsafe { pointer.cast::<usize>().read() };
    check_size::<T>(size)?;
    let mut value = MaybeUninit::<T>::zeroed();
    let known = size.min(size_of::<T>());
    // SAFETY: `known` is neither above `size`, the bytes that are there, nor above `size_of::<T>()`, the room in `value`, which is
    // a local variable and so lies apart.
    unsafe { core::ptr::copy_nonoverlapping(pointer.cast::<u8>(), value.as_mut_ptr().cast::<u8>(), known) };
    for offset in known..size {
        // SAFETY: `offset` is below `size`, the bytes that are there.
        if unsafe { pointer.cast::<u8>().add(offset).read() } != 0 {
            let message = format!("{} has fields beyond the {known} bytes that this version knows", T::NAME);
            return Err(Failure::new(SepconvStatus::StructSize, message));
        }
    }
    // SAFETY: zeros and any bits are valid for every field of a `Versioned`.
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
    // SAFETY: `size` bytes from `pointer`, checked above, may be written: what this function asks for. `value` is a local variable
    // of at least `known` bytes, copied as bytes that may be padding. `size` is at least that of the first field, `struct_size`.
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
