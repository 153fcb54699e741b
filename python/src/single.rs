//! Recipes of one convolution.

/// A recipe of this name: a spec and its kernel, packed as this operator; the arguments of the class that are not the kernel's.
macro_rules! single {
    ($recipe:ident: $spec:ident => $operator:path, |$kwargs:ident, $asked:ident| $arguments:expr) => {
        struct $recipe {
            spec: $spec,
            kernel: $crate::kernel::Kernel,
        }

        impl $crate::recipe::Recipe for $recipe {
            fn pack(&self, layout: sepconv::Layout, isa: sepconv::Isa) -> sepconv::Result<Box<dyn sepconv::Operator>> {
                let (weights, bias) = self.kernel.arrays();
                Ok(Box::new(<$operator>::with_isa(&self.spec.layout(layout), weights, bias, isa)?))
            }

            fn output_shape(&self, input: sepconv::Shape) -> sepconv::Result<sepconv::Shape> {
                self.spec.output_shape(input)
            }

            fn arguments(&self, $kwargs: &pyo3::Bound<'_, pyo3::types::PyDict>) -> pyo3::PyResult<()> {
                let $asked = &self.spec;
                $crate::pickle::kernel($kwargs, &self.kernel)?;
                $arguments
            }
        }
    };
}

pub(crate) use single;
