//! Executors of other makes than the library's own: what a host program might bring.

use sepconv::Executor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Claims a number of threads and runs the tasks one after the other, the last one first.
pub struct Reverse {
    pub threads: usize,
}

impl Executor for Reverse {
    fn threads(&self) -> usize {
        self.threads
    }

    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..tasks).rev().for_each(task);
    }
}

/// Starts threads for every call; each takes the next task that is left.
pub struct Scoped {
    pub threads: usize,
}

impl Executor for Scoped {
    fn threads(&self) -> usize {
        self.threads
    }

    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..self.threads.min(tasks) {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        if index >= tasks {
                            break;
                        }
                        task(index);
                    }
                });
            }
        });
    }
}

/// Starts two threads for every index, which run it at the same time.
pub struct Twice {
    pub threads: usize,
}

impl Executor for Twice {
    fn threads(&self) -> usize {
        self.threads
    }

    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        std::thread::scope(|scope| {
            for index in (0..tasks).chain(0..tasks) {
                scope.spawn(move || task(index));
            }
        });
    }
}

/// Panics after so many tasks of a run; those have finished before.
pub struct Panicking {
    pub threads: usize,
    pub after: usize,
}

/// What [`Panicking`] says.
pub const PANIC: &str = "the host's pool broke down";

impl Executor for Panicking {
    fn threads(&self) -> usize {
        self.threads
    }

    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..tasks.min(self.after)).for_each(task);
        std::panic::panic_any(PANIC);
    }
}

/// Whether this panics as [`Panicking`] does.
pub fn breaks_down(action: impl FnOnce()) -> bool {
    let result = catch_unwind(AssertUnwindSafe(action));
    result.is_err_and(|panic| panic.downcast_ref::<&str>().is_some_and(|message| *message == PANIC))
}
