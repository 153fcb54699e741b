//! The data caches and who shares them.

use serde::Serialize;

/// One level of data cache, as the first core sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cache {
    /// 1, 2, 3, …
    pub level: u32,
    /// Size in bytes.
    pub bytes: usize,
    /// Logical cores that share one such cache; absent if the system does not tell.
    pub shared_by: Option<usize>,
}

/// Data and unified caches, the nearest first.
pub fn data_caches() -> Vec<Cache> {
    caches_from_system().unwrap_or_else(caches_from_library)
}

fn caches_from_system() -> Option<Vec<Cache>> {
    let mut caches = vec![];
    for index in 0..16 {
        let read = |file: &str| {
            let path = format!("/sys/devices/system/cpu/cpu0/cache/index{index}/{file}");
            std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
        };
        let Some(kind) = read("type") else { break };
        if kind == "Instruction" {
            continue;
        }
        let level = read("level")?.parse().ok()?;
        let bytes = parse_size(&read("size")?)?;
        caches.push(Cache { level, bytes, shared_by: read("shared_cpu_list").and_then(|list| count_cpus(&list)) });
    }
    caches.sort_by_key(|cache| cache.level);
    Some(caches).filter(|caches| !caches.is_empty())
}

/// What the library blocks for, where the operating system has no more to say.
fn caches_from_library() -> Vec<Cache> {
    let sizes = sepconv::isa::cache_sizes();
    let levels = [(1, sizes.l1d), (2, sizes.l2), (3, sizes.l3)];
    let known = levels.into_iter().filter(|&(_, bytes)| bytes > 0);
    known.map(|(level, bytes)| Cache { level, bytes, shared_by: None }).collect()
}

/// `"32K"`, `"8M"` or a plain number, in bytes.
fn parse_size(text: &str) -> Option<usize> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match &text[digits.len()..] {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        _ => return None,
    };
    digits.parse::<usize>().ok()?.checked_mul(1 << shift)
}

/// CPUs in a list such as `"0-3,8-11"`.
fn count_cpus(list: &str) -> Option<usize> {
    list.split(',').try_fold(0, |count: usize, range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        Some(count + last.checked_sub(first)? + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_lists_as_linux_writes_them() {
        assert_eq!(parse_size("32K"), Some(32 << 10));
        assert_eq!(parse_size("8M"), Some(8 << 20));
        assert_eq!(parse_size("512"), Some(512));
        assert_eq!(parse_size("many"), None);
        assert_eq!(count_cpus("0-3,8-11"), Some(8));
        assert_eq!(count_cpus("5"), Some(1));
        assert_eq!(count_cpus("3-1"), None);
    }

    #[test]
    fn there_is_a_first_level() {
        let caches = data_caches();
        assert_eq!(caches.first().map(|cache| cache.level), Some(1), "{caches:?}");
        assert!(caches.iter().all(|cache| cache.bytes >= 1024));
    }
}
