//! What every output must be: whole numbers, added up by loops that anyone can check, sharing nothing with the library.

use super::axis::Axis;

/// A map of whole numbers in the order row, column, channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    /// Rows and columns.
    pub size: [usize; 2],
    /// Channels.
    pub channels: usize,
    /// `size[0]·size[1]·channels` values.
    pub values: Vec<i32>,
}

impl Map {
    fn zeros(size: [usize; 2], channels: usize) -> Self {
        Self { size, channels, values: vec![0; size[0] * size[1] * channels] }
    }

    fn at(&self, y: usize, x: usize, c: usize) -> i32 {
        self.values[(y * self.size[1] + x) * self.channels + c]
    }

    fn set(&mut self, y: usize, x: usize, c: usize, value: i32) {
        self.values[(y * self.size[1] + x) * self.channels + c] = value;
    }
}

/// What follows a sum. Both keep whole numbers whole, and are computed by different kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Nothing.
    Identity,
    /// The absolute value: a leaky ReLU of slope −1.
    Absolute,
}

impl After {
    const fn of(self, sum: i32) -> i32 {
        match self {
            Self::Identity => sum,
            Self::Absolute => sum.abs(),
        }
    }
}

/// Where tap `k` of output `o` falls on a map of this size, if it does.
fn place(axis: Axis, size: usize, o: usize, k: usize) -> Option<usize> {
    let at = (o * axis.stride + k * axis.dilation) as isize - axis.before as isize;
    if at >= 0 && (at as usize) < size { Some(at as usize) } else { None }
}

/// Depthwise: output channel `c·multiplier + q` is channel `c` with its kernel `q`. Weights `[output channel, row, column]`.
pub fn depthwise(input: &Map, axes: [Axis; 2], multiplier: usize, weights: &[i32], bias: &[i32], after: After) -> Map {
    let size = [0, 1].map(|i| axes[i].outputs(input.size[i]));
    let mut output = Map::zeros(size, input.channels * multiplier);
    let [kh, kw] = axes.map(|axis| axis.kernel);
    for oy in 0..size[0] {
        for ox in 0..size[1] {
            for o in 0..output.channels {
                let mut sum = bias[o];
                for ky in 0..kh {
                    let Some(y) = place(axes[0], input.size[0], oy, ky) else { continue };
                    for kx in 0..kw {
                        let Some(x) = place(axes[1], input.size[1], ox, kx) else { continue };
                        sum += input.at(y, x, o / multiplier) * weights[(o * kh + ky) * kw + kx];
                    }
                }
                output.set(oy, ox, o, after.of(sum));
            }
        }
    }
    output
}

/// Dense: every output channel sees every input channel. Weights `[output channel, input channel, row, column]`.
pub fn dense(input: &Map, axes: [Axis; 2], outputs: usize, weights: &[i32], bias: &[i32], after: After) -> Map {
    let size = [0, 1].map(|i| axes[i].outputs(input.size[i]));
    let mut output = Map::zeros(size, outputs);
    let [kh, kw] = axes.map(|axis| axis.kernel);
    for oy in 0..size[0] {
        for ox in 0..size[1] {
            for (o, &start) in bias.iter().enumerate().take(outputs) {
                let mut sum = start;
                for ky in 0..kh {
                    let Some(y) = place(axes[0], input.size[0], oy, ky) else { continue };
                    for kx in 0..kw {
                        let Some(x) = place(axes[1], input.size[1], ox, kx) else { continue };
                        for c in 0..input.channels {
                            let weight = ((o * input.channels + c) * kh + ky) * kw + kx;
                            sum += input.at(y, x, c) * weights[weight];
                        }
                    }
                }
                output.set(oy, ox, o, after.of(sum));
            }
        }
    }
    output
}

/// Pointwise, of the first `inputs` channels. Weights `[output channel, input channel]`.
pub fn pointwise(input: &Map, inputs: usize, outputs: usize, weights: &[i32], bias: &[i32], after: After) -> Map {
    let mut output = Map::zeros(input.size, outputs);
    for y in 0..input.size[0] {
        for x in 0..input.size[1] {
            for o in 0..outputs {
                let sum: i32 = (0..inputs).map(|c| input.at(y, x, c) * weights[o * inputs + c]).sum();
                output.set(y, x, o, after.of(sum + bias[o]));
            }
        }
    }
    output
}

/// The sum of a map and the first channels of another one.
pub fn add(mut map: Map, other: &Map) -> Map {
    assert_eq!(map.size, other.size);
    for (i, value) in map.values.iter_mut().enumerate() {
        *value += other.values[i / map.channels * other.channels + i % map.channels];
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked by hand: 3 columns `1 2 3`, padding 1 before, taps `10 1` two apart, so outputs see columns (−1, 1) and (1, 3).
    #[test]
    fn taps_fall_where_they_should() {
        let row = Axis { kernel: 1, stride: 1, dilation: 1, before: 0, after: 0 };
        let column = Axis { kernel: 2, stride: 2, dilation: 2, before: 1, after: 1 };
        let input = Map { size: [1, 3], channels: 1, values: vec![1, 2, 3] };
        let once = depthwise(&input, [row, column], 1, &[10, 1], &[-100], After::Identity);
        assert_eq!((once.size, once.values), ([1, 2], vec![-98, -80]));
        let twice = depthwise(&input, [row, column], 2, &[10, 1, 0, 5], &[0, -11], After::Absolute);
        assert_eq!(twice.values, [2, 1, 20, 11]);
        let dense = dense(&input, [row, column], 1, &[10, 1], &[-100], After::Absolute);
        assert_eq!(dense.values, [98, 80]);
    }

    #[test]
    fn channels_mix_as_they_should() {
        let input = Map { size: [1, 2], channels: 3, values: vec![1, 2, 3, 4, 5, 6] };
        let mixed = pointwise(&input, 2, 2, &[1, 10, 0, -1], &[0, 7], After::Identity);
        assert_eq!(mixed.values, [21, 5, 54, 2]);
        assert_eq!(add(mixed, &input).values, [22, 7, 58, 7]);
        let one = Axis { kernel: 1, stride: 1, dilation: 1, before: 0, after: 0 };
        let dense = dense(&input, [one; 2], 1, &[1, 10, 100], &[0], After::Identity);
        assert_eq!(dense.values, [321, 654]);
    }
}
