//! The lattice's points: everything that a window can be along one axis, each next to a small window along the other.

use sepconv::{Padding, Window};

/// Map sizes along the axis under test.
pub const SIZES: std::ops::RangeInclusive<usize> = 1..=12;

/// A window along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Axis {
    /// Taps.
    pub kernel: usize,
    /// Step between outputs.
    pub stride: usize,
    /// Step between taps.
    pub dilation: usize,
    /// Padding before the map.
    pub before: usize,
    /// Padding behind the map.
    pub after: usize,
}

impl Axis {
    /// Outputs on a map of so many pixels; 0 where the kernel is longer than the padded map.
    pub const fn outputs(&self, size: usize) -> usize {
        let (padded, span) = (self.before + size + self.after, (self.kernel - 1) * self.dilation + 1);
        if padded < span { 0 } else { (padded - span) / self.stride + 1 }
    }

    /// Whether maps of every size keep it.
    pub const fn keeps_size(&self) -> bool {
        self.stride == 1 && self.before + self.after == (self.kernel - 1) * self.dilation
    }
}

/// Kernel 1…7, stride 1…3, dilation 1…3, padding 0…kernel on either side, in every combination.
pub fn all() -> Vec<Axis> {
    let mut axes = vec![];
    for kernel in 1..=7 {
        for stride in 1..=3 {
            for dilation in 1..=3 {
                for before in 0..=kernel {
                    axes.extend((0..=kernel).map(|after| Axis { kernel, stride, dilation, before, after }));
                }
            }
        }
    }
    axes
}

/// Map sizes and windows along the other axis: every size, kernel, stride, dilation and padding of the full product is here
/// at least once. As many as a prime, so that walking them in turn meets everything that the full product walks through.
pub const OTHERS: [(usize, Axis); 17] = [
    (1, axis(1, 1, 1, [0, 0])),
    (2, axis(3, 1, 1, [1, 1])),
    (3, axis(2, 1, 2, [0, 1])),
    (4, axis(4, 2, 1, [1, 2])),
    (5, axis(5, 1, 1, [2, 2])),
    (6, axis(3, 3, 3, [0, 2])),
    (7, axis(7, 2, 1, [4, 0])),
    (8, axis(6, 3, 1, [1, 5])),
    (9, axis(2, 2, 3, [2, 0])),
    (10, axis(4, 3, 3, [0, 3])),
    (11, axis(5, 2, 2, [5, 1])),
    (12, axis(6, 3, 2, [3, 6])),
    (1, axis(7, 3, 1, [7, 7])),
    (3, axis(7, 1, 2, [6, 4])),
    (4, axis(3, 1, 1, [1, 1])),
    (5, axis(1, 2, 1, [0, 0])),
    (2, axis(3, 2, 1, [1, 0])),
];

const fn axis(kernel: usize, stride: usize, dilation: usize, [before, after]: [usize; 2]) -> Axis {
    Axis { kernel, stride, dilation, before, after }
}

/// The library's window with these rows and columns.
pub const fn window([rows, columns]: [Axis; 2]) -> Window {
    let mut window = Window::new([rows.kernel, columns.kernel]);
    window.stride = [rows.stride, columns.stride];
    window.dilation = [rows.dilation, columns.dilation];
    window.padding =
        Padding::Explicit { top: rows.before, left: columns.before, bottom: rows.after, right: columns.after };
    window
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_is_full() {
        // Nine strides and dilations; (k + 1)² paddings for kernels 1 to 7.
        assert_eq!(all().len(), 9 * (4 + 9 + 16 + 25 + 36 + 49 + 64));
    }

    #[test]
    fn other_axes_have_every_value_and_an_output() {
        let has = |value: usize, of: fn(&(usize, Axis)) -> usize| OTHERS.iter().any(|other| of(other) == value);
        let mut sizes = SIZES;
        assert!(sizes.all(|size| has(size, |other| other.0)));
        assert!((1..=7).all(|kernel| has(kernel, |other| other.1.kernel)));
        assert!((1..=3).all(|step| has(step, |other| other.1.stride) && has(step, |other| other.1.dilation)));
        assert!((0..=7).all(|pixels| has(pixels, |other| other.1.before)));
        assert!((0..=6).all(|pixels| has(pixels, |other| other.1.after)));
        assert!(OTHERS.iter().all(|(size, axis)| (1..=5).contains(&axis.outputs(*size))));
    }
}
