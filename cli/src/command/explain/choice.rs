//! What the library chose for a layer, asked of the prepared operator.

use super::kernel_name::{Kernel, kernels};
use crate::problem::{Parameters, Work, build, seeded};
use anyhow::Result;
use sepconv::{Isa, Separable, Shape};
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
            kernels: kernels(operator.kernel_name(), work.layout()),
            threads,
            fused: bands.map(|rows| rows.is_some()),
            band_rows: bands.flatten(),
            workspace_bytes: (operator.workspace_len(input, threads)? * size_of::<f32>()) as u64,
        })
    }
}
