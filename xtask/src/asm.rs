//! Reads assembly as far as the gate needs it: functions, their labels and instructions, jump tables. What an instruction means
//! is said by a file for each architecture.

mod aarch64;
mod x86_64;

use std::collections::HashMap;

/// Architectures whose assembly can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arch {
    /// In AT&T syntax, the destination last.
    X86_64,
    /// The destination first.
    Aarch64,
}

impl Arch {
    /// As the tile table and the compiler call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }
}

/// An instruction: mnemonic and operands, as they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    pub arch: Arch,
    pub mnemonic: String,
    pub operands: Vec<String>,
}

/// What a line of a function is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    Label(String),
    Instruction(Instruction),
}

/// Where a jump leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    Label(&'a str),
    /// An address in a register or in memory.
    Computed,
}

/// A function's symbol and lines.
#[derive(Debug, Clone)]
pub struct Function {
    pub symbol: String,
    pub lines: Vec<Line>,
}

/// What a file of assembly defines.
#[derive(Debug, Default)]
pub struct Assembly {
    pub functions: Vec<Function>,
    /// Symbols that stand for another one, as where the compiler folded two functions that came out the same.
    pub aliases: HashMap<String, String>,
    /// For each jump table's label the labels that it names.
    pub tables: HashMap<String, Vec<String>>,
}

/// What a crate was compiled to: a file for each unit of the compilation, with labels of its own.
#[derive(Debug, Default)]
pub struct Program {
    pub files: Vec<Assembly>,
}

impl Program {
    /// The function of a Rust item, and the file that it stands in.
    pub fn function_of(&self, item: &str) -> Option<(&Assembly, &Function)> {
        self.files.iter().find_map(|file| file.function_of(item).map(|function| (file, function)))
    }
}

impl Assembly {
    /// Reads a whole file.
    pub fn parse(arch: Arch, text: &str) -> Self {
        let mut assembly = Self::default();
        let mut kind_of = HashMap::new();
        let mut open: Option<Function> = None;
        let mut table: Option<String> = None;
        for line in text.lines().map(|line| without_comment(arch, line)) {
            if let Some((symbol, kind)) = line.strip_prefix(".type").and_then(|rest| rest.split_once(',')) {
                kind_of.insert(symbol.trim().to_owned(), kind.trim() == "@function");
            } else if let Some((name, target)) = line.strip_prefix(".set").and_then(|rest| rest.split_once(',')) {
                assembly.aliases.insert(name.trim().to_owned(), target.trim().to_owned());
            } else if let Some(label) = label(line) {
                if label.starts_with(".Lfunc_end") {
                    assembly.functions.extend(open.take());
                } else if kind_of.get(label) == Some(&true) {
                    assembly.functions.extend(open.replace(Function { symbol: label.to_owned(), lines: Vec::new() }));
                } else if let Some(function) = &mut open {
                    function.lines.push(Line::Label(label.to_owned()));
                }
                table = label.starts_with(".LJTI").then(|| label.to_owned());
            } else if let (Some(table), Some(target)) = (&table, table_entry(line)) {
                assembly.tables.entry(table.clone()).or_default().push(target.to_owned());
            } else if let (Some(function), Some(instruction)) = (&mut open, Instruction::parse(arch, line)) {
                function.lines.push(Line::Instruction(instruction));
            }
        }
        assembly.functions.extend(open);
        assembly
    }

    /// The function of a Rust item, by the item's name: both mangling schemes write it behind its length. A closure in it comes first: where
    /// a curve follows as a pass, the kernel is one.
    pub fn function_of(&self, item: &str) -> Option<&Function> {
        let mangled = format!("{}{item}", item.len());
        let names = |symbol: &str| {
            symbol
                .match_indices(&mangled)
                .any(|(at, _)| !symbol[..at].ends_with(|before: char| before.is_ascii_digit()))
        };
        let closure = |symbol: &str| symbol.starts_with("_RNC") || symbol.contains("closure");
        [true, false].into_iter().find_map(|wanted| {
            let names = |symbol: &str| closure(symbol) == wanted && names(symbol);
            let found = self.functions.iter().find(|function| names(&function.symbol));
            found.or_else(|| {
                let (_, target) = self.aliases.iter().find(|(alias, _)| names(alias))?;
                self.functions.iter().find(|function| function.symbol == *target)
            })
        })
    }
}

impl Instruction {
    /// Reads one line; `None` for directives and empty lines.
    pub fn parse(arch: Arch, line: &str) -> Option<Self> {
        let mut line = without_comment(arch, line);
        // Encoding hints such as `{evex}` and prefixes stand before the mnemonic.
        for prefix in ["{evex}", "{vex}", "notrack", "lock", "rep", "repne"] {
            if let Some(rest) = line.strip_prefix(prefix).filter(|rest| rest.starts_with(char::is_whitespace)) {
                line = rest.trim_start();
            }
        }
        if line.is_empty() || line.starts_with('.') {
            return None;
        }
        let (mnemonic, operands) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        Some(Self { arch, mnemonic: mnemonic.to_owned(), operands: split_operands(operands) })
    }

    /// Base register of the memory operand, without the percent sign; empty for an absolute address, `None` without memory.
    pub fn memory_base(&self) -> Option<&str> {
        match self.arch {
            Arch::X86_64 => x86_64::memory_base(self),
            Arch::Aarch64 => aarch64::memory_base(self),
        }
    }

    /// Vectors, or elements broadcast to one, that it reads from memory.
    pub fn vectors_read(&self) -> usize {
        match self.arch {
            Arch::X86_64 => usize::from(self.is_vector() && x86_64::reads_memory(self)),
            Arch::Aarch64 => aarch64::vectors_read(self),
        }
    }

    /// Whether its memory operand is a constant of the program.
    pub fn reads_constant(&self) -> bool {
        match self.arch {
            Arch::X86_64 => self.memory_base() == Some("rip"),
            Arch::Aarch64 => self.operands.iter().any(|operand| operand.contains(":lo12:")),
        }
    }

    /// Whether it takes an address on the stack, with these registers pointing there.
    pub fn takes_stack_address(&self, stack: &[&str]) -> bool {
        match self.arch {
            Arch::X86_64 => {
                self.mnemonic.starts_with("lea") && self.memory_base().is_some_and(|base| stack.contains(&base))
            }
            Arch::Aarch64 => aarch64::takes_stack_address(self, stack),
        }
    }

    /// Whether it makes a frame pointer of the stack pointer; the frame pointer.
    pub fn frame_pointer(&self) -> Option<&'static str> {
        match self.arch {
            Arch::X86_64 => (self.mnemonic.starts_with("mov") && self.operands == ["%rsp", "%rbp"]).then_some("rbp"),
            Arch::Aarch64 => aarch64::frame_pointer(self),
        }
    }

    /// Whether any operand is an x86-64 vector register of this class: `xmm`, `ymm` or `zmm`.
    pub fn uses(&self, class: &str) -> bool {
        x86_64::uses(self, class)
    }

    /// Whether any operand is a vector register.
    pub fn is_vector(&self) -> bool {
        match self.arch {
            Arch::X86_64 => ["xmm", "ymm", "zmm"].iter().any(|class| self.uses(class)),
            Arch::Aarch64 => aarch64::is_vector(self),
        }
    }

    /// Whether it calls a function.
    pub fn is_call(&self) -> bool {
        match self.arch {
            Arch::X86_64 => self.mnemonic.starts_with("call"),
            Arch::Aarch64 => matches!(self.mnemonic.as_str(), "bl" | "blr"),
        }
    }

    /// Where it jumps to, conditionally or not; `None` if it does not jump.
    pub fn jump(&self) -> Option<Target<'_>> {
        match self.arch {
            Arch::X86_64 => x86_64::jump(self),
            Arch::Aarch64 => aarch64::jump(self),
        }
    }

    /// Whether it jumps always.
    pub fn is_unconditional_jump(&self) -> bool {
        matches!((self.arch, self.mnemonic.as_str()), (Arch::X86_64, "jmp" | "jmpq") | (Arch::Aarch64, "b" | "br"))
    }

    /// Whether control never passes to the next instruction, jumps aside.
    pub fn ends_function(&self) -> bool {
        let ends: &[&str] = match self.arch {
            Arch::X86_64 => &["ret", "ud2", "hlt"],
            Arch::Aarch64 => &["ret", "brk", "udf"],
        };
        ends.iter().any(|end| self.mnemonic.starts_with(end))
    }
}

impl std::fmt::Display for Instruction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.mnemonic, self.operands.join(", "))
    }
}

fn without_comment(arch: Arch, line: &str) -> &str {
    let comment = match arch {
        Arch::X86_64 => "#",
        Arch::Aarch64 => "//",
    };
    let line = line.split(comment).next().unwrap_or_default().trim();
    // What inline assembly without an instruction leaves behind.
    if line.starts_with("/*") { "" } else { line }
}

fn label(line: &str) -> Option<&str> {
    let label = line.strip_suffix(':')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '$' | '@');
    (!label.is_empty() && label.chars().all(plain)).then_some(label)
}

/// The target of `.long .LBB3_4-.LJTI3_0`, `.quad .LBB3_4` or `.hword (.LBB3_4-.LBB3_1)>>2`.
fn table_entry(line: &str) -> Option<&str> {
    let mut sizes = [".long", ".quad", ".byte", ".hword", ".word", ".xword"].iter();
    let entry = sizes.find_map(|size| line.strip_prefix(size))?;
    entry.split('-').next().map(|target| target.trim().trim_start_matches('('))
}

/// Splits at the commas outside of brackets.
fn split_operands(text: &str) -> Vec<String> {
    let (mut operands, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                operands.push(text[start..at].trim().to_owned());
                start = at + 1;
            }
            _ => {}
        }
    }
    operands.push(text[start..].trim().to_owned());
    operands.retain(|operand| !operand.is_empty());
    operands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instruction(line: &str) -> Instruction {
        Instruction::parse(Arch::X86_64, line).expect(line)
    }

    #[test]
    fn operands_split_outside_parentheses() {
        let fma = instruction("\tvfmadd231ps\t16(%rax,%rcx,4){1to16}, %zmm1, %zmm2 {%k1} # 64-byte reload");
        assert_eq!(fma.mnemonic, "vfmadd231ps");
        assert_eq!(fma.operands, ["16(%rax,%rcx,4){1to16}", "%zmm1", "%zmm2 {%k1}"]);
        assert_eq!(fma.memory_base(), Some("rax"));
        assert!(fma.uses("zmm") && !fma.uses("ymm"));
    }

    #[test]
    fn memory_bases_are_found() {
        assert_eq!(instruction("movq (,%r12,4), %rsi").memory_base(), Some(""));
        assert_eq!(instruction("vmovaps .LCPI0_0(%rip), %ymm0").memory_base(), Some("rip"));
        assert_eq!(instruction("addq %rax, %rcx").memory_base(), None);
    }

    #[test]
    fn prefixes_are_skipped_and_directives_are_no_instructions() {
        assert_eq!(instruction("{evex} vaddps %ymm0, %ymm1, %ymm2").mnemonic, "vaddps");
        assert_eq!(instruction("notrack jmpq *%rax").mnemonic, "jmpq");
        assert_eq!(Instruction::parse(Arch::X86_64, "\t.p2align\t4"), None);
        assert_eq!(Instruction::parse(Arch::X86_64, "   # only a comment"), None);
    }

    const FILE: &str = "
\t.type\t_ZN7sepconv8registry7f32_one17h0123456789abcdefE,@function
_ZN7sepconv8registry7f32_one17h0123456789abcdefE:
\tjmpq\t*%rax
.LBB0_1:
\tretq
.Lfunc_end0:
\t.section\t.rodata
.LJTI0_0:
\t.long\t.LBB0_1-.LJTI0_0
\t.type\t_RNvNtCs1_7sepconv8registry12f32_one_twin,@function
\t.set\t_RNvNtCs1_7sepconv8registry12f32_one_twin, _ZN7sepconv8registry7f32_one17h0123456789abcdefE
";

    #[test]
    fn functions_tables_and_aliases_are_found() {
        let assembly = Assembly::parse(Arch::X86_64, FILE);
        assert_eq!(assembly.functions.len(), 1);
        assert_eq!(assembly.functions[0].lines.len(), 3);
        assert_eq!(assembly.tables[".LJTI0_0"], [".LBB0_1"]);
        let one = assembly.function_of("f32_one").expect("defined");
        assert_eq!(assembly.function_of("f32_one_twin").expect("an alias").symbol, one.symbol);
        assert!(assembly.function_of("32_one").is_none());
        assert!(assembly.function_of("f32_on").is_none());
        let closure = FILE.replace("7f32_one17h", "7f32_one28_$u7b$$u7b$closure$u7d$$u7d$17h");
        let both = Assembly::parse(Arch::X86_64, &format!("{FILE}{closure}"));
        assert!(both.function_of("f32_one").is_some_and(|one| one.symbol.contains("closure")));
    }
}
