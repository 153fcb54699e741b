//! What x86-64 instructions mean, in AT&T syntax: the destination stands last.

use super::{Instruction, Target};

pub(super) fn memory_base(one: &Instruction) -> Option<&str> {
    let operand = one.operands.iter().find(|operand| operand.contains('('))?;
    let inside = &operand[operand.find('(')? + 1..];
    let end = inside.find([',', ')'])?;
    Some(inside[..end].trim().trim_start_matches('%'))
}

/// Whether a memory operand is read: it is not the destination.
pub(super) fn reads_memory(one: &Instruction) -> bool {
    let memory = one.operands.iter().position(|operand| operand.contains('('));
    memory.is_some_and(|at| at + 1 < one.operands.len())
}

pub(super) fn uses(one: &Instruction, class: &str) -> bool {
    one.operands.iter().any(|operand| operand.strip_prefix('%').is_some_and(|register| register.starts_with(class)))
}

pub(super) fn jump(one: &Instruction) -> Option<Target<'_>> {
    if !one.mnemonic.starts_with('j') {
        return None;
    }
    let target = one.operands.first()?;
    Some(if target.starts_with('*') { Target::Computed } else { Target::Label(target) })
}
