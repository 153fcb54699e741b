//! Refuses what would not fit into memory, before anything is allocated.

use anyhow::{Result, bail};

/// An error if `bytes` are not available; `what` is what they are for.
pub fn ensure_memory(bytes: u64, what: &str) -> Result<()> {
    check(bytes, available(), what)
}

fn check(bytes: u64, available: u64, what: &str) -> Result<()> {
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    if bytes > available {
        bail!("{what} needs {:.1} GiB of memory, {:.1} GiB are available", gib(bytes), gib(available));
    }
    Ok(())
}

/// What the operating system says is available; where it says nothing, what a small machine has.
fn available() -> u64 {
    const SMALL_MACHINE: u64 = 4 << 30;
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    available_in(&text).unwrap_or(SMALL_MACHINE)
}

fn available_in(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_available_memory_is_found() {
        let text = "MemTotal:  100 kB\nMemAvailable:   16 kB\n";
        assert_eq!(available_in(text), Some(16 * 1024));
        assert_eq!(available_in(""), None);
    }

    #[test]
    fn too_much_is_refused_with_its_numbers() {
        assert!(check(1 << 30, 1 << 30, "it").is_ok());
        let error = check(u64::MAX, 1 << 30, "layer x").unwrap_err().to_string();
        assert!(error.contains("layer x") && error.contains("1.0 GiB"), "{error}");
    }
}
