//! Name and size of the processor.

use serde::Serialize;

/// What the processor says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cpu {
    /// Model name, or `"unknown"`.
    pub model: String,
    /// Architecture that this program was built for.
    pub arch: &'static str,
    /// Threads that the operating system can run at the same time.
    pub logical_cores: usize,
    /// Cores without counting hardware threads; absent if the system does not tell.
    pub physical_cores: Option<usize>,
}

impl Cpu {
    /// Asks the processor and the operating system.
    pub fn detect() -> Self {
        let model = brand_string().or_else(model_from_system).unwrap_or_else(|| "unknown".to_owned());
        Self {
            model,
            arch: std::env::consts::ARCH,
            logical_cores: logical_cores(),
            physical_cores: physical_cores_from_system(),
        }
    }
}

/// Threads that can run at the same time; 1 if the system does not tell.
pub fn logical_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn brand_string() -> Option<String> {
    let brand = raw_cpuid::CpuId::new().get_processor_brand_string()?;
    Some(brand.as_str().trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
fn brand_string() -> Option<String> {
    None
}

fn model_from_system() -> Option<String> {
    model_in(&std::fs::read_to_string("/proc/cpuinfo").ok()?)
}

/// The first model name in the text of Linux's `cpuinfo`.
fn model_in(cpuinfo: &str) -> Option<String> {
    let names = ["model name", "Model", "Hardware", "cpu model"];
    names.iter().find_map(|name| {
        let mut lines = cpuinfo.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.trim() == *name).map(|(_, value)| value.trim().to_owned())
    })
}

/// Distinct pairs of package and core that Linux lists.
fn physical_cores_from_system() -> Option<usize> {
    let mut cores = vec![];
    for cpu in std::fs::read_dir("/sys/devices/system/cpu").ok()?.flatten() {
        let read = |file: &str| std::fs::read_to_string(cpu.path().join("topology").join(file)).ok();
        if let (Some(package), Some(core)) = (read("physical_package_id"), read("core_id")) {
            cores.push((package, core));
        }
    }
    cores.sort();
    cores.dedup();
    Some(cores.len()).filter(|&count| count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_names_are_found_on_several_architectures() {
        let x86 = "processor\t: 0\nvendor_id\t: X\nmodel\t\t: 17\nmodel name\t: Some CPU @ 2GHz\n";
        assert_eq!(model_in(x86).as_deref(), Some("Some CPU @ 2GHz"));
        let arm = "processor\t: 0\nBogoMIPS\t: 108.00\n\nModel\t\t: A Board: Rev 4\n";
        assert_eq!(model_in(arm).as_deref(), Some("A Board: Rev 4"));
        assert_eq!(model_in("processor : 0\n"), None);
    }

    #[test]
    fn something_is_always_known() {
        let cpu = Cpu::detect();
        assert!(!cpu.model.is_empty() && cpu.logical_cores >= 1);
    }
}
