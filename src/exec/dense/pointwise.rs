//! The pointwise operator: a dense convolution of one tap.

use super::stage::DenseStage;
use crate::error::Result;
use crate::exec::run::operator::impl_operator;
use crate::isa::Isa;
use crate::spec::{Conv2dSpec, PointwiseSpec};
use crate::weights::Weights;
use std::sync::Arc;

/// A prepared pointwise (1×1) convolution. Cloning shares the packed weights.
///
/// ```
/// use sepconv::{Layout, Operator, Pointwise, PointwiseSpec, Serial, Shape, TensorRef, Weights};
/// // Two channels in, one out: their difference.
/// let difference = Pointwise::new(&PointwiseSpec::new(2, 1), Weights::torch(&[1.0, -1.0]), None)?;
/// let input = TensorRef::new(&[5.0, 3.0, 7.0, 1.0], Shape::new(1, 2, 1, 2), Layout::Hwc)?;
/// assert_eq!(difference.run_to_vec(&input, &Serial)?, [2.0, 6.0]);
/// # Ok::<(), sepconv::Error>(())
/// ```
#[derive(Clone)]
pub struct Pointwise {
    spec: PointwiseSpec,
    stage: Arc<DenseStage>,
}

impl_operator!(Pointwise, stage);

impl Pointwise {
    /// Packs `weights` (`Cin·Cout` elements) and `bias` (`Cout` elements) for the preferred instruction set.
    pub fn new(spec: &PointwiseSpec, weights: Weights<'_>, bias: Option<&[f32]>) -> Result<Self> {
        Self::with_isa(spec, weights, bias, Isa::preferred()?)
    }

    /// As [`Pointwise::new`], for this instruction set; an error if it is not available.
    pub fn with_isa(spec: &PointwiseSpec, weights: Weights<'_>, bias: Option<&[f32]>, isa: Isa) -> Result<Self> {
        Ok(Self { spec: *spec, stage: Arc::new(stage(spec, weights, bias, isa)?) })
    }

    /// What the operator was made for.
    pub const fn spec(&self) -> &PointwiseSpec {
        &self.spec
    }
}

/// The stage that does the work of a pointwise convolution.
pub(crate) fn stage(spec: &PointwiseSpec, weights: Weights<'_>, bias: Option<&[f32]>, isa: Isa) -> Result<DenseStage> {
    spec.check()?;
    let mut dense = Conv2dSpec::new(spec.in_channels, spec.out_channels, [1, 1]);
    dense.window = spec.window();
    dense.activation = spec.activation;
    dense.layout = spec.layout;
    dense.dtype = spec.dtype;
    DenseStage::new(&dense, weights, bias, isa, ["the pointwise weights", "the pointwise bias"])
}
