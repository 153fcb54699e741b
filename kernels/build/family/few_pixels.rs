//! Matrix product in CHW for up to so many pixels at a time: two panels of up to so many vectors of output channels.

use super::super::table::Epilogue;
use super::super::target::Target;
use super::{Family, List};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FewPixels {
    pub vectors: usize,
    pub pixels: usize,
}

impl Family for FewPixels {
    fn family(&self) -> &'static str {
        "FewPixels"
    }

    fn name(&self) -> String {
        format!("pw_chw_{}vx{}", self.vectors, self.pixels)
    }

    fn module(&self) -> &'static str {
        "pw"
    }

    fn args(&self) -> &'static str {
        "GemmArgs"
    }

    fn call(&self, target: &Target, epilogue: &str) -> String {
        format!("few_pixels::run::<{}, {epilogue}, {}, {}>", target.token, self.vectors, self.pixels)
    }

    fn shape(&self, _: &Target) -> String {
        format!("FewPixelsShape {{ vectors: {}, pixels: {} }}", self.vectors, self.pixels)
    }

    /// As of other products.
    fn epilogues(&self) -> &'static [Epilogue] {
        &[Epilogue::Clamp, Epilogue::Curve]
    }

    fn live_vectors(&self, target: &Target) -> usize {
        2 * self.vectors * (self.pixels + 1) + target.operand()
    }

    fn multiply_adds(&self, _: &Target) -> Option<usize> {
        Some(2 * self.vectors * self.pixels)
    }

    fn lists(&self, _: &Target) -> Vec<List> {
        vec![List::new("pixels", self.pixels, 4), List::new("vectors", self.vectors, 4)]
    }
}
