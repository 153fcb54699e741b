//! What the points of a roofline picture are, and the ceilings above them.

use super::scale::LogScale;
use crate::machine::Bandwidth;
use crate::measure::Row;
use crate::output::distinct::distinct;

/// A row, numbered as in the table.
pub(super) struct Point<'a> {
    /// Its number.
    pub number: usize,
    /// What was measured.
    pub row: &'a Row,
}

impl Point<'_> {
    /// Operations for each byte that has to be moved, and GFLOP/s.
    pub fn position(&self) -> [f64; 2] {
        [2.0 * self.row.macs as f64 / self.row.bytes.max(1) as f64, self.row.gflops]
    }
}

/// What the machine can do at most.
pub(super) struct Ceilings<'a> {
    /// Names and GB/s, the fastest level first.
    pub copies: Vec<(&'a str, f64)>,
    /// Instruction sets and GFLOP/s, the fastest first.
    pub peaks: Vec<(&'a str, f64)>,
}

impl<'a> Ceilings<'a> {
    pub fn new(points: &[Point<'a>], bandwidths: impl Iterator<Item = &'a Bandwidth>) -> Self {
        let mut copies: Vec<_> = bandwidths.map(|b| (b.level.as_str(), b.copy_gb_s)).collect();
        let mut peaks = distinct(points.iter().map(|point| (point.row.isa, point.row.fma_peak_gflops)));
        copies.sort_by(|a, b| b.1.total_cmp(&a.1));
        peaks.sort_by(|a, b| b.1.total_cmp(&a.1));
        Self { copies, peaks }
    }

    pub fn peak(&self) -> f64 {
        self.peaks.first().map_or(1.0, |peak| peak.1)
    }

    /// Operations per byte from which on the peak is the limit, for the fastest and the slowest level.
    fn ridges(&self) -> impl Iterator<Item = f64> {
        [self.copies.first(), self.copies.last()].into_iter().flatten().map(|copy| self.peak() / copy.1)
    }
}

/// Axes with all points and both ends of all slopes on them, for a plot with these edges (left, top, right, bottom).
pub(super) fn scales(points: &[Point<'_>], ceilings: &Ceilings<'_>, plot: [f64; 4]) -> [LogScale; 2] {
    let positions = || points.iter().map(Point::position);
    let fold = |values: &[f64], pick: fn(f64, f64) -> f64| values.iter().copied().reduce(pick).unwrap_or(1.0);
    let xs: Vec<f64> = positions().map(|[x, _]| x).chain(ceilings.ridges()).filter(|x| *x > 0.0).collect();
    let ys: Vec<f64> = positions().map(|[_, y]| y).chain([ceilings.peak()]).filter(|y| *y > 0.0).collect();
    let floor_pow2 = |x: f64| 2f64.powf(x.log2().floor());
    let x = [floor_pow2(fold(&xs, f64::min) / 2.0), 2.0 * floor_pow2(fold(&xs, f64::max) * 1.5)];
    let y = [fold(&ys, f64::min) / 2.0, fold(&ys, f64::max) * 1.6];
    let [left, top, right, bottom] = plot;
    [LogScale::new(x, [left, right]), LogScale::new(y, [bottom, top])]
}
