//! Why an instruction set cannot be used.

use super::level::Isa;
use core::fmt;

/// Why an instruction set was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum IsaError {
    /// A name that is not the name of an instruction set level.
    Unknown {
        /// The name given.
        name: String,
    },
    /// An instruction set that this CPU (or this build) does not have was forced.
    Unavailable {
        /// The instruction set asked for.
        isa: Isa,
        /// The ones that can be had here.
        available: Vec<Isa>,
    },
}

impl fmt::Display for IsaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |isas: &[Isa]| isas.iter().map(|isa| isa.name()).collect::<Vec<_>>().join(", ");
        match self {
            Self::Unknown { name } => write!(f, "unknown instruction set {name:?}; known are {}", names(Isa::ALL)),
            Self::Unavailable { isa, available } => {
                write!(f, "instruction set {isa} is not available here; available are {}", names(available))
            }
        }
    }
}

impl std::error::Error for IsaError {}
