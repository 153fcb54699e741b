//! Who runs the tasks of a run: the calling thread, rayon, or the caller's own pool.

/// A pool of threads, as far as a run needs one. Implement it to bring your own.
///
/// Results do not depend on the executor: not on the number of threads, nor on the order in which tasks run.
pub trait Executor: Sync {
    /// How many tasks can run at the same time; the workspace is sized by it.
    fn threads(&self) -> usize;

    /// Calls `task(i)` once for every `i` in `0..tasks`, in any order, on any threads, and returns when all have returned.
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync));
}

/// Runs everything on the calling thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct Serial;

impl Executor for Serial {
    fn threads(&self) -> usize {
        1
    }

    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..tasks).for_each(task);
    }
}

/// Runs tasks on a rayon thread pool (feature `rayon`).
#[cfg(feature = "rayon")]
#[derive(Debug, Clone)]
pub struct Rayon {
    /// `None` stands for the pool that the calling thread belongs to, or rayon's global one.
    pool: Option<std::sync::Arc<rayon::ThreadPool>>,
}

#[cfg(feature = "rayon")]
impl Rayon {
    /// A new pool of so many threads.
    pub fn new(threads: usize) -> crate::error::Result<Self> {
        if threads == 0 {
            return Err(crate::error::Error::ZeroDimension { what: "threads" });
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| crate::error::Error::ThreadPool { threads, reason: error.to_string() })?;
        Ok(Self { pool: Some(std::sync::Arc::new(pool)) })
    }

    /// The pool that the calling thread belongs to, or rayon's global one.
    pub const fn current() -> Self {
        Self { pool: None }
    }

    /// Runs `work` inside the pool, so that the runs in it need not enter it one by one: wrap a whole network in one call.
    pub fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}

#[cfg(feature = "rayon")]
impl Executor for Rayon {
    fn threads(&self) -> usize {
        self.pool.as_ref().map_or_else(rayon::current_num_threads, |pool| pool.current_num_threads())
    }

    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        if tasks == 1 {
            return task(0);
        }
        // From outside the pool, task i goes to the pool's thread i: what it leaves in that core's caches, the next run finds there.
        if let (Some(pool), None) = (&self.pool, rayon::current_thread_index())
            && pool.current_num_threads() == tasks
        {
            pool.broadcast(|thread| task(thread.index()));
            return;
        }
        self.install(|| {
            rayon::scope(|scope| {
                for i in 1..tasks {
                    scope.spawn(move |_| task(i));
                }
                task(0);
            });
        });
    }
}
