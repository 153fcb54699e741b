//! One line of results: everything needed to understand it without the others.

use serde::Serialize;

/// Version of the fields; it changes when one changes its meaning or goes.
pub const SCHEMA: u32 = 1;

/// One measurement. Percentages and rates come from `min_us`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Suite, or stem of the problem file's name.
    pub suite: String,
    /// Name of the problem.
    pub name: String,
    /// `dw`, `pw`, `sep` or `conv`.
    pub op: &'static str,
    /// `hwc` or `chw`.
    pub layout: &'static str,
    /// Element type.
    pub dtype: &'static str,
    /// Batch.
    pub n: usize,
    /// Input channels.
    pub c: usize,
    /// Input height.
    pub h: usize,
    /// Input width.
    pub w: usize,
    /// Kernel height.
    pub kh: usize,
    /// Kernel width.
    pub kw: usize,
    /// Stride, height and width.
    pub stride: [usize; 2],
    /// Dilation, height and width; 1 is none.
    pub dilation: [usize; 2],
    /// Padding top, left, bottom, right.
    pub padding: [usize; 4],
    /// Channel multiplier of the depthwise stage.
    pub multiplier: usize,
    /// Output channels.
    pub cout: usize,
    /// Threads.
    pub threads: usize,
    /// Instruction set that the operator says it uses.
    pub isa: &'static str,
    /// Kernels that the operator says it uses.
    pub kernel: String,
    /// Multiply-adds inside the map.
    pub macs: u64,
    /// Fastest sample, microseconds per run.
    pub min_us: f64,
    /// Median sample.
    pub median_us: f64,
    /// 10⁹ floating-point operations a second; a multiply-add is two.
    pub gflops: f64,
    /// `gflops` of `fma_peak_gflops`, in percent.
    pub pct_fma_peak: f64,
    /// Peak measured in the same run with the same instruction set and threads.
    pub fma_peak_gflops: f64,
    /// Compulsory bytes: input, weights and biases read once, output written once.
    pub bytes: u64,
    /// `bytes` per second, 10⁹.
    pub gb_s: f64,
    /// What the CPU's ceilings allow: the longer of computing at peak and moving `bytes` at the bandwidth of that footprint.
    pub roofline_us: f64,
    /// `roofline_us` of `min_us`, in percent.
    pub pct_roofline: f64,
    /// Fastest run of the scalar reference; absent if it was not to be timed.
    pub naive_us: Option<f64>,
    /// `naive_us / min_us`.
    pub speedup_vs_naive: Option<f64>,
    /// How often the scalar reference ran while it was timed; 0 if not at all.
    pub naive_runs: u64,
    /// Largest error of any output, divided by its bound; absent if it was not to be checked.
    pub err_over_bound: Option<f64>,
    /// Whether every output was checked and none was wrong.
    pub verified: bool,
    /// CPU model.
    pub cpu: String,
}

impl Row {
    /// Microseconds that the multiply-adds take at the peak.
    pub fn compute_us(&self) -> f64 {
        2.0 * self.macs as f64 / (self.fma_peak_gflops * 1e3)
    }
}
