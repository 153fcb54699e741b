//! Rows of the gate that may fall short, each with the reason. One that is not needed is an error: it would hide the next fault.

use crate::asm::Arch;

/// What some shims are allowed.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// Architecture that it is for.
    pub arch: Arch,
    /// Name of the shims; `*` stands for anything.
    pub pattern: &'static str,
    /// Vector spills in the hot loop, at most.
    pub spills: usize,
    /// Why that is right.
    pub reason: &'static str,
}

/// All allowances.
pub const ALLOWANCES: &[Allowance] = &[
    Allowance { arch: Arch::X86_64, pattern: "f32_dw_hwc_nx*__portable", spills: 12, reason: PORTABLE_LINES },
    Allowance { arch: Arch::X86_64, pattern: "f32_dw_chw_*xn*__portable", spills: 14, reason: PORTABLE_HALVED },
    Allowance { arch: Arch::X86_64, pattern: "f32_dw_chw_5xns*__avx2", spills: 41, reason: AVX2_PAIRS },
    Allowance { arch: Arch::X86_64, pattern: "f32_dw_hwc_3x3s*__avx512", spills: 14, reason: AVX512_WALK },
    Allowance { arch: Arch::X86_64, pattern: "f32_dw_chw_3x3s*_curve__avx512", spills: 7, reason: AVX512_WALK },
    Allowance { arch: Arch::X86_64, pattern: "f32_dw_hwc_3x3s*__avx2", spills: 47, reason: AVX2_WALK },
    Allowance { arch: Arch::X86_64, pattern: "f32_dw_chw_3x3s2*__avx2", spills: 5, reason: AVX2_WALK_CHW },
];

const AVX512_WALK: &str = "sums, taps and inputs are up to 31 registers of 32: bias, limits, constants of curves and some taps are read from the \
    stack, at most 14 loads for 36 to 63 products. 14x14x512 took 18 us this way, 30 us with tiles of two rows in registers alone";

const AVX2_WALK: &str = "12 sums are all that 16 registers hold beside inputs: each product takes its tap as an operand from the stack, two loads \
    a cycle beside two products. 14x14x512 took 24 us this way, 33 us with lines of copied pixels";

const AVX2_WALK_CHW: &str = "the loop with the most work has three vectors of columns: 6 sums, 9 taps and the halves of the inputs, some of the taps \
    are operands from the stack. 28x28x256 took 25.6 us by walks, 31 us by lines";

const PORTABLE_HALVED: &str = "the loop with the most work is the one for columns at stride 2, where LLVM gathers every second float by \
    itself: the addresses crowd sums out of the registers. NEON's own level has the kernel without spills";

const PORTABLE_LINES: &str = "without FMA a product needs a register of its own: taps stay on the stack, as memory operands of the \
    products, while the sums stay in registers";

const AVX2_PAIRS: &str = "the loop with the most work is the one for columns at stride 2, where two columns of five taps share their loads: \
    taps that do not fit are memory operands. 56x56x144 took 107 us with pairs, 119 us with one column at a time";

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
