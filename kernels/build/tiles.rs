//! The tile table: which register tiles exist on which instruction set. A shape that is fast on one is slow on another, so
//! shapes live here, as data, and kernels take them as constants.

/// An instruction set as the table sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Suffix of kernel names and variant of `Isa`.
    pub name: &'static str,
    /// Variant of `Isa`.
    pub variant: &'static str,
    /// Type that implements `Simd`, below `crate::simd`.
    pub token: &'static str,
    /// `target_feature` of the shims; empty for the compiler's baseline.
    pub features: &'static str,
    /// `target_arch` that it exists on; empty for all.
    pub arch: &'static str,
    /// Vector registers.
    pub registers: usize,
    /// Registers that one vector takes.
    pub per_vector: usize,
    /// Whether a broadcast or loaded operand of an FMA can stay in memory.
    pub memory_operand: bool,
    /// Whether half a vector costs half as much to load and store.
    pub halves: bool,
    /// Floats of a vector that a multiply-add can take one by one as a factor of all lanes; 0 where none can be.
    pub by_lane: usize,
}

/// Two SSE2 registers a vector; 16 of them on the poorest target (NEON has 32).
const PORTABLE: Target = Target {
    name: "portable",
    variant: "Portable",
    token: "portable::Portable",
    features: "",
    arch: "",
    registers: 16,
    per_vector: 2,
    memory_operand: true,
    halves: false,
    by_lane: 0,
};
const AVX2: Target = Target {
    name: "avx2",
    variant: "Avx2",
    token: "avx2::Avx2",
    features: "avx2,fma",
    arch: "x86_64",
    registers: 16,
    per_vector: 1,
    memory_operand: true,
    halves: false,
    by_lane: 0,
};
const AVX512: Target = Target {
    name: "avx512",
    variant: "Avx512",
    token: "avx512::Avx512",
    features: "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma",
    arch: "x86_64",
    registers: 32,
    per_vector: 1,
    memory_operand: true,
    halves: true,
    by_lane: 0,
};

const NEON: Target = Target {
    name: "neon",
    variant: "Neon",
    token: "neon::Neon",
    features: "neon",
    arch: "aarch64",
    registers: 32,
    per_vector: 1,
    memory_operand: false,
    halves: false,
    by_lane: 4,
};

/// What a tile computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Depthwise HWC: `outputs` pixels of a row, `kernel` taps and `stride` along the row, any number of rows. One row of taps live.
    LineHwc { kernel: usize, stride: usize, outputs: usize },
    /// Depthwise CHW: `outputs` rows of a column of vectors, `kernel` taps and `stride` down the rows, any number of columns.
    /// One column of taps live.
    LineChw { kernel: usize, stride: usize, outputs: usize },
    /// As `LineChw`, of two channels, in the halves of the vectors.
    PairedChw { kernel: usize, stride: usize, outputs: usize },
    /// Depthwise HWC, any kernel, stride, dilation: one tap live.
    GenericHwc { outputs: usize },
    /// Depthwise CHW, any kernel, stride, dilation: one tap live.
    GenericChw { outputs: usize },
    /// Depthwise HWC: down a column of so many pixels and vectors of channels, as many rows of outputs as an input row belongs to, and
    /// all taps: live, or operands in memory where they do not fit.
    WalkHwc { kernel: usize, stride: usize, pixels: usize, vectors: usize },
    /// Depthwise CHW: down up to so many vectors of columns, or one of two channels, all taps live, rows of outputs as above.
    WalkChw { kernel: usize, stride: usize, vectors: usize },
    /// Matrix product, rows are pixels: rows × vectors of output channels.
    GemmHwc { rows: usize, vectors: usize },
    /// Matrix product, rows are output channels: rows × vectors of pixels.
    GemmChw { rows: usize, vectors: usize },
    /// Matrix product in CHW for up to so many pixels at a time: two panels of up to so many vectors of output channels.
    GemmFew { vectors: usize, pixels: usize },
    /// Copies of input rows.
    Rows,
    /// Measurements of the CPU, with so many independent chains of multiply-adds.
    Probe { chains: usize },
}

/// An epilogue that a kernel is compiled with: a type of `crate::epilogue` and variant of `EpilogueKind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Epilogue {
    /// Limits, in registers.
    Clamp,
    /// Curves, in registers.
    Curve,
    /// Limits in registers, curves as a pass over rows just written.
    CurveAfter,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Tile {
    pub target: Target,
    pub shape: Shape,
    /// An instance of the kernel for each.
    pub epilogues: &'static [Epilogue],
}

impl Tile {
    /// Vectors live in the hot loop: accumulators, taps or B, inputs or A.
    pub fn live_vectors(&self) -> usize {
        let operand = usize::from(!self.target.memory_operand);
        match self.shape {
            Shape::LineHwc { kernel, outputs, .. }
            | Shape::LineChw { kernel, outputs, .. }
            | Shape::PairedChw { kernel, outputs, .. } => outputs + kernel + 1,
            Shape::GenericHwc { outputs } | Shape::GenericChw { outputs } => outputs + 1 + operand,
            Shape::WalkHwc { kernel, stride, pixels, vectors } => {
                let sums = kernel.div_ceil(stride) * pixels * vectors;
                if self.holds_taps() { sums + kernel * kernel * vectors + 1 } else { sums + 1 + operand }
            }
            Shape::WalkChw { kernel, stride, vectors } => {
                let sums = kernel.div_ceil(stride) * vectors.max(2);
                if self.holds_taps() { self.walk_chw_vectors() } else { sums + 1 + operand }
            }
            // A vector of A for each row, one of B at a time.
            Shape::GemmHwc { rows, vectors } if self.target.by_lane > 0 => rows * vectors + rows + 1,
            Shape::GemmChw { rows, vectors } if self.target.by_lane > 0 => {
                rows * vectors + rows.div_ceil(self.target.by_lane) + vectors
            }
            // Where B may be a memory operand too, only one of A and B needs a register.
            Shape::GemmHwc { rows, vectors } | Shape::GemmChw { rows, vectors } => (rows + 1) * vectors + operand,
            Shape::GemmFew { vectors, pixels } => 2 * vectors * (pixels + 1) + operand,
            Shape::Rows => 2,
            Shape::Probe { chains } => chains + 2,
        }
    }

    /// Sums, taps and an input of a walk in CHW: of its vectors of one channel, or of one vector of two channels.
    fn walk_chw_vectors(&self) -> usize {
        let Shape::WalkChw { kernel, stride, vectors } = self.shape else { return 0 };
        let of = |vectors, channels| kernel.div_ceil(stride) * vectors * channels + kernel * kernel * channels + 1;
        usize::max(of(vectors, 1), of(1, 2))
    }

    /// Whether a walk's taps stay in registers.
    pub fn holds_taps(&self) -> bool {
        let all = match self.shape {
            Shape::WalkHwc { kernel, stride, pixels, vectors } => {
                (kernel.div_ceil(stride) * pixels + kernel * kernel) * vectors + 1
            }
            Shape::WalkChw { .. } => self.walk_chw_vectors(),
            _ => 0,
        };
        all * self.target.per_vector <= self.target.registers
    }

    /// Refuses a tile that needs more vector registers than its instruction set has.
    pub fn check(&self) -> Result<(), String> {
        let used = self.live_vectors() * self.target.per_vector;
        if used > self.target.registers {
            return Err(format!(
                "{:?} on {} needs {used} registers, there are {}",
                self.shape, self.target.name, self.target.registers
            ));
        }
        Ok(())
    }
}

const fn tile(target: Target, shape: Shape) -> Tile {
    let epilogues: &[Epilogue] = match shape {
        Shape::Rows | Shape::Probe { .. } => &[Epilogue::Clamp],
        // Products are quickly compiled, and few of their rows are ever in the first-level cache at once.
        Shape::GemmHwc { .. } | Shape::GemmChw { .. } | Shape::GemmFew { .. } => &[Epilogue::Clamp, Epilogue::Curve],
        _ => &[Epilogue::CurveAfter],
    };
    Tile { target, shape, epilogues }
}
/// The row with an instance of its own for curves in registers: where a pass over what it wrote would take more than a twentieth of its time.
const fn curve(tile: Tile) -> Tile {
    Tile { epilogues: &[Epilogue::Clamp, Epilogue::Curve], ..tile }
}
const fn hwc(target: Target, kernel: usize, stride: usize, outputs: usize) -> Tile {
    tile(target, Shape::LineHwc { kernel, stride, outputs })
}
const fn chw(target: Target, kernel: usize, stride: usize, outputs: usize) -> Tile {
    tile(target, Shape::LineChw { kernel, stride, outputs })
}
const fn paired(target: Target, kernel: usize, stride: usize, outputs: usize) -> Tile {
    tile(target, Shape::PairedChw { kernel, stride, outputs })
}
const fn walk_hwc(target: Target, kernel: usize, stride: usize, [pixels, vectors]: [usize; 2]) -> Tile {
    tile(target, Shape::WalkHwc { kernel, stride, pixels, vectors })
}
const fn walk_chw(target: Target, kernel: usize, stride: usize, vectors: usize) -> Tile {
    tile(target, Shape::WalkChw { kernel, stride, vectors })
}
const fn gemm_hwc(target: Target, rows: usize, vectors: usize) -> Tile {
    tile(target, Shape::GemmHwc { rows, vectors })
}
const fn gemm_chw(target: Target, rows: usize, vectors: usize) -> Tile {
    tile(target, Shape::GemmChw { rows, vectors })
}
const fn gemm_few(target: Target, vectors: usize, pixels: usize) -> Tile {
    tile(target, Shape::GemmFew { vectors, pixels })
}

/// All tiles. Every instruction set has the generic lines, the row copy, and gemm tiles down to one row, so that nothing
/// that a spec can ask for is left without a kernel.
pub const TILES: &[Tile] = &[
    // 32 registers: 14 outputs and a 7-tap row, or 14 outputs and nine taps.
    hwc(AVX512, 3, 1, 7),
    hwc(AVX512, 3, 2, 7),
    curve(hwc(AVX512, 5, 1, 14)),
    curve(hwc(AVX512, 5, 1, 7)),
    curve(hwc(AVX512, 5, 2, 7)),
    hwc(AVX512, 7, 1, 14),
    hwc(AVX512, 7, 1, 7),
    hwc(AVX512, 7, 2, 7),
    hwc(AVX512, 9, 1, 7),
    hwc(AVX512, 11, 1, 7),
    curve(walk_hwc(AVX512, 3, 1, [2, 2])),
    curve(walk_hwc(AVX512, 3, 1, [7, 1])),
    curve(walk_hwc(AVX512, 3, 2, [7, 1])),
    curve(walk_hwc(AVX512, 3, 2, [2, 2])),
    curve(walk_chw(AVX512, 3, 1, 3)),
    walk_chw(AVX512, 3, 2, 3),
    chw(AVX512, 1, 1, 14),
    chw(AVX512, 1, 1, 7),
    chw(AVX512, 3, 1, 7),
    chw(AVX512, 3, 2, 7),
    chw(AVX512, 5, 1, 14),
    chw(AVX512, 5, 1, 7),
    chw(AVX512, 5, 2, 7),
    chw(AVX512, 7, 1, 14),
    chw(AVX512, 7, 1, 7),
    chw(AVX512, 7, 2, 7),
    chw(AVX512, 9, 1, 7),
    chw(AVX512, 11, 1, 7),
    paired(AVX512, 5, 1, 7),
    curve(paired(AVX512, 5, 2, 7)),
    paired(AVX512, 7, 1, 7),
    paired(AVX512, 7, 2, 7),
    tile(AVX512, Shape::GenericHwc { outputs: 8 }),
    tile(AVX512, Shape::GenericChw { outputs: 8 }),
    gemm_hwc(AVX512, 14, 2),
    gemm_hwc(AVX512, 7, 2),
    gemm_hwc(AVX512, 4, 2),
    gemm_hwc(AVX512, 2, 2),
    gemm_hwc(AVX512, 1, 2),
    gemm_hwc(AVX512, 14, 1),
    gemm_hwc(AVX512, 7, 1),
    gemm_hwc(AVX512, 4, 1),
    gemm_hwc(AVX512, 2, 1),
    gemm_hwc(AVX512, 1, 1),
    gemm_chw(AVX512, 14, 2),
    gemm_chw(AVX512, 8, 2),
    gemm_chw(AVX512, 4, 2),
    gemm_chw(AVX512, 2, 2),
    gemm_chw(AVX512, 1, 2),
    gemm_chw(AVX512, 14, 1),
    gemm_chw(AVX512, 8, 1),
    gemm_chw(AVX512, 4, 1),
    gemm_chw(AVX512, 2, 1),
    gemm_chw(AVX512, 1, 1),
    gemm_few(AVX512, 1, 4),
    tile(AVX512, Shape::Rows),
    tile(AVX512, Shape::Probe { chains: 16 }),
    // 16 registers: 7 outputs, a 7-tap row and one input.
    curve(hwc(AVX2, 3, 1, 7)),
    curve(hwc(AVX2, 3, 2, 7)),
    curve(hwc(AVX2, 5, 1, 7)),
    curve(hwc(AVX2, 5, 2, 7)),
    hwc(AVX2, 7, 1, 7),
    hwc(AVX2, 7, 2, 7),
    hwc(AVX2, 9, 1, 4),
    hwc(AVX2, 11, 1, 4),
    walk_chw(AVX2, 3, 2, 3),
    curve(walk_hwc(AVX2, 3, 1, [2, 2])),
    curve(walk_hwc(AVX2, 3, 2, [2, 2])),
    chw(AVX2, 1, 1, 7),
    curve(chw(AVX2, 3, 1, 7)),
    chw(AVX2, 3, 2, 7),
    curve(chw(AVX2, 5, 1, 7)),
    chw(AVX2, 5, 2, 7),
    chw(AVX2, 7, 1, 7),
    chw(AVX2, 7, 2, 7),
    chw(AVX2, 9, 1, 4),
    chw(AVX2, 11, 1, 4),
    tile(AVX2, Shape::GenericHwc { outputs: 8 }),
    tile(AVX2, Shape::GenericChw { outputs: 8 }),
    gemm_hwc(AVX2, 6, 2),
    gemm_hwc(AVX2, 4, 2),
    gemm_hwc(AVX2, 2, 2),
    gemm_hwc(AVX2, 1, 2),
    gemm_hwc(AVX2, 12, 1),
    gemm_hwc(AVX2, 6, 1),
    gemm_hwc(AVX2, 4, 1),
    gemm_hwc(AVX2, 2, 1),
    gemm_hwc(AVX2, 1, 1),
    gemm_chw(AVX2, 6, 2),
    gemm_chw(AVX2, 4, 2),
    gemm_chw(AVX2, 2, 2),
    gemm_chw(AVX2, 1, 2),
    gemm_chw(AVX2, 6, 1),
    gemm_chw(AVX2, 4, 1),
    gemm_chw(AVX2, 2, 1),
    gemm_chw(AVX2, 1, 1),
    gemm_few(AVX2, 1, 4),
    tile(AVX2, Shape::Rows),
    tile(AVX2, Shape::Probe { chains: 12 }),
    // 32 registers: as on AVX-512, with products of 4 and 2 vectors of columns. No blocks: addresses have no scaled index of their
    // own in a load with offset, and those of a block's inputs do not fit the general registers; the line of 14 is faster.
    hwc(NEON, 3, 1, 14),
    hwc(NEON, 3, 1, 7),
    hwc(NEON, 3, 2, 7),
    hwc(NEON, 5, 1, 14),
    hwc(NEON, 5, 1, 7),
    hwc(NEON, 5, 2, 7),
    hwc(NEON, 7, 1, 14),
    hwc(NEON, 7, 1, 7),
    hwc(NEON, 7, 2, 7),
    chw(NEON, 3, 1, 14),
    chw(NEON, 3, 1, 7),
    chw(NEON, 3, 2, 7),
    chw(NEON, 5, 1, 14),
    chw(NEON, 5, 1, 7),
    chw(NEON, 5, 2, 7),
    chw(NEON, 7, 1, 14),
    chw(NEON, 7, 1, 7),
    chw(NEON, 7, 2, 7),
    tile(NEON, Shape::GenericHwc { outputs: 8 }),
    tile(NEON, Shape::GenericChw { outputs: 8 }),
    gemm_hwc(NEON, 6, 4),
    gemm_hwc(NEON, 4, 4),
    gemm_hwc(NEON, 2, 4),
    gemm_hwc(NEON, 1, 4),
    gemm_hwc(NEON, 8, 2),
    gemm_hwc(NEON, 4, 2),
    gemm_hwc(NEON, 2, 2),
    gemm_hwc(NEON, 1, 2),
    gemm_hwc(NEON, 8, 1),
    gemm_hwc(NEON, 4, 1),
    gemm_hwc(NEON, 2, 1),
    gemm_hwc(NEON, 1, 1),
    gemm_chw(NEON, 8, 3),
    gemm_chw(NEON, 4, 3),
    gemm_chw(NEON, 2, 3),
    gemm_chw(NEON, 1, 3),
    gemm_few(NEON, 2, 4),
    tile(NEON, Shape::Rows),
    tile(NEON, Shape::Probe { chains: 24 }),
    // 16 registers of half a vector.
    hwc(PORTABLE, 3, 1, 4),
    hwc(PORTABLE, 3, 2, 4),
    chw(PORTABLE, 3, 1, 4),
    chw(PORTABLE, 3, 2, 4),
    hwc(PORTABLE, 5, 1, 2),
    hwc(PORTABLE, 5, 2, 2),
    chw(PORTABLE, 5, 1, 2),
    chw(PORTABLE, 5, 2, 2),
    tile(PORTABLE, Shape::GenericHwc { outputs: 4 }),
    tile(PORTABLE, Shape::GenericChw { outputs: 4 }),
    gemm_hwc(PORTABLE, 4, 1),
    gemm_hwc(PORTABLE, 2, 1),
    gemm_hwc(PORTABLE, 1, 1),
    gemm_chw(PORTABLE, 4, 1),
    gemm_chw(PORTABLE, 2, 1),
    gemm_chw(PORTABLE, 1, 1),
    gemm_few(PORTABLE, 1, 2),
    tile(PORTABLE, Shape::Rows),
    tile(PORTABLE, Shape::Probe { chains: 5 }),
];
