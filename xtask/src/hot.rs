//! Finds a kernel's hot loop and counts what stands in it.

use crate::asm::{Assembly, Function, Instruction, Line};
use crate::flow::Flow;
use crate::shims::Shim;
use std::cmp::Reverse;

/// What one round of the hot loop executes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HotLoop {
    pub instructions: usize,
    /// Multiply-adds of whole vectors.
    pub fmas: usize,
    /// Vectors, or broadcast elements, read from memory other than the stack.
    pub loads: usize,
    /// Vector instructions with an operand on the stack.
    pub spills: usize,
    /// Other instructions with an operand on the stack: addresses or counters that did not fit into registers.
    pub scalar_spills: usize,
    pub calls: usize,
    /// The instructions, for a person to read.
    pub listing: Vec<String>,
}

/// The hot loop of a shim: the innermost loop with the most work in one straight run, and in it the blocks that every round
/// through that run executes. A variant that tests each input has the same work, but in many small blocks.
pub fn find(assembly: &Assembly, function: &Function, shim: &Shim) -> Option<HotLoop> {
    let flow = Flow::new(function, &assembly.tables);
    let stack = stack_registers(function);
    let loops = flow.innermost_loops();
    let runs = loops.iter().flat_map(|body| body.iter().map(move |&block| (body, block)));
    // At equal work the plain variant is the one with the fewest instructions, and the earlier one of two that are alike.
    let (body, hot) = runs.max_by_key(|&(_, block)| {
        let code = &flow.blocks[block].instructions;
        (work(code, shim, &stack), Reverse(code.len()), Reverse(block))
    })?;
    let blocks = flow.unavoidable(body, hot);
    let code: Vec<&Instruction> = blocks.iter().flat_map(|&block| &flow.blocks[block].instructions).copied().collect();
    Some(HotLoop { fmas: shim.vectors.multiply_adds(&code), ..count(&code, &stack) })
}

/// Work of a run, compared from left to right, each as far as it is declared: multiply-adds, then vectors read from the tensors.
/// An epilogue may have more of the first (the polynomial of an exponential), but reads constants only. A variant that does two
/// rounds at once, or reads vectors in pieces, has no more work for that.
fn work(code: &[&Instruction], shim: &Shim, stack: &[&str]) -> (usize, usize) {
    let fmas = shim.vectors.multiply_adds(code);
    let reads = code.iter().filter(|one| reads_data(one, stack)).count();
    (fmas.min(shim.fmas.unwrap_or(0)), reads.min(shim.fmas.unwrap_or(usize::MAX)))
}

fn count(code: &[&Instruction], stack: &[&str]) -> HotLoop {
    let mut found = HotLoop { instructions: code.len(), ..HotLoop::default() };
    for one in code {
        let on_stack = one.memory_base().is_some_and(|base| stack.contains(&base));
        // An address on the stack is taken only to index an array there: a vector that is not in a register.
        match (on_stack || one.takes_stack_address(stack), one.is_vector() || one.takes_stack_address(stack)) {
            (true, true) => found.spills += 1,
            (true, false) => found.scalar_spills += 1,
            (false, _) => found.loads += one.vectors_read(),
        }
        found.calls += usize::from(one.is_call());
        found.listing.push(one.to_string());
    }
    found
}

/// Whether it reads vectors from memory that is neither the stack nor a constant.
fn reads_data(one: &Instruction, stack: &[&str]) -> bool {
    one.vectors_read() > 0 && !one.reads_constant() && one.memory_base().is_some_and(|base| !stack.contains(&base))
}

/// Registers that point to the stack: the stack pointer, and the frame pointer in a function that makes one of it.
fn stack_registers(function: &Function) -> Vec<&'static str> {
    let frame = |line: &Line| match line {
        Line::Instruction(one) => one.frame_pointer(),
        Line::Label(_) => None,
    };
    // No register of one architecture is called like the stack pointer of the other.
    ["rsp", "sp"].into_iter().chain(function.lines.iter().find_map(frame)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asm::Arch;
    use crate::shims::Vectors;

    fn hot(vectors: Vectors, fmas: Option<usize>, body: &str) -> HotLoop {
        hot_on(Arch::X86_64, vectors, fmas, body)
    }

    fn hot_on(arch: Arch, vectors: Vectors, fmas: Option<usize>, body: &str) -> HotLoop {
        let assembly = Assembly::parse(arch, &format!("\t.type\tf,@function\nf:\n{body}\n.Lfunc_end0:\n"));
        let shim = Shim { name: "f".to_owned(), vectors, fmas };
        find(&assembly, &assembly.functions[0], &shim).expect("a loop")
    }

    fn zmm(body: &str) -> HotLoop {
        hot(Vectors::Fused("zmm"), Some(1), body)
    }

    #[test]
    fn spills_are_vectors_on_the_stack() {
        let found = zmm(".LBB0_1:
            vmovups 64(%rsp), %zmm0
            vfmadd231ps (%rsp,%rax), %zmm0, %zmm1
            vmovups %zmm1, 128(%rsp)
            vbroadcastss 4(%rsp), %zmm2
            leaq 8(%rsp), %rdx
            movq 16(%rsp), %rcx
            jne .LBB0_1");
        assert_eq!((found.spills, found.scalar_spills, found.loads, found.fmas), (5, 1, 0, 1));
    }

    #[test]
    fn a_constant_is_no_spill() {
        let found = zmm(".LBB0_1:\nvfmadd231ps .LCPI0_0(%rip){1to16}, %zmm0, %zmm1\njne .LBB0_1");
        assert_eq!((found.spills, found.loads, found.fmas), (0, 1, 1));
    }

    #[test]
    fn rbp_is_the_stack_only_as_a_frame_pointer() {
        let body = ".LBB0_1:\nvmovups 64(%rbp), %zmm0\nvfmadd231ps %zmm0, %zmm0, %zmm1\njne .LBB0_1";
        assert_eq!(zmm(body).spills, 0);
        assert_eq!(zmm(&format!("movq %rsp, %rbp\n{body}")).spills, 1);
    }

    #[test]
    fn calls_are_found() {
        assert_eq!(
            zmm(".LBB0_1:\nvfmadd231ps %zmm0, %zmm0, %zmm1\ncallq *memcpy@GOTPCREL(%rip)\njne .LBB0_1").calls,
            1
        );
        assert_eq!(zmm("callq memcpy\n.LBB0_1:\nvfmadd231ps %zmm0, %zmm0, %zmm1\njne .LBB0_1").calls, 0);
    }

    #[test]
    fn multiply_adds_count_on_the_register_class_only() {
        let body = ".LBB0_1:
            vfmadd231ps (%rax,%rcx,4), %ymm0, %ymm1
            vfmadd213ps %ymm2, %ymm3, %ymm4
            vfmadd231ss %xmm0, %xmm1, %xmm2
            vfmadd231ps (%rax){1to16}, %zmm1, %zmm5
            jne .LBB0_1";
        assert_eq!(hot(Vectors::Fused("ymm"), Some(2), body).fmas, 2);
        assert_eq!(hot(Vectors::Fused("zmm"), Some(2), body).fmas, 1);
    }

    #[test]
    fn without_fusion_a_multiply_add_is_a_pair_for_each_register() {
        let body = ".LBB0_1:
            mulps (%rax), %xmm0
            mulps %xmm1, %xmm2
            addps %xmm0, %xmm3
            addps %xmm2, %xmm4
            mulps %xmm5, %xmm5
            jne .LBB0_1";
        assert_eq!(hot(Vectors::Pairs(2), Some(1), body).fmas, 1);
        assert_eq!(hot(Vectors::Pairs(1), Some(1), body).fmas, 2);
    }

    /// The outer loop has more multiply-adds, the tested loop as many: the straight inner loop is the hot one.
    #[test]
    fn the_straight_inner_loop_is_chosen() {
        let found = hot(
            Vectors::Fused("zmm"),
            Some(2),
            ".LBB0_1:
            vfmadd231ps %zmm9, %zmm9, %zmm9
            vfmadd231ps %zmm9, %zmm9, %zmm9
            vfmadd231ps %zmm9, %zmm9, %zmm9
            .LBB0_2:
            vfmadd231ps %zmm1, %zmm1, %zmm1
            vfmadd231ps %zmm2, %zmm2, %zmm2
            jne .LBB0_2
            .LBB0_3:
            jae .LBB0_4
            vfmadd231ps (%rsp), %zmm3, %zmm3
            .LBB0_4:
            jae .LBB0_5
            vfmadd231ps (%rsp), %zmm4, %zmm4
            .LBB0_5:
            jne .LBB0_3
            jmp .LBB0_1",
        );
        assert_eq!((found.fmas, found.spills, found.instructions), (2, 0, 3));
    }

    #[test]
    fn of_two_variants_the_plain_one_is_chosen() {
        let found = zmm(".LBB0_1:
            vfmadd213ps (%rax), %zmm0, %zmm1
            vmovaps %zmm1, %zmm2 {%k1}
            vmovups %zmm2, (%rsp)
            jne .LBB0_1
            .LBB0_2:
            vfmadd231ps (%rax), %zmm0, %zmm1
            jne .LBB0_2");
        assert_eq!((found.instructions, found.spills), (2, 0));
    }

    #[test]
    fn an_epilogue_in_the_loop_is_not_its_hot_part() {
        let found = zmm(".LBB0_1:
            vfmadd231ps (%rax), %zmm0, %zmm1
            jne .LBB0_2
            vfmadd213ps .LCPI0_0(%rip), %zmm0, %zmm1
            vfmadd213ps .LCPI0_1(%rip), %zmm0, %zmm1
            vmovups %zmm1, (%rsp)
            .LBB0_2:
            incq %rax
            jne .LBB0_1");
        assert_eq!((found.fmas, found.spills, found.instructions), (1, 0, 4));
    }

    #[test]
    fn a_copy_is_found_by_its_moves() {
        let body =
            ".LBB0_1:\nincq %rax\njne .LBB0_1\n.LBB0_2:\nmovups (%rax), %xmm0\nmovups %xmm0, (%rcx)\njne .LBB0_2";
        assert_eq!(hot(Vectors::Pairs(2), None, body).loads, 1);
    }

    #[test]
    fn aarch64_loops_are_read_too() {
        let body = "add x29, sp, #16
            .LBB0_1:
            ldp q0, q1, [x0], #32
            ldr q2, [x29, #-16]
            str q3, [sp, #32]
            ldr x8, [sp, #8]
            fmla v4.4s, v0.4s, v2.s[1]
            fmla v5.4s, v1.4s, v2.4s
            bl other
            b.ne .LBB0_1
            ret";
        let found = hot_on(Arch::Aarch64, Vectors::Lanes(1), Some(2), body);
        assert_eq!((found.fmas, found.loads, found.spills), (2, 2, 2));
        assert_eq!((found.scalar_spills, found.calls, found.instructions), (1, 1, 8));
        assert_eq!(hot_on(Arch::Aarch64, Vectors::Lanes(2), Some(1), body).fmas, 1);
    }

    #[test]
    fn code_without_a_loop_has_no_hot_one() {
        let assembly = Assembly::parse(Arch::X86_64, "\t.type\tf,@function\nf:\nretq\n.Lfunc_end0:\n");
        let shim = Shim { name: "f".to_owned(), vectors: Vectors::Fused("zmm"), fmas: Some(1) };
        assert_eq!(find(&assembly, &assembly.functions[0], &shim), None);
    }
}
