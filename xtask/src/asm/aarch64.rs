//! What aarch64 instructions mean: the destination stands first, memory is touched by loads and stores only.

use super::{Instruction, Target};

pub(super) fn memory_base(one: &Instruction) -> Option<&str> {
    let operand = one.operands.iter().find_map(|operand| operand.strip_prefix('['))?;
    operand.split([',', ']']).next().map(str::trim)
}

/// Registers of vectors and of the floats in them: `q0`, `v0.4s`, `d0`, `s0`, or a list in braces.
fn is_vector_register(operand: &str) -> bool {
    let mut letters = operand.trim_start_matches(['{', ' ']).chars();
    letters.next().is_some_and(|class| "qvds".contains(class)) && letters.next().is_some_and(|c| c.is_ascii_digit())
}

pub(super) fn is_vector(one: &Instruction) -> bool {
    one.operands.iter().any(|operand| is_vector_register(operand))
}

pub(super) fn vectors_read(one: &Instruction) -> usize {
    if !one.mnemonic.starts_with("ld") {
        return 0;
    }
    let registers = one.operands.iter().take_while(|operand| !operand.starts_with('['));
    let vectors = registers.filter(|operand| is_vector_register(operand));
    vectors.map(|operand| operand.split(',').count()).sum()
}

pub(super) fn takes_stack_address(one: &Instruction, stack: &[&str]) -> bool {
    let source = one.operands.get(1).is_some_and(|source| stack.contains(&source.as_str()));
    source && matches!(one.mnemonic.as_str(), "add" | "sub" | "mov")
}

/// `mov x29, sp` or `add x29, sp, #64`.
pub(super) fn frame_pointer(one: &Instruction) -> Option<&'static str> {
    let of_stack = one.operands.len() >= 2 && one.operands[0] == "x29" && one.operands[1] == "sp";
    (of_stack && matches!(one.mnemonic.as_str(), "mov" | "add")).then_some("x29")
}

pub(super) fn jump(one: &Instruction) -> Option<Target<'_>> {
    match one.mnemonic.as_str() {
        "br" => Some(Target::Computed),
        // The label stands last: `b.ne .L1`, `cbz x0, .L1`, `tbz x0, #3, .L1`.
        "b" | "cbz" | "cbnz" | "tbz" | "tbnz" => one.operands.last().map(|label| Target::Label(label)),
        mnemonic if mnemonic.starts_with("b.") => one.operands.last().map(|label| Target::Label(label)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Arch, Instruction, Target};

    fn instruction(line: &str) -> Instruction {
        Instruction::parse(Arch::Aarch64, line).expect(line)
    }

    #[test]
    fn operands_split_outside_of_brackets() {
        let fma = instruction("\tfmla\tv31.4s, v14.4s, v13.s[0] // a comment");
        assert_eq!(fma.operands, ["v31.4s", "v14.4s", "v13.s[0]"]);
        assert!(fma.is_vector() && fma.memory_base().is_none() && fma.jump().is_none());
        assert_eq!(instruction("ld1\t{ v0.4s, v1.4s }, [x0], #32").operands, ["{ v0.4s, v1.4s }", "[x0]", "#32"]);
        assert_eq!(Instruction::parse(Arch::Aarch64, "\t/* v4 */"), None);
        assert_eq!(Instruction::parse(Arch::Aarch64, "\t//APP"), None);
    }

    #[test]
    fn loads_are_counted_in_vectors() {
        for (line, vectors) in [
            ("ldr q1, [x0, #16]!", 1),
            ("ldp q1, q2, [x0], #32", 2),
            ("ld2 { v0.4s, v1.4s }, [x0]", 2),
            ("ld1r { v0.4s }, [x0]", 1),
            ("ldr s3, [x1]", 1),
            ("ldr x3, [x1]", 0),
            ("str q1, [x0]", 0),
            ("prfm pldl2keep, [x5]", 0),
        ] {
            assert_eq!(instruction(line).vectors_read(), vectors, "{line}");
        }
    }

    #[test]
    fn the_stack_is_recognised() {
        assert_eq!(instruction("ldr q0, [sp, #16]").memory_base(), Some("sp"));
        assert_eq!(instruction("add x29, sp, #64").frame_pointer(), Some("x29"));
        assert_eq!(instruction("mov x29, sp").frame_pointer(), Some("x29"));
        assert_eq!(instruction("mov x29, x0").frame_pointer(), None);
        assert!(instruction("add x8, sp, #8").takes_stack_address(&["sp"]));
        assert!(!instruction("add x8, x9, #8").takes_stack_address(&["sp"]));
        assert!(instruction("ldr q0, [x8, :lo12:.LCPI0_0]").reads_constant());
    }

    #[test]
    fn jumps_name_their_label_last() {
        for line in ["b .L1", "b.ne .L1", "cbz x0, .L1", "tbnz w8, #3, .L1"] {
            assert_eq!(instruction(line).jump(), Some(Target::Label(".L1")), "{line}");
        }
        assert_eq!(instruction("br x9").jump(), Some(Target::Computed));
        assert!(instruction("b .L1").is_unconditional_jump() && !instruction("b.ne .L1").is_unconditional_jump());
        assert!(instruction("bl memcpy").is_call() && instruction("bl memcpy").jump().is_none());
        assert!(instruction("brk #1").ends_function() && instruction("ret").ends_function());
    }
}
