//! Measurements of the CPU, with so many independent chains of multiply-adds.

use super::super::table::Epilogue;
use super::super::target::Target;
use super::{Family, LONGEST, List};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    pub chains: usize,
}

impl Family for Probe {
    fn family(&self) -> &'static str {
        "Probe"
    }

    fn name(&self) -> String {
        "probe".to_owned()
    }

    fn module(&self) -> &'static str {
        "memory"
    }

    fn args(&self) -> &'static str {
        "ProbeArgs"
    }

    fn call(&self, target: &Target, _: &str) -> String {
        format!("probe::run::<{}, {}>", target.token, self.chains)
    }

    fn shape(&self, _: &Target) -> String {
        format!("ProbeShape {{ chains: {} }}", self.chains)
    }

    /// It has none: this one stands for that.
    fn epilogues(&self) -> &'static [Epilogue] {
        &[Epilogue::Clamp]
    }

    fn live_vectors(&self, _: &Target) -> usize {
        self.chains + 2
    }

    fn multiply_adds(&self, _: &Target) -> Option<usize> {
        Some(self.chains)
    }

    fn lists(&self, _: &Target) -> Vec<List> {
        vec![List::new("chains", self.chains, LONGEST)]
    }
}
