//! Rows of the gate that may fall short, each with the reason. One that is not needed is an error: it would hide the next fault.

/// What some shims are allowed.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// Name of the shims; `*` stands for anything.
    pub pattern: &'static str,
    /// Vector spills in the hot loop, at most.
    pub spills: usize,
    /// Why that is right.
    pub reason: &'static str,
}

/// All allowances.
pub const ALLOWANCES: &[Allowance] = &[
    Allowance { pattern: "f32_dw_hwc_nx*__portable", spills: 4, reason: PORTABLE_LINES },
    Allowance { pattern: "f32_dw_chw_*xn*__portable", spills: 2, reason: PORTABLE_LINES },
];

const PORTABLE_LINES: &str = "without FMA a product needs a register of its own: one or two halves of taps are reloaded, \
    which costs no more (6.8 to 7.6 instructions a multiply-add) than a tile with an output fewer (7.0) or one tap at a time (7.5)";

impl Allowance {
    /// Whether it speaks of this shim.
    pub fn covers(&self, shim: &str) -> bool {
        matches(self.pattern, shim)
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            name.char_indices().map(|(at, _)| at).chain([name.len()]).any(|at| matches(rest, &name[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        assert!(matches("f32_*_curve__avx2", "f32_pw_hwc_1x1v_curve__avx2"));
        assert!(matches("*__avx2", "f32_probe__avx2"));
        assert!(matches("f32_*", "f32_"));
        assert!(!matches("f32_*__avx2", "f32_probe__avx512"));
        assert!(!matches("f32_probe", "f32_probe__avx2"));
    }

    #[test]
    fn every_allowance_has_a_reason() {
        for allowance in ALLOWANCES {
            assert!(allowance.reason.len() > 20 && allowance.spills > 0, "{allowance:?}");
        }
    }
}
