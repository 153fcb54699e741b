//! Panels of depthwise taps: per vector of lanes (or per channel where one tap serves all lanes) the bias, then the taps in
//! the order in which the line kernel sums them.

use crate::buffer::AlignedBuffer;
use crate::spec::DepthwiseSpec;
use crate::weights::Weights;

/// What a vector's lanes are in a depthwise convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LaneAxis {
    /// Channels of a pixel (HWC).
    Channels,
    /// Columns of a plane (CHW).
    Columns,
    /// Elements of a row, pixels and channels together (HWC with too few channels to fill a vector).
    Elements,
}

/// Packed depthwise weights.
pub(crate) struct PackedDepthwise {
    data: AlignedBuffer,
    panel_len: usize,
    panels: usize,
}

impl PackedDepthwise {
    pub(crate) fn new(
        spec: &DepthwiseSpec,
        axis: LaneAxis,
        lanes: usize,
        weights: Weights<'_>,
        bias: Option<&[f32]>,
    ) -> Self {
        let channels = spec.channels * spec.multiplier;
        let [kh, kw] = spec.window.kernel;
        let (unit, panels) = match axis {
            LaneAxis::Channels => (lanes, channels.div_ceil(lanes)),
            LaneAxis::Columns => (1, channels),
            // After so many vectors the channels meet the lanes as in the first one.
            LaneAxis::Elements => (lanes, channels / gcd(channels, lanes)),
        };
        let indices = usize::from(axis == LaneAxis::Channels && spec.multiplier > 1);
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
                let (c, q) = (o / spec.multiplier, o % spec.multiplier);
                if indices > 0 {
                    // An integer in the bits of a float: the kernel's permutation reads integers.
                    index[lane] = f32::from_bits((c - panel * unit / spec.multiplier) as u32);
                }
                taps[lane] = bias.map_or(0.0, |bias| bias[o]);
                for ky in 0..kh {
                    for kx in 0..kw {
                        // Outer taps first: kernel rows where lines run along rows, kernel columns where they run down.
                        let tap = if axis == LaneAxis::Channels { ky * kw + kx } else { kx * kh + ky };
                        taps[(1 + tap) * unit + lane] = weights.depthwise_at(spec, c, q, ky, kx);
                    }
                }
            }
        }
        Self { data, panel_len, panels }
    }

    /// All panels.
    pub(crate) fn as_slice(&self) -> &[f32] {
        &self.data.as_slice()[..self.panels * self.panel_len]
    }

    /// Elements of a panel.
    pub(crate) const fn panel_len(&self) -> usize {
        self.panel_len
    }

    /// Number of panels.
    pub(crate) const fn panels(&self) -> usize {
        self.panels
    }
}

/// Greatest common divisor.
pub(crate) const fn gcd(mut a: usize, mut b: usize) -> usize {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
