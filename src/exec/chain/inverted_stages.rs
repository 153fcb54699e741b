//! The three stages of an inverted residual block.

use crate::error::Result;
use crate::exec::dense::pointwise;
use crate::exec::dense::stage::DenseStage;
use crate::exec::depthwise::stage::DepthwiseStage;
use crate::exec::run::checks::check_bias;
use crate::exec::run::operator::Prepared;
use crate::isa::Isa;
use crate::spec::InvertedResidualSpec;
use crate::weights::Weights;

/// The stages, packed.
pub(crate) struct Stages {
    pub spec: InvertedResidualSpec,
    pub expand: Option<DenseStage>,
    pub depthwise: DepthwiseStage,
    pub project: DenseStage,
    /// The kernels' names.
    pub name: String,
}

impl Stages {
    pub(crate) fn new(
        spec: &InvertedResidualSpec,
        weights: [Weights<'_>; 3],
        bias: [Option<&[f32]>; 3],
        isa: Isa,
    ) -> Result<Self> {
        spec.check()?;
        let [first, second, third] = weights;
        let expand = match &spec.expand {
            Some(expand) => Some(pointwise::stage(expand, first, bias[0], isa)?),
            None => {
                first.check("the weights of a missing expanding part", 0)?;
                check_bias("the bias of a missing expanding part", bias[0], 0)?;
                None
            }
        };
        let depthwise = DepthwiseStage::new(&spec.depthwise, second, bias[1], isa)?;
        let project = pointwise::stage(&spec.project, third, bias[2], isa)?;
        let expanding = expand.as_ref().map(Prepared::kernel_name);
        let names = [expanding, Some(depthwise.kernel_name()), Some(project.kernel_name())];
        let name = names.into_iter().flatten().collect::<Vec<_>>().join(" + ");
        Ok(Self { spec: *spec, expand, depthwise, project, name })
    }
}
