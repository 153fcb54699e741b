//! Executors of other makes than the library's own: what a host program might bring.

use sepconv::Executor;
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
