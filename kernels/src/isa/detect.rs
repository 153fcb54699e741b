//! Which levels this CPU has, and which one to use.

#[cfg(sepconv_neon)]
use super::aarch64;
use super::error::IsaError;
use super::level::Isa;
#[cfg(target_arch = "x86_64")]
use super::x86_64;
use core::str::FromStr;
use std::sync::OnceLock;

/// Name of the environment variable that forces an instruction set for the whole process.
pub const ISA_VARIABLE: &str = "SEPCONV_ISA";

impl Isa {
    /// Levels that this CPU, operating system and build have; the best one last.
    pub fn available() -> &'static [Self] {
        static AVAILABLE: OnceLock<Vec<Isa>> = OnceLock::new();
        AVAILABLE.get_or_init(|| Self::ALL.iter().copied().filter(|isa| isa.detect()).collect())
    }

    /// Whether this level is in [`Isa::available`].
    pub fn is_available(self) -> bool {
        Self::available().contains(&self)
    }

    /// The level that operators use unless told otherwise: the one named by the environment variable
    /// `SEPCONV_ISA` if it is set and not empty, else the best available one.
    pub fn preferred() -> Result<Self, IsaError> {
        static FORCED: OnceLock<Option<String>> = OnceLock::new();
        let forced = FORCED.get_or_init(|| {
            let value = std::env::var_os(ISA_VARIABLE)?;
            Some(value.to_string_lossy().into_owned()).filter(|name| !name.is_empty())
        });
        match forced {
            Some(name) => name.parse::<Self>()?.require(),
            None => Ok(Self::available().last().copied().unwrap_or(Self::Portable)),
        }
    }

    /// `self` if it is available, else [`IsaError::Unavailable`].
    pub fn require(self) -> Result<Self, IsaError> {
        if self.is_available() {
            return Ok(self);
        }
        Err(IsaError::Unavailable { isa: self, available: Self::available().to_vec() })
    }

    fn detect(self) -> bool {
        match self {
            Self::Portable => true,
            // A build for development without the other kernels.
            _ if cfg!(sepconv_portable_only) => false,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => x86_64::has_avx2(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => x86_64::has_avx512(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
            // The kernels are compiled for the compiler's own NEON, on little-endian targets.
            #[cfg(sepconv_neon)]
            Self::Neon => aarch64::has_neon(),
            #[cfg(not(sepconv_neon))]
            Self::Neon => false,
        }
    }
}

/// The level whose vectors are half as long, where two of its multiply-adds take the time of one of `isa`'s: then half a vector need
/// not cost a whole one.
pub fn half_level(isa: Isa) -> Option<Isa> {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 if x86_64::splits_512() => Some(Isa::Avx2),
        _ => None,
    }
}

impl FromStr for Isa {
    type Err = IsaError;

    fn from_str(name: &str) -> Result<Self, IsaError> {
        let found = Self::ALL.iter().copied().find(|isa| isa.name() == name);
        found.ok_or_else(|| IsaError::Unknown { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portable_is_always_available_and_first() {
        assert_eq!(Isa::available().first(), Some(&Isa::Portable));
    }

    #[test]
    fn names_parse_back() {
        for &isa in Isa::ALL {
            assert_eq!(isa.name().parse::<Isa>(), Ok(isa));
        }
        assert_eq!("sse9".parse::<Isa>(), Err(IsaError::Unknown { name: "sse9".into() }));
    }
}
