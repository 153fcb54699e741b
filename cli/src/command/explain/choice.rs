//! What the library chose for a layer, asked of the prepared operator.

use crate::problem::{Parameters, Work, build, seeded};
use anyhow::Result;
use sepconv::{Isa, KernelInfo, Separable, Shape};
use serde::Serialize;

/// What the operator says of itself.
#[derive(Debug, Serialize)]
pub(super) struct Choice {
    /// Instruction set.
    pub isa: &'static str,
    /// The kernels that make most outputs of each stage.
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

/// A kernel, as the operator describes it.
#[derive(Debug, Serialize)]
pub(super) struct Kernel {
    /// Name, as a profiler shows it.
    pub name: &'static str,
    /// Family: the file that it stands in.
    pub family: &'static str,
    /// Outputs of its register tile.
    pub tile: String,
    /// What the lanes of a vector are.
    pub lanes: &'static str,
    /// Lanes of a vector.
    pub lane_count: usize,
    /// How activations are computed.
    pub epilogue: &'static str,
    /// Why this one.
    pub why: String,
}

impl From<KernelInfo> for Kernel {
    fn from(kernel: KernelInfo) -> Self {
        let KernelInfo { name, family, tile, lanes, lane_count, epilogue, why, .. } = kernel;
        Self { name, family, tile: tile.to_string(), lanes: lanes.name(), lane_count, epilogue: epilogue.name(), why }
    }
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
            kernels: operator.kernels(input, threads)?.into_iter().map(Kernel::from).collect(),
            threads,
            fused: bands.map(|rows| rows.is_some()),
            band_rows: bands.flatten(),
            workspace_bytes: (operator.workspace_len(input, threads)? * size_of::<f32>()) as u64,
        })
    }
}
