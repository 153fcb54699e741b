//! The tile table: which register tiles exist on which instruction set. A shape that is fast on one is slow on another, so
//! shapes live here, as data, and kernels take them as constants.

use super::family::Layout::{Chw, Hwc};
use super::family::{
    ColumnChw, ColumnHwc, CopyRows, Family, FewPixels, Layout, Line, LineGeneric, LineTwoChannels, Probe, Shape,
    Tile as Product,
};
use super::target::{AVX2, AVX512, NEON, PORTABLE, Target};

/// An epilogue that a kernel is compiled with: a type of `crate::epilogue` and variant of `EpilogueKind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Epilogue {
    /// Limits, in registers.
    Clamp,
    /// Curves, in registers.
    Curve,
    /// Limits in registers, curves as a pass over rows just written.
    CurveAfter,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Tile {
    pub target: Target,
    pub shape: Shape,
    /// Whether there is an instance of its own for curves in registers, whatever its family has.
    pub curve: bool,
}

impl Tile {
    /// The family that it belongs to, with its shape.
    pub fn family(&self) -> &dyn Family {
        self.shape.family()
    }

    /// The epilogues: an instance of the kernel for each.
    pub fn epilogues(&self) -> &'static [Epilogue] {
        if self.curve { &[Epilogue::Clamp, Epilogue::Curve] } else { self.family().epilogues() }
    }

    /// Vectors live in the hot loop.
    pub fn live_vectors(&self) -> usize {
        self.family().live_vectors(&self.target)
    }

    /// Refuses a tile that needs more vector registers than its instruction set has, or a longer list of unrolled numbers than its
    /// loops have.
    pub fn check(&self) -> Result<(), String> {
        let Self { target, shape, .. } = self;
        let used = self.live_vectors() * target.per_vector;
        if used > target.registers {
            let (name, registers) = (target.name, target.registers);
            return Err(format!("{shape:?} on {name} needs {used} registers, there are {registers}"));
        }
        for list in self.family().lists(target) {
            let (what, needed, longest) = (list.what, list.needed, list.longest);
            if needed > longest {
                return Err(format!(
                    "{shape:?} on {} unrolls {needed} {what}, the list of numbers ends at {longest}",
                    target.name
                ));
            }
        }
        Ok(())
    }
}

const fn tile(target: Target, shape: Shape) -> Tile {
    Tile { target, shape, curve: false }
}
/// The row with an instance of its own for curves in registers: where a pass over what it wrote would take more than a twentieth of its time.
const fn curve(tile: Tile) -> Tile {
    Tile { curve: true, ..tile }
}
const fn line(target: Target, layout: Layout, kernel: usize, stride: usize, outputs: usize) -> Tile {
    tile(target, Shape::Line(Line { layout, kernel, stride, outputs }))
}
const fn generic(target: Target, layout: Layout, outputs: usize) -> Tile {
    tile(target, Shape::LineGeneric(LineGeneric { layout, outputs }))
}
const fn two_channels(target: Target, kernel: usize, stride: usize, outputs: usize) -> Tile {
    tile(target, Shape::LineTwoChannels(LineTwoChannels { kernel, stride, outputs }))
}
const fn column_hwc(target: Target, kernel: usize, stride: usize, [pixels, vectors]: [usize; 2]) -> Tile {
    tile(target, Shape::ColumnHwc(ColumnHwc { kernel, stride, pixels, vectors }))
}
const fn column_chw(target: Target, kernel: usize, stride: usize, vectors: usize) -> Tile {
    tile(target, Shape::ColumnChw(ColumnChw { kernel, stride, vectors }))
}
const fn product(target: Target, layout: Layout, rows: usize, vectors: usize) -> Tile {
    tile(target, Shape::Tile(Product { layout, rows, vectors }))
}
const fn few_pixels(target: Target, vectors: usize, pixels: usize) -> Tile {
    tile(target, Shape::FewPixels(FewPixels { vectors, pixels }))
}
const fn copy_rows(target: Target) -> Tile {
    tile(target, Shape::CopyRows(CopyRows))
}
const fn probe(target: Target, chains: usize) -> Tile {
    tile(target, Shape::Probe(Probe { chains }))
}

/// All tiles. Every instruction set has the generic lines, the row copy, and tiles of products down to one row, so that nothing
/// that a spec can ask for is left without a kernel.
pub const TILES: &[Tile] = &[
    // 32 registers: 14 outputs and a 7-tap row, or 14 outputs and nine taps.
    line(AVX512, Hwc, 3, 1, 7),
    line(AVX512, Hwc, 3, 2, 7),
    curve(line(AVX512, Hwc, 5, 1, 14)),
    curve(line(AVX512, Hwc, 5, 1, 7)),
    curve(line(AVX512, Hwc, 5, 2, 7)),
    line(AVX512, Hwc, 7, 1, 14),
    line(AVX512, Hwc, 7, 1, 7),
    line(AVX512, Hwc, 7, 2, 7),
    line(AVX512, Hwc, 9, 1, 7),
    line(AVX512, Hwc, 11, 1, 7),
    curve(column_hwc(AVX512, 3, 1, [2, 2])),
    curve(column_hwc(AVX512, 3, 1, [7, 1])),
    curve(column_hwc(AVX512, 3, 2, [7, 1])),
    curve(column_hwc(AVX512, 3, 2, [2, 2])),
    curve(column_chw(AVX512, 3, 1, 3)),
    column_chw(AVX512, 3, 2, 3),
    line(AVX512, Chw, 1, 1, 14),
    line(AVX512, Chw, 1, 1, 7),
    line(AVX512, Chw, 3, 1, 7),
    line(AVX512, Chw, 3, 2, 7),
    line(AVX512, Chw, 5, 1, 14),
    line(AVX512, Chw, 5, 1, 7),
    line(AVX512, Chw, 5, 2, 7),
    line(AVX512, Chw, 7, 1, 14),
    line(AVX512, Chw, 7, 1, 7),
    line(AVX512, Chw, 7, 2, 7),
    line(AVX512, Chw, 9, 1, 7),
    line(AVX512, Chw, 11, 1, 7),
    two_channels(AVX512, 5, 1, 7),
    curve(two_channels(AVX512, 5, 2, 7)),
    two_channels(AVX512, 7, 1, 7),
    two_channels(AVX512, 7, 2, 7),
    generic(AVX512, Hwc, 8),
    generic(AVX512, Chw, 8),
    product(AVX512, Hwc, 14, 2),
    product(AVX512, Hwc, 7, 2),
    product(AVX512, Hwc, 4, 2),
    product(AVX512, Hwc, 2, 2),
    product(AVX512, Hwc, 1, 2),
    product(AVX512, Hwc, 14, 1),
    product(AVX512, Hwc, 7, 1),
    product(AVX512, Hwc, 4, 1),
    product(AVX512, Hwc, 2, 1),
    product(AVX512, Hwc, 1, 1),
    product(AVX512, Chw, 14, 2),
    product(AVX512, Chw, 8, 2),
    product(AVX512, Chw, 4, 2),
    product(AVX512, Chw, 2, 2),
    product(AVX512, Chw, 1, 2),
    product(AVX512, Chw, 14, 1),
    product(AVX512, Chw, 8, 1),
    product(AVX512, Chw, 4, 1),
    product(AVX512, Chw, 2, 1),
    product(AVX512, Chw, 1, 1),
    few_pixels(AVX512, 1, 4),
    copy_rows(AVX512),
    probe(AVX512, 16),
    // 16 registers: 7 outputs, a 7-tap row and one input.
    curve(line(AVX2, Hwc, 3, 1, 7)),
    curve(line(AVX2, Hwc, 3, 2, 7)),
    curve(line(AVX2, Hwc, 5, 1, 7)),
    curve(line(AVX2, Hwc, 5, 2, 7)),
    line(AVX2, Hwc, 7, 1, 7),
    line(AVX2, Hwc, 7, 2, 7),
    line(AVX2, Hwc, 9, 1, 4),
    line(AVX2, Hwc, 11, 1, 4),
    column_chw(AVX2, 3, 2, 3),
    curve(column_hwc(AVX2, 3, 1, [2, 2])),
    curve(column_hwc(AVX2, 3, 2, [2, 2])),
    line(AVX2, Chw, 1, 1, 7),
    curve(line(AVX2, Chw, 3, 1, 7)),
    line(AVX2, Chw, 3, 2, 7),
    curve(line(AVX2, Chw, 5, 1, 7)),
    line(AVX2, Chw, 5, 2, 7),
    line(AVX2, Chw, 7, 1, 7),
    line(AVX2, Chw, 7, 2, 7),
    line(AVX2, Chw, 9, 1, 4),
    line(AVX2, Chw, 11, 1, 4),
    generic(AVX2, Hwc, 8),
    generic(AVX2, Chw, 8),
    product(AVX2, Hwc, 6, 2),
    product(AVX2, Hwc, 4, 2),
    product(AVX2, Hwc, 2, 2),
    product(AVX2, Hwc, 1, 2),
    product(AVX2, Hwc, 12, 1),
    product(AVX2, Hwc, 6, 1),
    product(AVX2, Hwc, 4, 1),
    product(AVX2, Hwc, 2, 1),
    product(AVX2, Hwc, 1, 1),
    product(AVX2, Chw, 6, 2),
    product(AVX2, Chw, 4, 2),
    product(AVX2, Chw, 2, 2),
    product(AVX2, Chw, 1, 2),
    product(AVX2, Chw, 6, 1),
    product(AVX2, Chw, 4, 1),
    product(AVX2, Chw, 2, 1),
    product(AVX2, Chw, 1, 1),
    few_pixels(AVX2, 1, 4),
    copy_rows(AVX2),
    probe(AVX2, 12),
    // 32 registers: as on AVX-512, with products of 4 and 2 vectors of columns. No blocks: addresses have no scaled index of their
    // own in a load with offset, and those of a block's inputs do not fit the general registers; the line of 14 is faster.
    curve(line(NEON, Hwc, 3, 1, 14)),
    curve(line(NEON, Hwc, 3, 1, 7)),
    curve(line(NEON, Hwc, 3, 2, 7)),
    curve(line(NEON, Hwc, 5, 1, 14)),
    curve(line(NEON, Hwc, 5, 1, 7)),
    curve(line(NEON, Hwc, 5, 2, 7)),
    line(NEON, Hwc, 7, 1, 14),
    line(NEON, Hwc, 7, 1, 7),
    line(NEON, Hwc, 7, 2, 7),
    line(NEON, Chw, 3, 1, 14),
    line(NEON, Chw, 3, 1, 7),
    line(NEON, Chw, 3, 2, 7),
    line(NEON, Chw, 5, 1, 14),
    line(NEON, Chw, 5, 1, 7),
    line(NEON, Chw, 5, 2, 7),
    line(NEON, Chw, 7, 1, 14),
    line(NEON, Chw, 7, 1, 7),
    line(NEON, Chw, 7, 2, 7),
    generic(NEON, Hwc, 8),
    generic(NEON, Chw, 8),
    product(NEON, Hwc, 6, 4),
    product(NEON, Hwc, 4, 4),
    product(NEON, Hwc, 2, 4),
    product(NEON, Hwc, 1, 4),
    product(NEON, Hwc, 8, 2),
    product(NEON, Hwc, 4, 2),
    product(NEON, Hwc, 2, 2),
    product(NEON, Hwc, 1, 2),
    product(NEON, Hwc, 8, 1),
    product(NEON, Hwc, 4, 1),
    product(NEON, Hwc, 2, 1),
    product(NEON, Hwc, 1, 1),
    product(NEON, Chw, 8, 3),
    product(NEON, Chw, 4, 3),
    product(NEON, Chw, 2, 3),
    product(NEON, Chw, 1, 3),
    few_pixels(NEON, 2, 4),
    copy_rows(NEON),
    probe(NEON, 24),
    // 16 registers of half a vector.
    line(PORTABLE, Hwc, 3, 1, 4),
    line(PORTABLE, Hwc, 3, 2, 4),
    line(PORTABLE, Chw, 3, 1, 4),
    line(PORTABLE, Chw, 3, 2, 4),
    line(PORTABLE, Hwc, 5, 1, 2),
    line(PORTABLE, Hwc, 5, 2, 2),
    line(PORTABLE, Chw, 5, 1, 2),
    line(PORTABLE, Chw, 5, 2, 2),
    generic(PORTABLE, Hwc, 4),
    generic(PORTABLE, Chw, 4),
    product(PORTABLE, Hwc, 4, 1),
    product(PORTABLE, Hwc, 2, 1),
    product(PORTABLE, Hwc, 1, 1),
    product(PORTABLE, Chw, 4, 1),
    product(PORTABLE, Chw, 2, 1),
    product(PORTABLE, Chw, 1, 1),
    few_pixels(PORTABLE, 1, 2),
    copy_rows(PORTABLE),
    probe(PORTABLE, 5),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(tile: Tile) -> String {
        tile.check().expect_err("no kernel can be made of it")
    }

    #[test]
    fn every_row_passes() {
        for tile in TILES {
            assert_eq!(tile.check(), Ok(()));
        }
    }

    #[test]
    fn a_tile_has_no_more_vectors_than_there_are_registers() {
        assert_eq!(line(AVX2, Hwc, 7, 1, 8).check(), Ok(()));
        let error = refused(line(AVX2, Hwc, 7, 1, 9));
        assert!(error.contains("avx2 needs 17 registers, there are 16"), "{error}");
        // Two registers a vector.
        let error = refused(product(PORTABLE, Hwc, 8, 1));
        assert!(error.contains("portable needs 18 registers, there are 16"), "{error}");
    }

    /// The limits are those of the lists in `kernels/src/simd/mod.rs`, where a longer loop does not compile either.
    #[test]
    fn a_tile_unrolls_no_more_than_the_lists_hold() {
        for (tile, needed, what, longest) in [
            (line(AVX512, Chw, 13, 1, 7), 13, "taps", 12),
            (line(AVX512, Hwc, 3, 1, 17), 17, "outputs", 16),
            (line(AVX512, Hwc, 3, 2, 14), 29, "inputs", 28),
            (two_channels(AVX512, 5, 3, 9), 29, "inputs", 28),
            (generic(NEON, Chw, 17), 17, "outputs", 16),
            (column_hwc(NEON, 5, 5, [1, 1]), 5, "taps", 4),
            (column_hwc(AVX512, 3, 2, [8, 1]), 17, "inputs", 16),
            (column_hwc(AVX512, 1, 1, [6, 5]), 5, "vectors", 4),
            (column_chw(AVX512, 1, 1, 5), 5, "vectors", 4),
            (product(AVX512, Hwc, 17, 1), 17, "rows", 16),
            (product(AVX512, Chw, 2, 5), 5, "vectors", 4),
            (few_pixels(AVX512, 1, 5), 5, "pixels", 4),
            (probe(AVX512, 29), 29, "chains", 28),
        ] {
            let error = refused(tile);
            let expected = format!("unrolls {needed} {what}, the list of numbers ends at {longest}");
            assert!(error.contains(&expected), "{error}");
        }
    }
}
