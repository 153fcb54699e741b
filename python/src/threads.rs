//! Thread pools, one for each number of threads, and none that a forked child would wait for.
//!
//! A child process inherits the memory of its parent's pools but not their threads. Pools are therefore tagged with the process
//! that made them; a child makes its own. The lock is only ever taken by a thread that is attached to the interpreter, and
//! forking takes that too, so a child cannot inherit it locked.

use crate::args::Count;
use crate::error::to_python;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use sepconv::{Executor, Rayon, Serial};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

struct Pools {
    process: u32,
    pools: Vec<(usize, Rayon)>,
}

static POOLS: Mutex<Pools> = Mutex::new(Pools { process: 0, pools: Vec::new() });
/// 0 stands for as many as the process may use.
static DEFAULT: AtomicUsize = AtomicUsize::new(0);

/// The calling thread, or a pool.
pub enum Threads {
    Serial,
    Pool(Rayon),
}

impl Threads {
    pub fn new(_attached: Python<'_>, threads: Option<usize>) -> PyResult<Self> {
        let threads = threads.unwrap_or_else(default_threads);
        match threads {
            0 => Err(PyValueError::new_err("threads is 0; it must be at least 1")),
            1 => Ok(Self::Serial),
            _ => Ok(Self::Pool(pool(threads)?)),
        }
    }

    pub fn executor(&self) -> &dyn Executor {
        match self {
            Self::Serial => &Serial,
            Self::Pool(pool) => pool,
        }
    }
}

fn pool(threads: usize) -> PyResult<Rayon> {
    let mut known = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if known.process != process {
        // After a fork: the threads are gone, and taking the pools apart would wait for them.
        std::mem::forget(std::mem::take(&mut known.pools));
        known.process = process;
    }
    if let Some((_, pool)) = known.pools.iter().find(|(size, _)| *size == threads) {
        return Ok(pool.clone());
    }
    let pool = Rayon::new(threads).map_err(to_python)?;
    known.pools.push((threads, pool.clone()));
    Ok(pool)
}

fn default_threads() -> usize {
    static AVAILABLE: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    match DEFAULT.load(Ordering::Relaxed) {
        0 => *AVAILABLE.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from)),
        threads => threads,
    }
}

/// Number of threads that calls without ``threads=`` use; at first, the CPUs that this process may use.
#[pyfunction]
pub fn get_num_threads() -> usize {
    default_threads()
}

/// Sets the number of threads that calls without ``threads=`` use. Results do not depend on it.
#[pyfunction]
pub fn set_num_threads(threads: Count) -> PyResult<()> {
    let Count(threads) = threads;
    if threads == 0 {
        return Err(PyValueError::new_err("threads is 0; it must be at least 1"));
    }
    DEFAULT.store(threads, Ordering::Relaxed);
    Ok(())
}
