//! What else the machine is doing, as Linux tells it; elsewhere all figures are 0.

use std::fs::read_to_string;

/// CPU time spent so far, in seconds.
pub struct CpuTime {
    /// By everything on the machine.
    all: f64,
    /// By this process.
    own: f64,
}

/// Linux counts in hundredths of a second for programs.
const TICK: f64 = 0.01;

impl CpuTime {
    /// Reads both clocks.
    pub fn now() -> Self {
        let numbers = |text: &str| -> Vec<f64> { text.split_whitespace().map(|n| n.parse().unwrap_or(0.0)).collect() };
        let stat = read_to_string("/proc/stat").unwrap_or_default();
        let ticks = numbers(stat.lines().next().and_then(|line| line.strip_prefix("cpu ")).unwrap_or(""));
        // user, nice, system, idle, iowait, irq, softirq, steal; guest time is part of user time.
        let busy = [0, 1, 2, 5, 6, 7].iter().filter_map(|&i| ticks.get(i)).sum::<f64>();
        // After the name in parentheses, which may contain anything: user and system time are the 12th and 13th field.
        let own = read_to_string("/proc/self/stat").unwrap_or_default();
        let own = numbers(own.rsplit(')').next().unwrap_or("")).into_iter().skip(11).take(2).sum::<f64>();
        Self { all: busy * TICK, own: own * TICK }
    }

    /// Seconds that others have used since an earlier reading.
    pub fn others_since(&self, before: &Self) -> f64 {
        ((self.all - before.all) - (self.own - before.own)).max(0.0)
    }
}

/// The load averages; absent where the system does not tell.
pub fn load_average() -> Option<Vec<f64>> {
    let text = read_to_string("/proc/loadavg").ok()?;
    Some(text.split_whitespace().take(3).filter_map(|load| load.parse().ok()).collect())
}
