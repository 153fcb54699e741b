//! The depthwise operator.
//!
//! | file | a vector is | loops |
//! |---|---|---|
//! | `hwc.rs` | channels | channel block → row → tile → vectors of channels → taps |
//! | `chw.rs` | columns of a plane (CHW), or elements of a row (HWC with few channels) | channel → row tile → vectors → taps |
//! | `stage.rs` | | chooses one of these two, cuts a run into tasks |

mod chw;
mod hwc;
mod interleave;
mod spread;
pub(crate) mod stage;
mod strip;

use crate::error::Result;
use crate::exec::run::operator::impl_operator;
use crate::isa::Isa;
use crate::spec::DepthwiseSpec;
use crate::weights::Weights;
use stage::DepthwiseStage;
use std::sync::Arc;

/// A prepared depthwise convolution. Cloning shares the packed weights.
///
/// ```
/// use sepconv::{Depthwise, DepthwiseSpec, Layout, Operator, Padding, Serial, Shape, TensorRef, Weights};
/// // 3×3 box sums of a 4×4 map with one channel.
/// let spec = DepthwiseSpec::new(1, [3, 3]).padding(Padding::Same);
/// let sums = Depthwise::new(&spec, Weights::torch(&[1.0; 9]), None)?;
/// let input = TensorRef::new(&[1.0; 16], Shape::new(1, 1, 4, 4), Layout::Hwc)?;
/// assert_eq!(sums.run_to_vec(&input, &Serial)?[..5], [4.0, 6.0, 6.0, 4.0, 6.0]);
/// # Ok::<(), sepconv::Error>(())
/// ```
#[derive(Clone)]
pub struct Depthwise {
    stage: Arc<DepthwiseStage>,
}

impl_operator!(Depthwise, stage);

impl Depthwise {
    /// Packs `weights` (`C·M·kh·kw` elements) and `bias` (`C·M` elements) for the preferred instruction set.
    pub fn new(spec: &DepthwiseSpec, weights: Weights<'_>, bias: Option<&[f32]>) -> Result<Self> {
        Self::with_isa(spec, weights, bias, Isa::preferred()?)
    }

    /// As [`Depthwise::new`], for this instruction set; an error if it is not available.
    pub fn with_isa(spec: &DepthwiseSpec, weights: Weights<'_>, bias: Option<&[f32]>, isa: Isa) -> Result<Self> {
        Ok(Self { stage: Arc::new(DepthwiseStage::new(spec, weights, bias, isa)?) })
    }

    /// What the operator was made for.
    pub fn spec(&self) -> &DepthwiseSpec {
        &self.stage.spec
    }
}
