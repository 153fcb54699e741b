//! How much memory a layer goes through again and again, and which level of the memory holds it.

use crate::machine::Cache;
use crate::problem::Work;
use anyhow::Result;
use sepconv::Shape;
use serde::Serialize;

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

/// The sets that decide which level of the memory a layer runs from.
pub(super) fn working_sets(
    work: &Work,
    input: Shape,
    band_rows: Option<usize>,
    caches: &[Cache],
) -> Result<Vec<WorkingSet>> {
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
        if let Some(rows) = band_rows {
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
    fn what_fits_nothing_comes_from_memory() {
        let cache = |level, bytes| Cache { level, bytes, shared_by: None };
        let caches = [cache(1, 1000), cache(2, 5000)];
        assert_eq!([10, 1000, 1001, 5001].map(|bytes| smallest_level(bytes, &caches)), ["L1", "L1", "L2", "memory"]);
    }
}
