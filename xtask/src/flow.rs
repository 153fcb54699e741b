//! Control flow of one function: basic blocks, innermost loops, and the blocks that an iteration cannot avoid.

use crate::asm::{Function, Instruction, Line, Target};
use std::collections::{BTreeSet, HashMap};

/// Straight-line instructions, entered at the first and left at the last.
#[derive(Debug, Default)]
pub struct Block<'a> {
    pub labels: Vec<&'a str>,
    pub instructions: Vec<&'a Instruction>,
    /// Indices of the blocks that may follow.
    pub next: Vec<usize>,
}

/// Indices of the blocks of a loop.
pub type Loop = BTreeSet<usize>;

/// The blocks of a function, in the order of the file.
#[derive(Debug)]
pub struct Flow<'a> {
    pub blocks: Vec<Block<'a>>,
}

impl<'a> Flow<'a> {
    /// Cuts a function into blocks. An indirect jump may go to every block that one of the function's jump tables names.
    pub fn new(function: &'a Function, tables: &'a HashMap<String, Vec<String>>) -> Self {
        let mut blocks = vec![Block::default()];
        let mut closed = false;
        for line in &function.lines {
            let last = blocks.last().expect("starts with one");
            if closed || (matches!(line, Line::Label(_)) && !last.instructions.is_empty()) {
                blocks.push(Block::default());
                closed = false;
            }
            let last = blocks.last_mut().expect("starts with one");
            match line {
                Line::Label(label) => last.labels.push(label),
                Line::Instruction(instruction) => {
                    last.instructions.push(instruction);
                    closed = instruction.jump().is_some() || instruction.ends_function();
                }
            }
        }
        let mut flow = Self { blocks };
        flow.connect(tables);
        flow
    }

    fn connect(&mut self, tables: &HashMap<String, Vec<String>>) {
        let at: HashMap<&str, usize> = (self.blocks.iter().enumerate())
            .flat_map(|(index, block)| block.labels.iter().map(move |label| (*label, index)))
            .collect();
        let indirect: BTreeSet<usize> =
            tables.values().flatten().filter_map(|label| at.get(label.as_str()).copied()).collect();
        for index in 0..self.blocks.len() {
            let mut next = BTreeSet::new();
            let last = self.blocks[index].instructions.last();
            match last.and_then(|last| last.jump()) {
                Some(Target::Computed) => next.extend(&indirect),
                // A label of another function is a tail call: it leaves.
                Some(Target::Label(target)) => next.extend(at.get(target)),
                None => {}
            }
            let leaves = last.is_some_and(|last| last.is_unconditional_jump() || last.ends_function());
            if !leaves && index + 1 < self.blocks.len() {
                next.insert(index + 1);
            }
            self.blocks[index].next = next.into_iter().collect();
        }
    }

    /// All loops that hold no other loop.
    pub fn innermost_loops(&self) -> Vec<Loop> {
        let mut found = Vec::new();
        self.collect_loops(&(0..self.blocks.len()).collect(), &mut found);
        found
    }

    /// A loop is a strongly connected component; without its headers what is left of it holds the loops inside.
    fn collect_loops(&self, within: &Loop, found: &mut Vec<Loop>) {
        for component in self.components(within) {
            let before = found.len();
            let headers = self.headers(&component);
            let inside: Loop = component.difference(&headers).copied().collect();
            self.collect_loops(&inside, found);
            if found.len() == before {
                found.push(component);
            }
        }
    }

    /// Blocks of a loop that are entered from outside; the first one where none is.
    fn headers(&self, component: &Loop) -> Loop {
        let outside = self.blocks.iter().enumerate().filter(|(index, _)| !component.contains(index));
        let entries = outside.flat_map(|(_, block)| block.next.iter().copied());
        let mut headers: Loop = entries.filter(|entry| component.contains(entry)).collect();
        if component.contains(&0) {
            headers.insert(0);
        }
        if headers.is_empty() {
            headers.extend(component.first());
        }
        headers
    }

    /// Strongly connected components with a cycle, of the blocks in `within`, by Tarjan's algorithm: linear in their number, for
    /// kernels have thousands of blocks.
    fn components(&self, within: &Loop) -> Vec<Loop> {
        // Order of discovery (0: not yet), the earliest block that is reached from each, and whether it still has no component.
        let mut order = vec![0; self.blocks.len()];
        let (mut earliest, mut open) = (order.clone(), vec![false; order.len()]);
        let (mut counter, mut stack, mut components) = (0, Vec::new(), Vec::new());
        for &start in within {
            // The path from `start`: a block, and how many of its successors have been followed.
            let mut path = if order[start] == 0 { vec![(start, 0)] } else { Vec::new() };
            while let Some((block, followed)) = path.pop() {
                if followed == 0 {
                    counter += 1;
                    (order[block], earliest[block], open[block]) = (counter, counter, true);
                    stack.push(block);
                } else {
                    let child = self.blocks[block].next[followed - 1];
                    if open[child] {
                        earliest[block] = earliest[block].min(earliest[child]);
                    }
                }
                if let Some(&next) = self.blocks[block].next.get(followed) {
                    path.push((block, followed + 1));
                    if within.contains(&next) && order[next] == 0 {
                        path.push((next, 0));
                    }
                } else if earliest[block] == order[block] {
                    let at = stack.iter().rposition(|&of| of == block).expect("it was pushed");
                    let component: Loop = stack.drain(at..).collect();
                    component.iter().for_each(|&of| open[of] = false);
                    if component.len() > 1 || self.blocks[block].next.contains(&block) {
                        components.push(component);
                    }
                }
            }
        }
        components.sort();
        components
    }

    /// Blocks of a loop that every round through `hot` runs: those without which `hot` could not come round to itself.
    pub fn unavoidable(&self, body: &Loop, hot: usize) -> Loop {
        let comes_round = |without: usize| {
            let rest: Loop = body.iter().copied().filter(|&block| block != without).collect();
            reach(hot, &rest, |block| &self.blocks[block].next).contains(&hot)
        };
        body.iter().copied().filter(|&block| block == hot || !comes_round(block)).collect()
    }
}

/// Blocks of `within` that a path of at least one step leads to.
fn reach<'n>(start: usize, within: &Loop, next: impl Fn(usize) -> &'n Vec<usize>) -> Loop {
    let (mut reached, mut open) = (Loop::new(), vec![start]);
    while let Some(block) = open.pop() {
        for &next in next(block) {
            if within.contains(&next) && reached.insert(next) {
                open.push(next);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asm::{Arch, Assembly};

    fn assembly(body: &str) -> Assembly {
        Assembly::parse(Arch::X86_64, &format!("\t.type\tf,@function\nf:\n{body}\n.Lfunc_end0:\n"))
    }

    fn loops(body: &str) -> Vec<Loop> {
        let assembly = assembly(body);
        Flow::new(&assembly.functions[0], &assembly.tables).innermost_loops()
    }

    #[test]
    fn a_loop_is_the_blocks_between_label_and_backward_jump() {
        let found = loops("xorl %eax, %eax\n.LBB0_1:\nincq %rax\ncmpq %rax, %rcx\njne .LBB0_1\nretq");
        assert_eq!(found, [Loop::from([1])]);
    }

    #[test]
    fn of_nested_loops_only_the_inner_one_counts() {
        let found = loops(
            "nop\n.LBB0_1:\nincq %rax\n.LBB0_2:\nincq %rcx\ncmpq %rcx, %rdx\njne .LBB0_2\ncmpq %rax, %rsi\njne .LBB0_1\nretq",
        );
        assert_eq!(found, [Loop::from([2])]);
    }

    #[test]
    fn two_loops_inside_one_are_both_found() {
        let found = loops(
            ".LBB0_1:\nnop\n.LBB0_2:\nincq %rcx\njne .LBB0_2\nnop\n.LBB0_3:\nincq %rdx\njne .LBB0_3\njmp .LBB0_1",
        );
        assert_eq!(found, [Loop::from([1]), Loop::from([3])]);
    }

    #[test]
    fn straight_code_has_no_loop() {
        assert!(loops("testq %rax, %rax\nje .LBB0_1\nnop\n.LBB0_1:\nretq").is_empty());
    }

    #[test]
    fn an_indirect_jump_goes_where_the_table_says() {
        let found = loops(
            ".LBB0_1:\nincq %rax\njmpq *%rcx\n.LBB0_2:\njmp .LBB0_1\n.LBB0_3:\nretq\n.LJTI0_0:\n.long .LBB0_2-.LJTI0_0\n.long .LBB0_3-.LJTI0_0",
        );
        assert_eq!(found, [Loop::from([0, 1])]);
    }

    #[test]
    fn one_side_of_a_branch_can_be_avoided() {
        // 0: header, 1: taken or not, 2: the latch with the work.
        let assembly =
            assembly(".LBB0_1:\ntestq %rax, %rax\nje .LBB0_2\ncall other\n.LBB0_2:\nincq %rcx\njne .LBB0_1\nretq");
        let flow = Flow::new(&assembly.functions[0], &assembly.tables);
        let body = &flow.innermost_loops()[0];
        assert_eq!(*body, Loop::from([0, 1, 2]));
        assert_eq!(flow.unavoidable(body, 2), Loop::from([0, 2]));
        assert_eq!(flow.unavoidable(body, 1), Loop::from([0, 1, 2]));
    }
}
