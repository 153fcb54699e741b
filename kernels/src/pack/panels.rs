//! Panels of a weight matrix: columns (HWC) or rows (CHW) of one register tile each, the bias first.

use crate::buffer::AlignedBuffer;

/// One panel: `width` output channels from `first`, of which `count` exist; the others are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panel {
    /// First output channel.
    pub first: usize,
    /// Output channels that exist.
    pub count: usize,
    /// Output channels in all.
    pub width: usize,
    /// Where its bias starts; its weights follow, `width` for each k.
    pub offset: usize,
}

/// Packed weights of a pointwise or dense convolution.
pub struct PackedGemm {
    data: AlignedBuffer,
    panels: Vec<Panel>,
    k: usize,
}

impl PackedGemm {
    /// Packs `[Cin, Cout, kh, kw] = sizes` with k in the order (tap row, tap column, input channel), into panels of these widths
    /// (which add up to at least `Cout`). `weights` come with the distances of neighbouring output channels, input channels and taps.
    pub fn new(sizes: [usize; 4], widths: &[usize], weights: (&[f32], [usize; 3]), bias: Option<&[f32]>) -> Self {
        let [cin, cout, kh, kw] = sizes;
        let k = cin * kh * kw;
        let (mut panels, mut first, mut offset) = (Vec::with_capacity(widths.len()), 0, 0);
        for &width in widths {
            panels.push(Panel { first, count: width.min(cout - first), width, offset });
            first += width.min(cout - first);
            // Panels start at cache lines, so that whole-vector loads of the weights do not straddle them.
            offset += (width * (k + 1)).next_multiple_of(crate::buffer::LINE);
        }
        debug_assert_eq!(first, cout);
        // Behind the last panel, too, whole vectors may be loaded.
        let mut data = AlignedBuffer::zeroed(offset + crate::buffer::LINE);
        for panel in &panels {
            let to = &mut data.as_mut_slice()[panel.offset..][..panel.width * (k + 1)];
            let (to_bias, to_weights) = to.split_at_mut(panel.width);
            if let Some(bias) = bias {
                to_bias[..panel.count].copy_from_slice(&bias[panel.first..][..panel.count]);
            }
            for (tap, rows) in to_weights.chunks_exact_mut(panel.width * cin).enumerate() {
                pack_tap(rows, panel, tap, weights);
            }
        }
        Self { data, panels, k }
    }

    /// All panels.
    #[inline]
    pub fn as_slice(&self) -> &[f32] {
        self.data.as_slice()
    }

    /// Where each panel is.
    #[inline]
    pub fn panels(&self) -> &[Panel] {
        &self.panels
    }

    /// Products of one sum.
    #[inline]
    pub const fn k(&self) -> usize {
        self.k
    }
}

/// Input channels that are packed at a time: what is written meanwhile stays in the first-level cache.
const BLOCK: usize = 64;

/// Packs the weights of one tap, a row of the panel's width for each input channel.
fn pack_tap(rows: &mut [f32], panel: &Panel, tap: usize, (weights, steps): (&[f32], [usize; 3])) {
    let [output_step, input_step, tap_step] = steps;
    for (block, rows) in rows.chunks_mut(panel.width * BLOCK).enumerate() {
        for o in 0..panel.count {
            let first = (panel.first + o) * output_step + block * BLOCK * input_step + tap * tap_step;
            let from = weights[first..].iter().step_by(input_step);
            for (row, &weight) in rows.chunks_exact_mut(panel.width).zip(from) {
                row[o] = weight;
            }
        }
    }
}

/// Cuts `count` into panels, the widest first; the last may be wider than what is left.
pub fn widths(count: usize, available: &[usize]) -> Vec<usize> {
    let mut widths = Vec::new();
    let mut left = count;
    while left > 0 {
        let fitting = available.iter().copied().filter(|&width| width <= left).max();
        // What is left below the narrowest full panel, or just below a wider one, takes the narrowest panel that holds it.
        let covering = available.iter().copied().filter(|&width| width >= left).min();
        let width = covering.or(fitting).expect("there is at least one width");
        widths.push(width);
        left -= width.min(left);
    }
    widths
}

/// As [`widths`], and `half` a vector for what is left of the last one, where that is enough.
pub fn widths_with_half(count: usize, available: &[usize], half: usize) -> Vec<usize> {
    let left = count % (2 * half);
    if left == 0 || left > half {
        return widths(count, available);
    }
    let mut widths = widths(count - left, available);
    widths.push(half);
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_vector_is_for_the_rest_of_one() {
        let cut = |count| widths_with_half(count, &[32, 16], 8);
        assert_eq!((cut(1), cut(8), cut(9), cut(16)), (vec![8], vec![8], vec![16], vec![16]));
        assert_eq!((cut(17), cut(24), cut(25), cut(32)), (vec![16, 8], vec![16, 8], vec![32], vec![32]));
        assert_eq!((cut(40), cut(56), cut(144)), (vec![32, 8], vec![32, 16, 8], vec![32, 32, 32, 32, 16]));
    }

    #[test]
    fn widths_cover_exactly_what_is_asked() {
        assert_eq!(widths(64, &[32, 16]), [32, 32]);
        assert_eq!(widths(40, &[32, 16]), [32, 16]);
        assert_eq!(widths(24, &[32, 16]), [32]);
        assert_eq!(widths(32, &[14, 8, 4, 2, 1]), [14, 14, 4]);
        assert_eq!(widths(3, &[8]), [8]);
    }

    #[test]
    fn panels_hold_bias_then_weights_of_each_k() {
        // Two inputs, three outputs, 1×1.
        let weights = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let packed = PackedGemm::new([2, 3, 1, 1], &[2, 2], (&weights, [2, 1, 1]), Some(&[7.0, 8.0, 9.0]));
        let first = packed.panels()[0];
        assert_eq!(packed.as_slice()[first.offset..][..6], [7.0, 8.0, 1.0, 3.0, 2.0, 4.0]);
        let second = packed.panels()[1];
        assert_eq!(second, Panel { first: 2, count: 1, width: 2, offset: 16 });
        assert_eq!(packed.as_slice()[second.offset..][..6], [9.0, 0.0, 5.0, 0.0, 6.0, 0.0]);
    }

    /// More input channels than are packed at a time, several taps, a panel that is not full, both orders of weights.
    #[test]
    fn rows_are_taps_then_input_channels() {
        let sizes @ [cin, cout, kh, kw] = [2 * BLOCK + 5, 5, 2, 3];
        let numbers = Vec::from_iter((1..=cin * cout * kh * kw).map(|i| i as f32));
        // As PyTorch and as TensorFlow order them.
        for steps in [[cin * kh * kw, kh * kw, 1], [1, cout, cin * cout]] {
            let packed = PackedGemm::new(sizes, &[4, 4], (&numbers, steps), None);
            for panel in packed.panels() {
                let rows = packed.as_slice()[panel.offset..].chunks_exact(panel.width).skip(1);
                for (k, row) in rows.take(packed.k()).enumerate() {
                    let (tap, c) = (k / cin, k % cin);
                    for (o, &weight) in row.iter().enumerate() {
                        let exists = o < panel.count;
                        let of = |o: usize| numbers[o * steps[0] + c * steps[1] + tap * steps[2]];
                        assert_eq!(weight, if exists { of(panel.first + o) } else { 0.0 }, "k {k}, output {o}");
                    }
                }
            }
        }
    }
}
