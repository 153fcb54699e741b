//! Whether somebody else is using the machine: measured times then say little.

use std::time::Duration;

/// How long to watch: long enough for the operating system's clock ticks of 10 ms.
const WATCH: Duration = Duration::from_millis(150);

/// Cores that others kept busy while this process slept for a moment; `None` where the system does not tell.
pub fn busy_cores() -> Option<f64> {
    let before = ticks()?;
    std::thread::sleep(WATCH);
    let after = ticks()?;
    let total = after.total.checked_sub(before.total).filter(|&total| total > 0)?;
    let idle = after.idle.saturating_sub(before.idle).min(total);
    let busy = (total - idle) as f64 / total as f64;
    Some(busy * after.cores as f64)
}

#[derive(Debug, PartialEq)]
struct Ticks {
    total: u64,
    idle: u64,
    cores: usize,
}

fn ticks() -> Option<Ticks> {
    parse_stat(&std::fs::read_to_string("/proc/stat").ok()?)
}

/// The sums in the text of Linux's `stat`: user, nice, system, idle, iowait, irq, softirq, steal (guest time is part of user time).
fn parse_stat(text: &str) -> Option<Ticks> {
    let all = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Vec<u64> = all.split_whitespace().map(|field| field.parse().unwrap_or(0)).take(8).collect();
    let idle = fields.get(3)? + fields.get(4).unwrap_or(&0);
    let is_core =
        |line: &&str| line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    Some(Ticks { total: fields.iter().sum(), idle, cores: text.lines().filter(is_core).count() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_as_linux_writes_them() {
        let text = "cpu  10 1 5 80 4 0 0 2 7 0\ncpu0 5 1 2 40 2 0 0 1 0 0\ncpu1 5 0 3 40 2 0 0 1 7 0\nintr 5\n";
        assert_eq!(parse_stat(text), Some(Ticks { total: 102, idle: 84, cores: 2 }));
        assert_eq!(parse_stat("intr 5\n"), None);
    }

    #[test]
    fn no_more_cores_are_busy_than_there_are() {
        if let Some(busy) = busy_cores() {
            assert!((0.0..=4096.0).contains(&busy), "{busy}");
        }
    }
}
