//! Matrix products in CHW, where pixels are columns: slivers of them in whole tiles, and what few are left by the lane.
//!
//! 49 pixels are three vectors and one pixel, which by itself would take as long as a vector: a third more than all others.

use super::product::{Product, weight_steps};
use super::runs::Runs;
use super::sum::SumAt;
use crate::kernel_info::KernelInfo;
use crate::plan::describe::{self, Asked};
use core::ops::Range;
use sepconv_kernels::pack::panels::Panel;
use sepconv_kernels::product::GemmArgs;
use sepconv_kernels::registry::{Kernel, Tile};

/// Multiply-adds that could begin while `chains` of them, each waiting for itself, do: a core has room for at least eight.
const fn multiply_adds(chains: usize) -> usize {
    if chains < 8 { 8 } else { chains }
}

/// Pixels as columns of a product.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Columns {
    /// Their values, all pixels' for each k.
    pub packed: *const f32,
    /// Where output channel 0 of pixel 0 goes, and the elements from channel to channel; pixels stand side by side.
    pub output: *mut f32,
    pub plane: usize,
    pub count: usize,
}

impl Product {
    /// Vectors of the narrowest tile that holds `count` pixels, up to [`Product::columns`].
    #[inline(always)]
    fn sliver_vectors(&self, count: usize) -> usize {
        let narrower = 1..self.tiles.vectors;
        let holds = |&vectors: &usize| count <= vectors * self.lanes && !self.tiles.by_vectors[vectors].is_empty();
        narrower.into_iter().find(holds).unwrap_or(self.tiles.vectors)
    }

    /// Of `count` pixels with sums of `k` products, those for slivers; the others, if any, are for [`Product::few_pixels`].
    pub(crate) fn in_slivers(&self, count: usize, k: usize) -> usize {
        let (vectors, (few_vectors, _)) = (self.tiles.vectors, self.tiles.few);
        let behind = count % (vectors * self.lanes);
        // Without narrower tiles, pixels for some of a tile's vectors are better off among the few.
        let whole = if self.sliver_vectors(1) < vectors { behind / self.lanes * self.lanes } else { 0 };
        let few = behind - whole;
        if few == 0 {
            return count;
        }
        let tile = |count: usize| match count {
            0 => 0,
            count => multiply_adds(self.tiles.panels[0] * self.sliver_vectors(count)),
        };
        // Pixels four at a time, for two panels; their lanes are stored one by one, which takes as long as four multiply-adds (measured).
        let of = |pixels: usize| multiply_adds(2 * few_vectors * pixels) / 2;
        let all = few / 4 * of(4) + [0, of(1), of(2), of(2) + of(1)][few % 4];
        let (by_lane, by_tile) = (all * k + 4 * few * self.tiles.panels[0], (tile(behind) - tile(whole)) * (k + 1));
        if by_lane + by_lane / 8 < by_tile { count - few } else { count }
    }

    /// Elements that a sliver of `count` pixels takes for each k.
    pub(crate) fn sliver_width(&self, count: usize) -> usize {
        self.sliver_vectors(count) * self.lanes
    }

    /// The kernel for a panel of so many rows and a sliver of `count` pixels.
    #[inline(always)]
    fn sliver_tile(&self, rows: usize, count: usize) -> &'static Kernel<Tile> {
        let tiles = &self.tiles.by_vectors[self.sliver_vectors(count)];
        let tile = tiles.iter().find(|tile| tile.0 == rows);
        tile.expect("a panel has as many rows as a tile of every width").1
    }

    /// The kernel that makes most outputs of `count` pixels in slivers.
    pub(crate) fn sliver_kernel(&self, count: usize, asked: Asked<'_>) -> KernelInfo {
        let (rows, width) = (self.widest_panel(), self.sliver_width(count.min(self.columns())));
        let kernel = self.sliver_tile(rows, count.min(self.columns()));
        let k = self.packed.k();
        let why = format!("{count} pixels, {width} at a time, {rows} output channels at a time, {k} products a sum");
        describe::product(kernel, asked, why)
    }

    /// The kernels for `count` pixels, `block` of which meet all weights before the next ones do.
    pub(crate) fn column_kernels(&self, count: usize, block: usize, asked: Asked<'_>) -> Vec<KernelInfo> {
        let (k, last) = (self.packed.k(), if count == 0 { 0 } else { (count - 1) % block + 1 });
        let few = last - self.in_slivers(last, k);
        let whole_blocks = count - last;
        let few_of_all = few + whole_blocks / block * (block - self.in_slivers(block, k));
        let by_sliver = (count > few_of_all).then(|| self.sliver_kernel(count - few_of_all, asked));
        let by_lane = (few_of_all > 0).then(|| {
            let lanes = self.lanes;
            let why = format!(
                "{few_of_all} of {count} pixels are left over from vectors of {lanes}: output channels as lanes take less"
            );
            describe::few_pixels(self.tiles.few.1, asked, why)
        });
        let mut kernels = Vec::from_iter(by_sliver.into_iter().chain(by_lane));
        if few_of_all > count / 2 {
            kernels.reverse();
        }
        kernels
    }

    /// Output channels of a panel for pixels packed as [`Product::sliver_width`] for each k.
    ///
    /// # Safety
    /// All runs of the packed pixels must be readable, `count` pixels of every output channel of the panel writable; for some
    /// of the products as [`Product::add_pixels`].
    #[inline(always)]
    pub(crate) unsafe fn sliver(&self, columns: &Columns, runs: &Runs, panel: usize, sum: &SumAt) {
        let panel = &self.packed.panels()[panel];
        let kernel = self.sliver_tile(panel.width, columns.count);
        // SAFETY: the kernels are those of an ISA that `DenseStage::new` required; `columns` says which pixels are readable and
        // writable, no more than the tile is wide (`sliver_vectors`); the panel was packed for kernels of this many rows.
        unsafe { (kernel.run)(&self.columns_args(columns, runs, panel, sum)) }
    }

    /// Output channels of the panels `panels`, one or two, for pixels packed as `count` for each k.
    ///
    /// # Safety
    /// As [`Product::sliver`].
    #[inline(never)] // its frame would be in the way of the slivers
    pub(crate) unsafe fn few_pixels(&self, columns: &Columns, runs: &Runs, panels: Range<usize>, sum: &SumAt) {
        let (mut panels, (_, kernel)) = (&self.packed.panels()[panels], self.tiles.few);
        while let [first, rest @ ..] = panels {
            let mut args = self.columns_args(columns, runs, first, sum);
            panels = rest;
            if let [second, rest @ ..] = rest
                && second.width == first.width
            {
                args.a_row = second.offset - first.offset;
                args.rows += second.count;
                args.tiles = 2;
                panels = rest;
            }
            // SAFETY: the kernels are those of an ISA that `DenseStage::new` required; `columns` says which pixels are readable and
            // writable; behind every panel a vector can be loaded (`PackedGemm::new`).
            unsafe { (kernel.run)(&args) }
        }
    }

    #[inline(always)]
    fn columns_args(&self, columns: &Columns, runs: &Runs, panel: &Panel, sum: &SumAt) -> GemmArgs {
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
            begins: sum.begins,
            ends: sum.ends,
            residual: sum.residual_at(panel.first * sum.residual_step),
            residual_row: sum.residual_step,
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
    use crate::isa::Isa;
    use crate::layout::Layout;
    use crate::plan::select::TileKernel;
    use crate::spec::Activation;
    use crate::weights::Weights;

    fn product(isa: Isa) -> Product {
        Product::new(Layout::Chw, isa, [3, 5, 1, 1], Weights::torch(&[0.0; 15]), None, Activation::Identity)
    }

    #[test]
    fn a_panel_has_as_many_rows_as_a_tile_of_every_width() {
        for &isa in Isa::available() {
            let product = product(isa);
            let rows = |tiles: &Vec<TileKernel>| Vec::from_iter(tiles.iter().map(|&(rows, _)| rows));
            let widths = product.tiles.by_vectors.iter().filter(|tiles| !tiles.is_empty());
            assert!(widths.clone().all(|tiles| rows(tiles) == product.tiles.panels), "{isa}");
            assert!(product.tiles.panels[0] <= product.tiles.few.0 * product.lanes, "{isa}");
            for count in 1..=product.columns() {
                let width = product.sliver_width(count);
                assert!(width >= count && width.is_multiple_of(product.lanes), "{isa} {count}");
            }
            assert_eq!(product.sliver_width(1), (product.tiles.vectors + 1 - widths.count()) * product.lanes, "{isa}");
        }
    }

    #[test]
    fn few_pixels_are_those_for_which_a_tile_takes_longer() {
        let portable = product(Isa::Portable);
        // Tiles of 8 pixels and 4 channels: a single pixel has half of its multiply-adds, or two, but seven have more.
        for (count, k, in_slivers) in
            [(48, 512, 48), (49, 512, 48), (50, 512, 48), (55, 512, 55), (1, 512, 0), (49, 1, 49), (8, 512, 8)]
        {
            assert_eq!(portable.in_slivers(count, k), in_slivers, "{count} pixels, k {k}");
        }
        for &isa in Isa::available() {
            let product = product(isa);
            for (count, k) in (1..200).flat_map(|count| [(count, 1), (count, 40), (count, 1000)]) {
                let left = count - product.in_slivers(count, k);
                assert!(
                    left < product.columns() && (left == 0 || (count - left).is_multiple_of(product.lanes)),
                    "{isa} {count}"
                );
            }
            assert_eq!(product.in_slivers(product.columns() + 1, 1000), product.columns(), "{isa}");
        }
    }
}
