//! A map of floats with its shape, and the edge replication that some borders need.

use sepconv::{Layout, Shape};

/// One map without gaps.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// Values in the order of the layout that the map was made for.
    pub data: Vec<f32>,
    /// Sizes; the batch is 1.
    pub shape: Shape,
}

/// Position of `(c, y, x)` in a map without gaps.
pub const fn index(shape: Shape, layout: Layout, c: usize, y: usize, x: usize) -> usize {
    match layout {
        Layout::Hwc => (y * shape.w + x) * shape.c + c,
        Layout::Chw => (c * shape.h + y) * shape.w + x,
    }
}

impl Map {
    /// A map of `[h, w]` pixels and `channels` that asks `value(c, y, x)` for every element.
    pub fn from_fn(
        channels: usize,
        [h, w]: [usize; 2],
        layout: Layout,
        value: impl Fn(usize, usize, usize) -> f32,
    ) -> Self {
        let shape = Shape::new(1, channels, h, w);
        let mut data = vec![0.0; channels * h * w];
        for c in 0..channels {
            for y in 0..h {
                for x in 0..w {
                    data[index(shape, layout, c, y, x)] = value(c, y, x);
                }
            }
        }
        Self { data, shape }
    }
}

/// The nearest position inside `0..size` to `padded − margin`: what lies beyond the border repeats the edge.
pub fn replicated(padded: usize, margin: usize, size: usize) -> usize {
    padded.saturating_sub(margin).min(size - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edge_repeats_beyond_the_border() {
        let seen: Vec<usize> = (0..7).map(|padded| replicated(padded, 2, 3)).collect();
        assert_eq!(seen, [0, 0, 0, 1, 2, 2, 2]);
    }

    #[test]
    fn both_layouts_hold_the_same_values() {
        let value = |c, y, x| (100 * c + 10 * y + x) as f32;
        for layout in Layout::ALL {
            let map = Map::from_fn(2, [3, 4], layout, value);
            assert_eq!(map.data[index(map.shape, layout, 1, 2, 3)], 123.0);
        }
        assert_eq!(Map::from_fn(2, [1, 2], Layout::Hwc, value).data, [0.0, 100.0, 1.0, 101.0]);
        assert_eq!(Map::from_fn(2, [1, 2], Layout::Chw, value).data, [0.0, 1.0, 100.0, 101.0]);
    }
}
