//! Sizes of the data caches, which blocking is derived from.
//!
//! Wrong sizes cost speed, never correctness: where they cannot be learnt, common ones stand in.

use std::sync::OnceLock;

/// Sizes of the data caches that one core sees, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheSizes {
    /// First level, per core.
    pub l1d: usize,
    /// Second level, per core.
    pub l2: usize,
    /// Third level, often shared; 0 if there is none or it is not known.
    pub l3: usize,
}

/// Caches of these sizes, on whatever machine: what a planner of loops is tested with.
pub const fn caches_of([l1d, l2, l3]: [usize; 3]) -> CacheSizes {
    CacheSizes { l1d, l2, l3 }
}

/// The caches of this machine, learnt once per process.
pub fn cache_sizes() -> CacheSizes {
    static SIZES: OnceLock<CacheSizes> = OnceLock::new();
    *SIZES.get_or_init(|| {
        let [l1d, l2, l3] = from_cpuid().or_else(from_sysfs).unwrap_or([0; 3]);
        CacheSizes { l1d: if l1d == 0 { 32 << 10 } else { l1d }, l2: if l2 == 0 { 512 << 10 } else { l2 }, l3 }
    })
}

/// Deterministic cache parameters: leaf 4 (Intel) or leaf 0x8000_001D (AMD), one sub-leaf per cache.
#[cfg(target_arch = "x86_64")]
fn from_cpuid() -> Option<[usize; 3]> {
    let has_extended = cpuid(0x8000_0000, 0).eax >= 0x8000_001D;
    let topology_extensions = has_extended && cpuid(0x8000_0001, 0).ecx & (1 << 22) != 0;
    let leaf = match topology_extensions {
        true => 0x8000_001D,
        false if cpuid(0, 0).eax >= 4 => 4,
        false => return None,
    };
    let mut sizes = [0; 3];
    for index in 0..8 {
        let cache = cpuid(leaf, index);
        let (kind, level) = (cache.eax & 0x1F, (cache.eax >> 5) & 0x7);
        if kind == 0 {
            break;
        }
        let holds_data = kind == 1 || kind == 3;
        if holds_data && (1..=3).contains(&level) {
            let field = |shift: u32, bits: u32| ((cache.ebx >> shift) & ((1 << bits) - 1)) as usize + 1;
            sizes[level as usize - 1] = field(22, 10) * field(12, 10) * field(0, 12) * (cache.ecx as usize + 1);
        }
    }
    (sizes[0] != 0).then_some(sizes)
}

/// What the CPU says of itself. The intrinsic is unsafe to the oldest compiler that the crate is built with, and safe to newer ones.
#[cfg(target_arch = "x86_64")]
#[allow(unused_unsafe)]
fn cpuid(leaf: u32, sub_leaf: u32) -> core::arch::x86_64::CpuidResult {
    // SAFETY: the instruction touches no memory, and every x86-64 CPU has it.
    unsafe { core::arch::x86_64::__cpuid_count(leaf, sub_leaf) }
}

#[cfg(not(target_arch = "x86_64"))]
fn from_cpuid() -> Option<[usize; 3]> {
    None
}

/// Linux's description of the first core's caches; absent elsewhere.
fn from_sysfs() -> Option<[usize; 3]> {
    let mut sizes = [0; 3];
    for index in 0..8 {
        let read = |file: &str| {
            let path = format!("/sys/devices/system/cpu/cpu0/cache/index{index}/{file}");
            std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
        };
        let (Some(level), Some(kind), Some(size)) = (read("level"), read("type"), read("size")) else { break };
        let level: usize = level.parse().ok()?;
        if kind != "Instruction" && (1..=3).contains(&level) {
            let (digits, unit) = size.split_at(size.trim_end_matches(['K', 'M', 'G']).len());
            let shift = match unit {
                "K" => 10,
                "M" => 20,
                "G" => 30,
                _ => 0,
            };
            sizes[level - 1] = digits.parse::<usize>().ok()? << shift;
        }
    }
    (sizes[0] != 0).then_some(sizes)
}
