//! Tiles of matrix products: rows of pixels × vectors of output channels (HWC), or rows of output channels × vectors of pixels (CHW).

use super::super::table::Epilogue;
use super::super::target::Target;
use super::{Family, Layout, List};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    pub layout: Layout,
    pub rows: usize,
    pub vectors: usize,
}

impl Family for Tile {
    fn family(&self) -> &'static str {
        "Tile"
    }

    fn name(&self) -> String {
        format!("pw_{}_{}x{}v", self.layout.name(), self.rows, self.vectors)
    }

    fn module(&self) -> &'static str {
        "pw"
    }

    fn args(&self) -> &'static str {
        "GemmArgs"
    }

    fn call(&self, target: &Target, epilogue: &str) -> String {
        // Where a multiply-add takes a lane of a vector, products are written for that.
        let file = if target.by_lane > 0 { "tile_by_lane" } else { "tile" };
        let run = match self.layout {
            Layout::Hwc => "run_pixels",
            Layout::Chw => "run_channels",
        };
        format!("{file}::{run}::<{}, {epilogue}, {}, {}>", target.token, self.rows, self.vectors)
    }

    fn shape(&self, _: &Target) -> String {
        let Self { layout, rows, vectors } = self;
        format!("TileShape {{ layout: Layout::{layout:?}, rows: {rows}, vectors: {vectors} }}")
    }

    /// Products are quickly compiled, and few of their rows are ever in the first-level cache at once.
    fn epilogues(&self) -> &'static [Epilogue] {
        &[Epilogue::Clamp, Epilogue::Curve]
    }

    fn live_vectors(&self, target: &Target) -> usize {
        let Self { rows, vectors, .. } = *self;
        match self.layout {
            // A vector of A for each row, one of B at a time.
            Layout::Hwc if target.by_lane > 0 => rows * vectors + rows + 1,
            Layout::Chw if target.by_lane > 0 => rows * vectors + rows.div_ceil(target.by_lane) + vectors,
            // Where B may be a memory operand too, only one of A and B needs a register.
            _ => (rows + 1) * vectors + target.operand(),
        }
    }

    fn multiply_adds(&self, target: &Target) -> Option<usize> {
        let products = self.rows * self.vectors;
        Some(match self.layout {
            // Rows are read a vector of k at a time.
            Layout::Hwc if target.by_lane > 0 => products * target.by_lane,
            // Two values of k a round.
            Layout::Chw if target.by_lane > 0 && self.rows.is_multiple_of(target.by_lane) => 2 * products,
            _ => products,
        })
    }

    fn lists(&self, _: &Target) -> Vec<List> {
        vec![List::new("rows", self.rows, 16), List::new("vectors", self.vectors, 4)]
    }
}
