//! The lattice's data: small whole numbers from a group's number, and maps as the library takes them.

use super::oracle::Map;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sepconv::Layout;

/// A source of whole numbers, the same for the same group.
pub struct Numbers(StdRng);

/// Any number, as long as it stays: reports name groups, and a group has to keep its data.
const SEED: u64 = 0x730e_0b30_834a_b14c;

impl Numbers {
    /// The numbers of a group.
    pub fn of(group: usize) -> Self {
        Self(StdRng::seed_from_u64(group as u64 ^ SEED))
    }

    /// Whole numbers from −largest to largest.
    pub fn take(&mut self, len: usize, largest: i32) -> Vec<i32> {
        (0..len).map(|_| self.0.random_range(-largest..=largest)).collect()
    }

    /// A map of whole numbers in ±8.
    pub fn map(&mut self, size: [usize; 2], channels: usize) -> Map {
        Map { size, channels, values: self.take(size[0] * size[1] * channels, 8) }
    }
}

/// As the library takes them. All sums of a group stay below 2²⁴, so that no order of adding rounds.
pub fn floats(values: &[i32]) -> Vec<f32> {
    values
        .iter()
        .map(|&value| {
            assert!(value.abs() < 1 << 24, "{value} is not exact in every order of summation");
            value as f32
        })
        .collect()
}

/// The first channels of a map, without gaps.
pub fn lay_out(map: &Map, channels: usize, layout: Layout) -> Vec<f32> {
    let pixels = map.values.chunks_exact(map.channels);
    match layout {
        Layout::Hwc => pixels.flat_map(|pixel| floats(&pixel[..channels])).collect(),
        Layout::Chw => (0..channels).flat_map(|c| pixels.clone().map(move |pixel| pixel[c] as f32)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_layouts_hold_the_first_channels() {
        let map = Map { size: [1, 2], channels: 3, values: vec![1, 2, 3, 4, 5, 6] };
        assert_eq!(lay_out(&map, 2, Layout::Hwc), [1.0, 2.0, 4.0, 5.0]);
        assert_eq!(lay_out(&map, 2, Layout::Chw), [1.0, 4.0, 2.0, 5.0]);
    }

    #[test]
    fn a_group_has_its_own_numbers() {
        assert_eq!(Numbers::of(5).take(9, 8), Numbers::of(5).take(9, 8));
        assert_ne!(Numbers::of(5).take(9, 8), Numbers::of(6).take(9, 8));
        assert!(Numbers::of(5).take(999, 2).iter().all(|value| value.abs() <= 2));
    }
}
