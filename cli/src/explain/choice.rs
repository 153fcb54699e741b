//! What the library chose for a layer, asked of the prepared operator, and how much memory that goes through again and again.

use crate::machine::Cache;
use crate::problem::{Parameters, Work, build, seeded};
use anyhow::Result;
use sepconv::{Isa, Layout, Separable, Shape};
use serde::Serialize;

/// What the operator says of itself.
#[derive(Debug, Serialize)]
pub(super) struct Choice {
    /// Instruction set.
    pub isa: &'static str,
    /// Kernels for large maps, one a stage.
    pub kernels: Vec<Kernel>,
    /// Threads that there are to use.
    pub threads: usize,
    /// Whether the stages take turns; absent where there is one stage.
    pub fused: Option<bool>,
    /// Output rows of a band, where they take turns.
    pub band_rows: Option<usize>,
    /// Scratch of a run.
    pub workspace_bytes: u64,
}

/// A kernel and what its name says (`docs/kernels.md` has the grammar).
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Kernel {
    /// Name in the library's registry.
    pub name: String,
    /// Register tile.
    pub tile: String,
    /// What the lanes of a vector are.
    pub lanes: &'static str,
}

/// Something that is used again and again while a layer runs.
#[derive(Debug, Serialize)]
pub(super) struct WorkingSet {
    /// What it is.
    pub what: &'static str,
    /// Its size.
    pub bytes: u64,
    /// Nearest level of the memory that holds it.
    pub level: String,
}

const FLOAT: u64 = size_of::<f32>() as u64;

impl Choice {
    /// Prepares the operator and asks it.
    pub fn of(work: &Work, input: Shape, isa: Isa, threads: usize) -> Result<Self> {
        let parameters = Parameters::random(work, &mut seeded(1, "explain"))?;
        let operator = build(work, &parameters, isa)?;
        let bands = match work {
            Work::Separable(spec) => {
                let weights = [0, 1].map(|i| parameters.stage_weights(i));
                let bias = [0, 1].map(|i| parameters.stage_bias(i));
                Some(Separable::with_isa(spec, weights, bias, isa)?.band_rows(input, threads)?)
            }
            _ => None,
        };
        Ok(Self {
            isa: operator.isa().name(),
            kernels: operator.kernel_name().split(" + ").map(|name| Kernel::new(name, work.layout())).collect(),
            threads,
            fused: bands.map(|rows| rows.is_some()),
            band_rows: bands.flatten(),
            workspace_bytes: FLOAT * operator.workspace_len(input, threads)? as u64,
        })
    }
}

impl Kernel {
    /// Reads a name such as `f32_dw_hwc_nx3s1_1x7__avx2`: the tile is the last part before the instruction set that has an `x`.
    fn new(name: &str, layout: Layout) -> Self {
        let stem = name.split("__").next().unwrap_or(name);
        let tile = stem.rsplit('_').find(|part| part.contains('x') && part.starts_with(|c: char| c.is_ascii_digit()));
        let has = |part: &str| stem.contains(part);
        let (unit, lanes) = match () {
            () if has("dw_hwc") => ("rows × pixels", "channels"),
            // A map of few channels: its rows are taken as they lie in memory.
            () if has("dw_chw") && layout == Layout::Hwc => ("rows × vectors", "elements of a row"),
            () if has("dw_chw") => ("rows × vectors", "columns"),
            () if has("_hwc") => ("pixels × vectors of output channels", "output channels"),
            () if has("_chw") => ("output channels × vectors of pixels", "pixels"),
            () => ("", "unknown"),
        };
        let size = tile.map_or("unknown".to_owned(), |tile| tile.trim_end_matches('v').replace('x', "×"));
        Self { name: name.to_owned(), tile: format!("{size} {unit}").trim_end().to_owned(), lanes }
    }
}

/// The sets that decide which level of the memory a layer runs from.
pub(super) fn working_sets(work: &Work, input: Shape, choice: &Choice, caches: &[Cache]) -> Result<Vec<WorkingSet>> {
    let set = |what, elements: usize| {
        let bytes = FLOAT * elements as u64;
        WorkingSet { what, bytes, level: smallest_level(bytes, caches) }
    };
    let output = work.output_shape(input)?;
    let (window, stages) = (work.window(), work.stages()?);
    let mut sets = vec![set("input", input.len()?), set("output", output.len()?)];
    if window.kernel != [1, 1] {
        let rows = (window.dilation[0] * (window.kernel[0] - 1) + 1).min(input.h);
        sets.push(set("input rows of one window", rows * input.w * input.c));
    }
    for (i, stage) in stages.iter().enumerate() {
        let what = match (stages.len(), i) {
            (1, _) => "weights",
            (_, 0) => "depthwise weights",
            _ => "pointwise weights",
        };
        sets.push(set(what, stage.weights + stage.bias));
    }
    if let Some(middle) = work.middle_shape(input)? {
        sets.push(set("whole map between the stages", middle.len()?));
        if let Some(rows) = choice.band_rows {
            sets.push(set("band between the stages", rows.min(middle.h) * middle.w * middle.c));
        }
    }
    Ok(sets)
}

/// The nearest level that holds so many bytes.
pub(super) fn smallest_level(bytes: u64, caches: &[Cache]) -> String {
    let level = caches.iter().find(|cache| bytes <= cache.bytes as u64);
    level.map_or("memory".to_owned(), |cache| format!("L{}", cache.level))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_by_the_documented_grammar() {
        let read = |name| {
            let kernel = Kernel::new(name, Layout::Chw);
            (kernel.tile, kernel.lanes)
        };
        assert_eq!(read("f32_dw_hwc_nx3s1_1x7__avx2"), ("1×7 rows × pixels".into(), "channels"));
        assert_eq!(read("f32_dw_chw_3xns2_7x1_curve__avx512"), ("7×1 rows × vectors".into(), "columns"));
        let gemm = read("f32_pw_hwc_14x2v__avx512");
        assert_eq!(gemm, ("14×2 pixels × vectors of output channels".into(), "output channels"));
        assert_eq!(Kernel::new("f32_dw_chw_3xns1_7x1__avx2", Layout::Hwc).lanes, "elements of a row");
        assert_eq!(read("something"), ("unknown".into(), "unknown"));
    }

    #[test]
    fn what_fits_nothing_comes_from_memory() {
        let cache = |level, bytes| Cache { level, bytes, shared_by: None };
        let caches = [cache(1, 1000), cache(2, 5000)];
        assert_eq!([10, 1000, 1001, 5001].map(|bytes| smallest_level(bytes, &caches)), ["L1", "L1", "L2", "memory"]);
    }
}
