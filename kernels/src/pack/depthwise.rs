//! Panels of depthwise taps: per vector of lanes (or per channel where one tap serves all lanes) the bias, then the taps in
//! the order in which the line kernel sums them.

use crate::buffer::AlignedBuffer;

/// What a vector's lanes are in a depthwise convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneAxis {
    /// Channels of a pixel (HWC).
    Channels,
    /// Columns of a plane (CHW).
    Columns,
    /// Elements of a row, pixels and channels together (HWC with too few channels to fill a vector).
    Elements,
}

/// Packed depthwise weights.
pub struct PackedDepthwise {
    data: AlignedBuffer,
    panel_len: usize,
    panels: usize,
}

impl PackedDepthwise {
    /// Packs `[C, M, kh, kw] = sizes` for vectors of so many lanes. `tap_of` is asked for the weight of input channel `c`, multiplier index
    /// `q`, kernel row and kernel column.
    pub fn new(
        sizes: [usize; 4],
        axis: LaneAxis,
        lanes: usize,
        tap_of: impl Fn(usize, usize, usize, usize) -> f32,
        bias: Option<&[f32]>,
    ) -> Self {
        let [input_channels, multiplier, kh, kw] = sizes;
        let channels = input_channels * multiplier;
        let (unit, panels) = match axis {
            LaneAxis::Channels => (lanes, channels.div_ceil(lanes)),
            LaneAxis::Columns => (1, channels),
            // After so many vectors the channels meet the lanes as in the first one.
            LaneAxis::Elements => (lanes, channels / gcd(channels, lanes)),
        };
        let indices = usize::from(axis == LaneAxis::Channels && multiplier > 1);
        let panel_len = unit * (1 + indices + kh * kw);
        let mut data = AlignedBuffer::zeroed(panels * panel_len);
        let channel_of = |panel: usize, lane: usize| match axis {
            LaneAxis::Elements => (panel * lanes + lane) % channels,
            _ => panel * unit + lane,
        };
        for (panel, to) in data.as_mut_slice().chunks_exact_mut(panel_len).enumerate().take(panels) {
            let (index, taps) = to.split_at_mut(indices * unit);
            for lane in 0..unit {
                let o = channel_of(panel, lane);
                if o >= channels {
                    continue;
                }
                let (c, q) = (o / multiplier, o % multiplier);
                if indices > 0 {
                    // An integer in the bits of a float: the kernel's permutation reads integers.
                    index[lane] = f32::from_bits((c - panel * unit / multiplier) as u32);
                }
                taps[lane] = bias.map_or(0.0, |bias| bias[o]);
                for ky in 0..kh {
                    for kx in 0..kw {
                        // Outer taps first: kernel rows where lines run along rows, kernel columns where they run down.
                        let tap = if axis == LaneAxis::Channels { ky * kw + kx } else { kx * kh + ky };
                        taps[(1 + tap) * unit + lane] = tap_of(c, q, ky, kx);
                    }
                }
            }
        }
        Self { data, panel_len, panels }
    }

    /// All panels.
    #[inline]
    pub fn as_slice(&self) -> &[f32] {
        &self.data.as_slice()[..self.panels * self.panel_len]
    }

    /// Elements of a panel.
    #[inline]
    pub const fn panel_len(&self) -> usize {
        self.panel_len
    }

    /// Number of panels.
    #[inline]
    pub const fn panels(&self) -> usize {
        self.panels
    }
}

/// Greatest common divisor.
#[inline]
pub const fn gcd(mut a: usize, mut b: usize) -> usize {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weight of channel `c`, kernel `q`, tap `(ky, kx)`: its digits.
    fn pack(sizes: [usize; 4], axis: LaneAxis, lanes: usize, bias: Option<&[f32]>) -> PackedDepthwise {
        let digits = |c: usize, q: usize, ky: usize, kx: usize| (100 * (c * sizes[1] + q + 1) + 10 * ky + kx) as f32;
        PackedDepthwise::new(sizes, axis, lanes, digits, bias)
    }

    #[test]
    fn panels_of_channels() {
        let packed = pack([3, 1, 2, 2], LaneAxis::Channels, 2, None);
        assert_eq!((packed.panel_len(), packed.panels()), (10, 2));
        let first = [0.0, 0.0, 100.0, 200.0, 101.0, 201.0, 110.0, 210.0, 111.0, 211.0];
        let second = [0.0, 0.0, 300.0, 0.0, 301.0, 0.0, 310.0, 0.0, 311.0, 0.0];
        assert_eq!(packed.as_slice(), [first, second].concat());
    }

    #[test]
    fn panels_with_a_multiplier_say_where_their_channels_are() {
        let bias = Vec::from_iter((1..10).map(|o| o as f32));
        let packed = pack([3, 3, 1, 1], LaneAxis::Channels, 4, Some(&bias));
        assert_eq!((packed.panel_len(), packed.panels()), (12, 3));
        // Channels of the lanes, counted from the panel's first; those of lanes that do not exist are 0.
        let indices = |panel: usize| packed.as_slice()[panel * 12..][..4].iter().map(|index| index.to_bits());
        assert!(indices(0).eq([0, 0, 0, 1]) && indices(1).eq([0, 0, 1, 1]) && indices(2).eq([0, 0, 0, 0]));
        let rest = |panel: usize| &packed.as_slice()[panel * 12..][4..12];
        assert_eq!(rest(1), [5.0, 6.0, 7.0, 8.0, 500.0, 600.0, 700.0, 800.0]);
        assert_eq!(rest(2), [9.0, 0.0, 0.0, 0.0, 900.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn panels_of_columns_have_a_tap_for_all_lanes_column_by_column() {
        let packed = pack([2, 1, 2, 3], LaneAxis::Columns, 8, Some(&[5.0, 6.0]));
        assert_eq!((packed.panel_len(), packed.panels()), (7, 2));
        let first = [5.0, 100.0, 110.0, 101.0, 111.0, 102.0, 112.0];
        let second = [6.0, 200.0, 210.0, 201.0, 211.0, 202.0, 212.0];
        assert_eq!(packed.as_slice(), [first, second].concat());
    }

    #[test]
    fn panels_of_elements_repeat_where_channels_meet_the_lanes_again() {
        for (channels, lanes, panels) in [(3, 4, 3), (2, 4, 1), (1, 4, 1), (6, 4, 3)] {
            let packed = pack([channels, 1, 1, 2], LaneAxis::Elements, lanes, None);
            assert_eq!((packed.panel_len(), packed.panels()), (3 * lanes, panels), "{channels} channels");
            for panel in 0..panels {
                for lane in 0..lanes {
                    let o = (panel * lanes + lane) % channels;
                    let tap = |kx: usize| packed.as_slice()[(panel * 3 + 1 + kx) * lanes + lane];
                    assert_eq!((tap(0), tap(1)), ((100 * (o + 1)) as f32, (100 * (o + 1) + 1) as f32));
                }
            }
        }
    }

    #[test]
    fn greatest_common_divisors() {
        assert_eq!((gcd(12, 18), gcd(18, 12), gcd(7, 16), gcd(5, 0), gcd(8, 8)), (6, 6, 1, 5, 8));
    }
}
