//! Floats between pages that the CPU refuses to touch: an access past either end of a buffer ends the test program.

use std::ptr;

/// To which of the two forbidden pages a buffer reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The first element follows the forbidden page in front: nothing before it can be touched.
    Front,
    /// The last element is followed by the forbidden page behind: nothing after it can be touched.
    Back,
}

impl End {
    pub const BOTH: [Self; 2] = [Self::Front, Self::Back];
}

/// A buffer of its own pages, with a forbidden page on either side.
pub struct Pages {
    mapping: *mut libc::c_void,
    bytes: usize,
    data: *mut f32,
    len: usize,
}

impl Pages {
    /// `len` floats at this end, all of these bits. At the back, the buffer's start is aligned as its length leaves it.
    pub fn filled(len: usize, end: End, bits: u32) -> Self {
        let page = page_size();
        let inner = (len * size_of::<f32>()).next_multiple_of(page);
        let bytes = inner + 2 * page;
        // SAFETY: a new private mapping at an address of the system's choice touches no memory of ours.
        let mapping = unsafe {
            libc::mmap(
                ptr::null_mut(),
                bytes,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        assert_ne!(mapping, libc::MAP_FAILED, "{bytes} bytes cannot be mapped");
        let first = mapping.wrapping_byte_add(page);
        // SAFETY: the pages are inside the mapping that was just made, and nobody uses them yet.
        let allowed = unsafe { libc::mprotect(first, inner, libc::PROT_READ | libc::PROT_WRITE) };
        assert_eq!(allowed, 0, "pages of our own can be opened");
        let start = if end == End::Front { 0 } else { inner - len * size_of::<f32>() };
        let data = first.wrapping_byte_add(start).cast::<f32>();
        let mut pages = Self { mapping, bytes, data, len };
        pages.as_mut_slice().fill(f32::from_bits(bits));
        pages
    }

    /// As [`Pages::filled`], with these values.
    pub fn holding(values: &[f32], end: End) -> Self {
        let mut pages = Self::filled(values.len(), end, 0);
        pages.as_mut_slice().copy_from_slice(values);
        pages
    }

    pub fn as_slice(&self) -> &[f32] {
        // SAFETY: `filled` has opened the pages of these floats; a new mapping holds zeros, valid floats.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }

    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        // SAFETY: as in `as_slice`; `self` is borrowed mutably and owns the mapping.
        unsafe { std::slice::from_raw_parts_mut(self.data, self.len) }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and no slice of it outlives `self`.
        unsafe { libc::munmap(self.mapping, self.bytes) };
    }
}

fn page_size() -> usize {
    // SAFETY: a question without side effects.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).expect("pages have a size")
}

/// Whether a child process that does this comes to its end alive.
fn survives(action: impl FnOnce()) -> bool {
    // SAFETY: the child does nothing but touch memory and leave: it takes no lock that another thread may have held.
    match unsafe { libc::fork() } {
        -1 => panic!("no child process"),
        0 => {
            action();
            // SAFETY: leaves without running anything of the parent's.
            unsafe { libc::_exit(0) }
        }
        child => {
            let mut status = 0;
            // SAFETY: waits for our own child.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
        }
    }
}

#[test]
fn a_touch_beyond_either_end_is_deadly() {
    for len in [1, 5, 1024, 1025] {
        for end in End::BOTH {
            let pages = Pages::filled(len, end, 0);
            let touch = |at: isize| {
                let address = pages.data.wrapping_offset(at);
                survives(|| {
                    // SAFETY: only a child process does it, and it is meant to die of it where the page is forbidden.
                    let _ = unsafe { address.read_volatile() };
                })
            };
            let last = len as isize - 1;
            assert!(touch(0) && touch(last), "{len} {end:?}");
            match end {
                End::Front => assert!(!touch(-1), "{len}: one element before the first"),
                End::Back => assert!(!touch(last + 1), "{len}: one element after the last"),
            }
        }
    }
}
