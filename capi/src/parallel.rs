//! The caller's thread pool, as an executor.

use crate::status::{Failure, SepconvStatus};
use crate::versioned::Versioned;
use core::ffi::c_void;
use sepconv::Executor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

/// One task of a run, to be called with the context that came with it and an index.
pub type Task = Option<extern "C" fn(context: *mut c_void, index: usize)>;

/// The caller's threads.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ParallelFor {
    /// sizeof(sepconv_parallel_for).
    pub struct_size: usize,
    /// How many tasks can run at the same time; workspaces are sized by it.
    pub threads: usize,
    /// Calls task(context, i) once for every i below `tasks`, in any order, on any threads, and returns when all calls have
    /// returned. It must not keep `task` or `context`, and must not throw: a C++ exception that leaves it ends the process.
    /// Results do not depend on how it does this.
    pub run: Option<unsafe extern "C-unwind" fn(user: *mut c_void, tasks: usize, task: Task, context: *mut c_void)>,
    /// Handed to `run` as it is.
    pub user: *mut c_void,
}

// SAFETY: `repr(C)`, `struct_size` first, otherwise a number, an optional function and a nullable pointer.
unsafe impl Versioned for ParallelFor {
    const NAME: &'static str = "sepconv_parallel_for";
}

/// [`ParallelFor`] as the library wants it.
pub(crate) struct Callback {
    threads: usize,
    run: unsafe extern "C-unwind" fn(*mut c_void, usize, Task, *mut c_void),
    user: *mut c_void,
    panicked: AtomicBool,
}

// SAFETY: of the fields only `user` is not `Sync`. It is handed to `run` and to nothing else, which `Executor::run` calls on the
// thread that called sepconv_run, so it does not change threads.
unsafe impl Sync for Callback {}

impl Callback {
    pub(crate) fn new(params: &ParallelFor) -> Result<Self, Failure> {
        if params.threads == 0 {
            let message = "sepconv_parallel_for: threads is 0; it must be at least 1";
            return Err(Failure::new(SepconvStatus::InvalidParameter, message));
        }
        let null = || Failure::new(SepconvStatus::NullPointer, "sepconv_parallel_for: run is null");
        let run = params.run.ok_or_else(null)?;
        Ok(Self { threads: params.threads, run, user: params.user, panicked: AtomicBool::new(false) })
    }

    /// Whether a task panicked, so that the output is incomplete.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.panicked.load(Ordering::Relaxed) {
            return Err(Failure::new(SepconvStatus::Internal, "sepconv panicked in a task of the run"));
        }
        Ok(())
    }
}

/// What `context` points to during a run.
struct Context<'a> {
    task: &'a (dyn Fn(usize) + Sync),
    panicked: &'a AtomicBool,
}

/// A task, called from C on any thread: a panic stays on this side.
extern "C" fn call(context: *mut c_void, index: usize) {
    // SAFETY: `Callback::run` passes a `Context` that lives until the C function returns, and that returns after all calls have,
    // says the header of sepconv_parallel_for. Its fields are shared references to what is `Sync`.
    let context = unsafe { &*context.cast::<Context<'_>>() };
    if catch_unwind(AssertUnwindSafe(|| (context.task)(index))).is_err() {
        context.panicked.store(true, Ordering::Relaxed);
    }
}

impl Executor for Callback {
    fn threads(&self) -> usize {
        self.threads
    }

    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        let mut context = Context { task, panicked: &self.panicked };
        // SAFETY: `run` and `user` come from one sepconv_parallel_for, whose header says that `run` is handed `user`, and that it
        // calls no task after it has returned: `context` lives until then. A foreign exception may pass through Rust frames
        // ("C-unwind"); it gets as far as the `catch_unwind` in `report`, which ends the process.
        unsafe { (self.run)(self.user, tasks, Some(call), (&raw mut context).cast()) };
    }
}
