//! Rates of several threads that do the same thing at the same time.

use std::sync::Barrier;
use std::time::{Duration, Instant};

/// How long to look.
#[derive(Debug, Clone, Copy)]
pub struct Looks {
    /// Times to look; the best counts.
    pub rounds: usize,
    /// How long each look takes at least.
    pub window: Duration,
}

/// Units per second of `threads` threads together, the best of some rounds. Each thread makes its own state with
/// `prepare(thread)` and then calls `work`, which returns the units that it did, until the time is over.
pub fn best_rate<S, E: Send>(
    threads: usize,
    looks: Looks,
    prepare: impl Fn(usize) -> S + Sync,
    work: impl Fn(&mut S) -> Result<u64, E> + Sync,
) -> Result<f64, E> {
    let barrier = Barrier::new(threads);
    let member = |thread: usize| -> Result<Vec<f64>, E> {
        let mut state = prepare(thread);
        let warm_up = work(&mut state);
        // Every round waits for all members: one that failed takes part to the end, so that none waits for ever.
        let mut rates = Vec::with_capacity(looks.rounds);
        let mut failure = warm_up.err();
        for _ in 0..looks.rounds {
            barrier.wait();
            match one_look(looks.window, || work(&mut state)) {
                Ok(rate) => rates.push(rate),
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(rates), Err)
    };
    let all = std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads).map(|thread| scope.spawn(move || member(thread))).collect();
        let mut all = vec![member(0)];
        for helper in helpers {
            all.push(helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all.into_iter().collect::<Result<Vec<_>, E>>()
    })?;
    let together = (0..looks.rounds).map(|round| all.iter().map(|rates| rates[round]).sum::<f64>());
    Ok(together.fold(0.0, f64::max))
}

fn one_look<E>(window: Duration, mut work: impl FnMut() -> Result<u64, E>) -> Result<f64, E> {
    let start = Instant::now();
    let (mut units, mut batch) = (0u64, 1);
    loop {
        for _ in 0..batch {
            units += work()?;
        }
        let elapsed = start.elapsed();
        if elapsed >= window {
            return Ok(units as f64 / elapsed.as_secs_f64());
        }
        // More calls per clock reading while they are short, so that reading the clock does not count.
        if elapsed < window / 8 {
            batch *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOKS: Looks = Looks { rounds: 2, window: Duration::from_millis(5) };

    #[test]
    fn rates_of_all_threads_add_up() {
        // One unit a millisecond: sleeping never takes less, so a thread does at most 1000 a second.
        let sleep = |_: &mut ()| -> Result<u64, ()> {
            std::thread::sleep(Duration::from_millis(1));
            Ok(1)
        };
        let one = best_rate(1, LOOKS, |_| (), sleep).unwrap();
        let three = best_rate(3, LOOKS, |_| (), sleep).unwrap();
        assert!(one > 0.0 && one <= 1000.0, "{one}");
        assert!(three > one && three <= 3000.0, "{three} of three, {one} of one");
    }

    #[test]
    fn one_failing_thread_fails_all_without_a_deadlock() {
        let fail_on_second = |thread: &mut usize| if *thread == 1 { Err("no") } else { Ok(1) };
        assert_eq!(best_rate(3, LOOKS, |thread| thread, fail_on_second), Err("no"));
    }
}
