//! Matrix products in CHW, where pixels are columns: strips of them in whole tiles, and what few are left by the lane.
//!
//! 49 pixels are three vectors and one pixel, which by itself would take as long as a vector: a third more than all others.

use super::gemm::{Gemm, Part, Runs, weight_steps};
use core::ops::Range;
use sepconv_kernels::pack::panels::Panel;
use sepconv_kernels::product::GemmArgs;
use sepconv_kernels::registry::KernelFn;

/// Multiply-adds that could begin while `chains` of them, each waiting for itself, do: a core has room for at least eight.
const fn multiply_adds(chains: usize) -> usize {
    if chains < 8 { 8 } else { chains }
}

/// Pixels as columns of a product.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    /// Their values, all pixels' for each k.
    pub packed: *const f32,
    /// Where output channel 0 of pixel 0 goes, and the elements from channel to channel; pixels stand side by side.
    pub output: *mut f32,
    pub plane: usize,
    pub count: usize,
}

impl Gemm {
    /// Vectors of the narrowest tile that holds `count` pixels, up to [`Gemm::columns`].
    #[inline(always)]
    fn strip_vectors(&self, count: usize) -> usize {
        let narrower = 1..self.tiles.vectors;
        let holds = |&vectors: &usize| count <= vectors * self.lanes && !self.tiles.by_vectors[vectors].is_empty();
        narrower.into_iter().find(holds).unwrap_or(self.tiles.vectors)
    }

    /// Of `count` pixels with sums of `k` products, those for strips; the others, if any, are for [`Gemm::few_pixels`].
    pub(super) fn in_strips(&self, count: usize, k: usize) -> usize {
        let (vectors, (few_vectors, _)) = (self.tiles.vectors, self.tiles.few);
        let behind = count % (vectors * self.lanes);
        // Without narrower tiles, pixels for a part of a tile's vectors are better off among the few.
        let whole = if self.strip_vectors(1) < vectors { behind / self.lanes * self.lanes } else { 0 };
        let few = behind - whole;
        if few == 0 {
            return count;
        }
        let tile = |count: usize| match count {
            0 => 0,
            count => multiply_adds(self.tiles.panels[0] * self.strip_vectors(count)),
        };
        // Pixels four at a time, for two panels; their lanes are stored one by one, which takes as long as four multiply-adds (measured).
        let pair = |pixels: usize| multiply_adds(2 * few_vectors * pixels) / 2;
        let pairs = few / 4 * pair(4) + [0, pair(1), pair(2), pair(2) + pair(1)][few % 4];
        let (by_lane, by_tile) = (pairs * k + 4 * few * self.tiles.panels[0], (tile(behind) - tile(whole)) * (k + 1));
        if by_lane + by_lane / 8 < by_tile { count - few } else { count }
    }

    /// Elements that a strip of `count` pixels takes for each k.
    pub(super) fn strip_width(&self, count: usize) -> usize {
        self.strip_vectors(count) * self.lanes
    }

    /// Output channels of a panel for pixels packed as [`Gemm::strip_width`] for each k.
    ///
    /// # Safety
    /// All runs of the packed pixels must be readable, `count` pixels of every output channel of the panel writable; for a part
    /// of the sums as [`Gemm::pixel_part`].
    #[inline(always)]
    pub(super) unsafe fn pixel_strip(&self, columns: &Columns, runs: &Runs, panel: usize, part: &Part) {
        let panel = &self.packed.panels()[panel];
        let tiles = &self.tiles.by_vectors[self.strip_vectors(columns.count)];
        let kernel = tiles.iter().find(|&&(rows, _)| rows == panel.width).map(|(_, kernel)| kernel.run);
        if let Some(KernelFn::Gemm(run)) = kernel {
            // SAFETY: the operator's ISA was checked when it was made; the caller's promise; the panel was packed for kernels of
            // this many rows.
            unsafe { run(&self.columns_args(columns, runs, panel, part)) }
        }
    }

    /// Output channels of the panels `panels`, one or two, for pixels packed as `count` for each k.
    ///
    /// # Safety
    /// As [`Gemm::pixel_strip`].
    #[inline(never)] // its frame would be in the way of the strips
    pub(super) unsafe fn few_pixels(&self, columns: &Columns, runs: &Runs, panels: Range<usize>, part: &Part) {
        let (mut panels, (_, kernel)) = (&self.packed.panels()[panels], self.tiles.few);
        let KernelFn::Gemm(run) = kernel.run else { return };
        while let [first, rest @ ..] = panels {
            let mut args = self.columns_args(columns, runs, first, part);
            panels = rest;
            if let [second, rest @ ..] = rest
                && second.width == first.width
            {
                args.a_row = second.offset - first.offset;
                args.rows += second.count;
                args.tiles = 2;
                panels = rest;
            }
            // SAFETY: the operator's ISA was checked when it was made; the caller's promise; behind every panel a vector can be
            // loaded (`PackedGemm::new`).
            unsafe { run(&args) }
        }
    }

    #[inline(always)]
    fn columns_args(&self, columns: &Columns, runs: &Runs, panel: &Panel, part: &Part) -> GemmArgs {
        let weights = self.packed.as_slice()[panel.offset..].as_ptr();
        GemmArgs {
            a: weights.wrapping_add((1 + runs.weight_start) * panel.width),
            a_row: 0,
            a_width: panel.width,
            segments: runs.segments,
            a_steps: weight_steps(runs, panel),
            b_steps: runs.pixel_steps,
            run: runs.run,
            b: columns.packed,
            ahead: weights,
            ahead_step: 0,
            ahead_tile: 0,
            bias: weights,
            begins: part.begins,
            ends: part.ends,
            residual: part.residual_at(panel.first * part.residual_step),
            residual_row: part.residual_step,
            c: columns.output.wrapping_add(panel.first * columns.plane),
            c_row: columns.plane,
            rows: panel.count,
            tiles: 1,
            columns: columns.count,
            epilogue: self.epilogue,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::gemm::Tile;
    use crate::isa::Isa;
    use crate::layout::Layout;
    use crate::spec::Activation;
    use crate::weights::Weights;

    fn gemm(isa: Isa) -> Gemm {
        Gemm::new(Layout::Chw, isa, [3, 5, 1, 1], Weights::torch(&[0.0; 15]), None, Activation::Identity)
    }

    #[test]
    fn a_panel_has_as_many_rows_as_a_tile_of_every_width() {
        for &isa in Isa::available() {
            let gemm = gemm(isa);
            let rows = |tiles: &Vec<Tile>| Vec::from_iter(tiles.iter().map(|&(rows, _)| rows));
            let widths = gemm.tiles.by_vectors.iter().filter(|tiles| !tiles.is_empty());
            assert!(widths.clone().all(|tiles| rows(tiles) == gemm.tiles.panels), "{isa}");
            assert!(gemm.tiles.panels[0] <= gemm.tiles.few.0 * gemm.lanes, "{isa}");
            for count in 1..=gemm.columns() {
                let width = gemm.strip_width(count);
                assert!(width >= count && width.is_multiple_of(gemm.lanes), "{isa} {count}");
            }
            assert_eq!(gemm.strip_width(1), (gemm.tiles.vectors + 1 - widths.count()) * gemm.lanes, "{isa}");
        }
    }

    #[test]
    fn few_pixels_are_those_for_which_a_tile_takes_longer() {
        let portable = gemm(Isa::Portable);
        // Tiles of 8 pixels and 4 channels: a single pixel has half of its multiply-adds, or two, but seven have more.
        for (count, k, in_strips) in
            [(48, 512, 48), (49, 512, 48), (50, 512, 48), (55, 512, 55), (1, 512, 0), (49, 1, 49), (8, 512, 8)]
        {
            assert_eq!(portable.in_strips(count, k), in_strips, "{count} pixels, k {k}");
        }
        for &isa in Isa::available() {
            let gemm = gemm(isa);
            for (count, k) in (1..200).flat_map(|count| [(count, 1), (count, 40), (count, 1000)]) {
                let left = count - gemm.in_strips(count, k);
                assert!(
                    left < gemm.columns() && (left == 0 || (count - left).is_multiple_of(gemm.lanes)),
                    "{isa} {count}"
                );
            }
            assert_eq!(gemm.in_strips(gemm.columns() + 1, 1000), gemm.columns(), "{isa}");
        }
    }
}
