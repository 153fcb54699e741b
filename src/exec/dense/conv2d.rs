//! The dense convolution operator: what separable convolution replaces, and the stem of every network.

use super::stage::DenseStage;
use crate::error::Result;
use crate::exec::run::operator::impl_operator;
use crate::isa::Isa;
use crate::spec::Conv2dSpec;
use crate::weights::Weights;
use std::sync::Arc;

/// A prepared dense convolution (one group). Cloning shares the packed weights.
///
/// ```
/// use sepconv::{Conv2d, Conv2dSpec, Layout, Operator, Serial, Shape, TensorRef, Weights};
/// // The lecture's dense convolution: 7×7×3 with 128 kernels of 3×3×3.
/// let spec = Conv2dSpec::new(3, 128, [3, 3]);
/// let conv = Conv2d::new(&spec, Weights::torch(&vec![1.0; 128 * 27]), None)?;
/// let input = TensorRef::new(&[1.0; 147], Shape::new(1, 3, 7, 7), Layout::Hwc)?;
/// assert_eq!(conv.run_to_vec(&input, &Serial)?, vec![27.0; 5 * 5 * 128]);
/// # Ok::<(), sepconv::Error>(())
/// ```
#[derive(Clone)]
pub struct Conv2d {
    stage: Arc<DenseStage>,
}

impl_operator!(Conv2d, stage);

impl Conv2d {
    /// Packs `weights` (`Cin·Cout·kh·kw` elements) and `bias` (`Cout` elements) for the preferred instruction set.
    pub fn new(spec: &Conv2dSpec, weights: Weights<'_>, bias: Option<&[f32]>) -> Result<Self> {
        Self::with_isa(spec, weights, bias, Isa::preferred()?)
    }

    /// As [`Conv2d::new`], for this instruction set; an error if it is not available.
    pub fn with_isa(spec: &Conv2dSpec, weights: Weights<'_>, bias: Option<&[f32]>, isa: Isa) -> Result<Self> {
        let stage = DenseStage::new(spec, weights, bias, isa, ["the weights", "the bias"])?;
        Ok(Self { stage: Arc::new(stage) })
    }

    /// What the operator was made for.
    pub fn spec(&self) -> &Conv2dSpec {
        &self.stage.spec
    }
}
