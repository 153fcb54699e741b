//! Hands the tasks of a run to an executor's threads, each with a scratch of its own.

use super::executor::Executor;
use super::scratch::Scratch;
use core::ops::Range;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use sepconv_kernels::buffer::LINE;

struct Shared(*mut f32);
// SAFETY: every thread takes a scratch of its own from the memory behind it.
unsafe impl Sync for Shared {}

/// Most threads that have tasks of their own; any further ones stay idle.
const MOST_WORKERS: usize = 128;

/// Neighbouring tasks that one worker does first, and others when they have done their own.
#[derive(Default)]
struct Share {
    taken: AtomicBool,
    done: AtomicUsize,
}

/// Calls `body(task, scratch)` once for every task, on up to `threads` threads of the executor, `each` elements of scratch for each of them.
///
/// The index that the executor gives chooses the tasks that a thread starts with: where it gives the same index to the same
/// thread each time, rows that a run leaves in a core's cache are found there by the next one.
/// Whatever it does with the indices, every task runs exactly once, and the calling thread finishes what is left.
pub(crate) fn for_each(
    executor: &dyn Executor,
    threads: usize,
    workspace: &mut [f32],
    each: usize,
    tasks: usize,
    body: impl Fn(usize, Scratch) + Sync,
) {
    let each = each.next_multiple_of(LINE);
    let workers = threads.min(tasks).min(workspace.len().checked_div(each).unwrap_or(threads));
    let workers = workers.clamp(1, MOST_WORKERS);
    let memory = Shared(workspace.as_mut_ptr());
    if workers == 1 {
        let scratch = Scratch { ptr: memory.0, len: each };
        return (0..tasks).for_each(|task| body(task, scratch));
    }
    let shares: [Share; MOST_WORKERS] = core::array::from_fn(|_| Share::default());
    let work = |worker: usize| {
        let memory = &memory;
        let scratch = Scratch { ptr: memory.0.wrapping_add(worker * each), len: each };
        for share in (0..workers).map(|i| (worker + i) % workers) {
            let own = portion(tasks, 1, workers, share);
            loop {
                let task = own.start + shares[share].done.fetch_add(1, Ordering::Relaxed);
                if task >= own.end {
                    break;
                }
                body(task, scratch);
            }
        }
    };
    executor.run(workers, &|index| {
        let wanted = (0..workers).map(|i| (index % workers + i) % workers);
        let free = wanted.into_iter().find(|&worker| !shares[worker].taken.swap(true, Ordering::Relaxed));
        if let Some(worker) = free {
            work(worker);
        }
    });
    // All of the executor's calls have returned: the first scratch is free again.
    work(0);
}

/// How each image of a run is cut into tasks: along one axis, and each of those portions along another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grid {
    pub outer: usize,
    pub inner: usize,
}

/// An axis to cut: its length, and of what its portions are multiples.
pub(crate) type Cuttable = (usize, usize);

impl Grid {
    /// All of an image in one task.
    pub(crate) const WHOLE: Self = Self { outer: 1, inner: 1 };

    /// Tasks of an image.
    pub(crate) const fn tasks(&self) -> usize {
        self.outer * self.inner
    }

    /// The image of a task, and its portions of both axes.
    #[inline]
    pub(crate) fn cell(&self, task: usize, outer: Cuttable, inner: Cuttable) -> (usize, [Range<usize>; 2]) {
        if *self == Self::WHOLE {
            return (task, [0..outer.0, 0..inner.0]);
        }
        let (image, index) = (task / self.tasks(), task % self.tasks());
        let cut = |(len, unit): Cuttable, portions: usize, index: usize| portion(len, unit, portions, index);
        (image, [cut(outer, self.outer, index / self.inner), cut(inner, self.inner, index % self.inner)])
    }
}

/// Portion `index` of `0..len` cut into `portions` of nearly equal size, each a multiple of `unit` but the last.
pub(crate) fn portion(len: usize, unit: usize, portions: usize, index: usize) -> Range<usize> {
    let units = len.div_ceil(unit);
    let at = |i: usize| (units * i / portions * unit).min(len);
    at(index)..at(index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::run::executor::Serial;
    use crate::exec::run::scratch::workspace_len;
    use std::sync::Mutex;

    /// Runs some indices twice and others not at all.
    struct Careless;
    impl Executor for Careless {
        fn threads(&self) -> usize {
            4
        }
        fn run(&self, _tasks: usize, task: &(dyn Fn(usize) + Sync)) {
            [3, 3, 0, 7, 7, 7].into_iter().for_each(task);
        }
    }

    #[test]
    fn every_task_runs_once_whatever_the_executor_does() {
        for executor in [&Careless as &dyn Executor, &Serial] {
            let seen = Mutex::new(vec![0; 10]);
            for_each(executor, executor.threads(), &mut [0.0; 64], 16, 10, |task, _| seen.lock().unwrap()[task] += 1);
            assert_eq!(seen.into_inner().unwrap(), [1; 10]);
        }
    }

    /// Claims threads that it does not have.
    struct Idle;
    impl Executor for Idle {
        fn threads(&self) -> usize {
            4
        }
        fn run(&self, _tasks: usize, _task: &(dyn Fn(usize) + Sync)) {}
    }

    /// Calls every index it is given, in order.
    struct InTurn(usize);
    impl Executor for InTurn {
        fn threads(&self) -> usize {
            self.0
        }
        fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
            (0..tasks).for_each(task);
        }
    }

    #[test]
    fn the_caller_does_what_nobody_has_done() {
        let seen = Mutex::new(Vec::new());
        for_each(&Idle, 4, &mut [0.0; 64], 16, 10, |task, _| seen.lock().unwrap().push(task));
        let mut seen = seen.into_inner().unwrap();
        seen.sort_unstable();
        assert_eq!(seen, Vec::from_iter(0..10));
    }

    #[test]
    fn indices_may_be_any_number_any_number_of_times() {
        struct Calls<'a>(&'a [usize]);
        impl Executor for Calls<'_> {
            fn threads(&self) -> usize {
                4
            }
            fn run(&self, _tasks: usize, task: &(dyn Fn(usize) + Sync)) {
                self.0.iter().for_each(|&index| task(index));
            }
        }
        for indices in
            [&[0, 0, 0, 0, 0, 0][..], &[1, 1, 1, 1], &[usize::MAX, usize::MAX, usize::MAX - 1, usize::MAX / 2]]
        {
            let seen = Mutex::new(vec![0; 10]);
            for_each(&Calls(indices), 4, &mut [0.0; 64], 16, 10, |task, _| seen.lock().unwrap()[task] += 1);
            assert_eq!(seen.into_inner().unwrap(), [1; 10], "{indices:?}");
        }
    }

    #[test]
    fn scratch_is_a_slice_of_the_workspace() {
        assert_eq!(workspace_len(3, 17), Some(96));
        assert_eq!(workspace_len(3, 16), Some(48));
        assert_eq!(workspace_len(0, 16), Some(16));
        assert_eq!(workspace_len(2, usize::MAX), None);
        assert_eq!(workspace_len(2, usize::MAX / 2 + 1), None);
        // More threads than room for their scratch: as many workers as fit.
        for (threads, room, workers) in [(4, 4, 4), (4, 3, 3), (2, 4, 2), (4, 1, 1)] {
            let mut workspace = vec![0.0; room * 32];
            let begin = workspace.as_ptr() as usize;
            let seen = Mutex::new(std::collections::HashSet::new());
            let calls = Mutex::new(0);
            struct Counting<'a>(&'a Mutex<usize>);
            impl Executor for Counting<'_> {
                fn threads(&self) -> usize {
                    4
                }
                fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
                    *self.0.lock().unwrap() = tasks;
                    // The last worker first: it does everything.
                    (0..tasks).rev().for_each(task);
                }
            }
            for_each(&Counting(&calls), threads, &mut workspace, 20, 9, |_, scratch| {
                assert_eq!(scratch.len, 32);
                seen.lock().unwrap().insert((scratch.ptr as usize - begin) / size_of::<f32>());
            });
            assert_eq!(seen.into_inner().unwrap(), [(workers - 1) * 32].into());
            assert_eq!(calls.into_inner().unwrap(), if workers == 1 { 0 } else { workers });
        }
    }

    #[test]
    fn a_worker_begins_with_the_tasks_of_its_index() {
        for index in 0..3 {
            struct One(usize);
            impl Executor for One {
                fn threads(&self) -> usize {
                    3
                }
                fn run(&self, _tasks: usize, task: &(dyn Fn(usize) + Sync)) {
                    task(self.0);
                }
            }
            let seen = Mutex::new(Vec::new());
            for_each(&One(index), 3, &mut [], 0, 9, |task, _| seen.lock().unwrap().push(task));
            let expected: Vec<usize> = (0..9).map(|i| (index * 3 + i) % 9).collect();
            assert_eq!(seen.into_inner().unwrap(), expected);
        }
    }

    #[test]
    fn more_workers_than_most_are_not_asked_for() {
        let seen = Mutex::new(vec![0; 1000]);
        for_each(&InTurn(1000), 1000, &mut [], 0, 1000, |task, _| seen.lock().unwrap()[task] += 1);
        assert_eq!(seen.into_inner().unwrap(), [1; 1000]);
    }

    #[test]
    fn cells_tile_every_image() {
        for grid in [Grid::WHOLE, Grid { outer: 3, inner: 1 }, Grid { outer: 2, inner: 3 }] {
            let mut seen = vec![0; 2 * 7 * 40];
            for task in 0..2 * grid.tasks() {
                let (image, [rows, channels]) = grid.cell(task, (7, 1), (40, 16));
                assert!(channels.start.is_multiple_of(16));
                rows.for_each(|row| channels.clone().for_each(|c| seen[(image * 7 + row) * 40 + c] += 1));
            }
            assert_eq!(seen, vec![1; 2 * 7 * 40], "{grid:?}");
        }
        let grid = Grid { outer: 2, inner: 3 };
        assert_eq!(grid.cell(6 + 4, (7, 1), (48, 16)), (1, [3..7, 16..32]));
    }

    #[test]
    fn portions_are_even_and_whole_units() {
        let lens = |len, unit, count| Vec::from_iter((0..count).map(|index| portion(len, unit, count, index).len()));
        assert_eq!(lens(7, 1, 2), [3, 4]);
        assert_eq!(lens(100, 16, 3), [32, 32, 36]);
        assert_eq!(lens(64, 16, 2), [32, 32]);
        assert_eq!(lens(5, 2, 4), [0, 2, 2, 1]);
    }

    #[test]
    fn portions_tile_the_whole() {
        for (len, unit, count) in [(7, 1, 2), (100, 16, 3), (5, 2, 9), (1, 1, 1)] {
            let mut end = 0;
            for index in 0..count {
                let range = portion(len, unit, count, index);
                assert_eq!(range.start, end);
                end = range.end;
            }
            assert_eq!(end, len);
        }
    }
}
