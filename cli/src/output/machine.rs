//! The machine in words.

use crate::machine::{Cache, Cpu};

/// One line about the processor.
pub fn cpu_line(cpu: &Cpu) -> String {
    let cores = match cpu.physical_cores {
        Some(physical) if physical != cpu.logical_cores => {
            format!("{} logical cores on {physical} physical ones", cpu.logical_cores)
        }
        _ => format!("{} {}", cpu.logical_cores, if cpu.logical_cores == 1 { "core" } else { "cores" }),
    };
    format!("CPU: {} ({}), {cores}", cpu.model, cpu.arch)
}

/// One cache: level, size, who shares it.
pub fn cache_text(cache: &Cache) -> String {
    let size = match cache.bytes {
        bytes if bytes >= 1 << 20 => format!("{} MiB", bytes >> 20),
        bytes => format!("{} KiB", bytes >> 10),
    };
    let sharing = match cache.shared_by {
        None => String::new(),
        Some(1) => ", own".to_owned(),
        Some(cores) => format!(", shared by {cores} logical cores"),
    };
    format!("L{} {size}{sharing}", cache.level)
}
