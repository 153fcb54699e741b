//! The lattice cut into numbered groups: one window each, with all map sizes, channels, layouts and instruction sets inside.
//!
//! A group's number fixes everything about it, its data too, so that a run can be split, resumed, and repeated in part.

use super::axis::{Axis, OTHERS, all, window};
use clap::ValueEnum;
use sepconv::Window;
use std::sync::LazyLock;

/// The operations, in the order of their groups' numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Op {
    /// Depthwise convolution.
    Dw,
    /// Depthwise-separable convolution, fused and not.
    Sep,
    /// Dense convolution.
    Conv,
    /// Inverted residual, fused and not.
    Inv,
    /// Pointwise convolution.
    Pw,
}

impl Op {
    /// All operations.
    pub const ALL: [Self; 5] = [Self::Dw, Self::Sep, Self::Conv, Self::Inv, Self::Pw];

    /// The name that options and tables use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dw => "dw",
            Self::Sep => "sep",
            Self::Conv => "conv",
            Self::Inv => "inv",
            Self::Pw => "pw",
        }
    }

    fn groups(self) -> usize {
        match self {
            // Both directions, three strides, all numbers of input channels.
            Self::Pw => 2 * 3 * MOST_CHANNELS,
            _ => 2 * AXES.len(),
        }
    }
}

/// Two of the widest vectors and one more channel.
pub const MOST_CHANNELS: usize = 33;

/// Input channels of dense convolutions and of expanding parts, in turn: on both sides of each vector's length.
const INPUTS: [usize; 11] = [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33];

static AXES: LazyLock<Vec<Axis>> = LazyLock::new(all);

/// One window on maps of every size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Its number, from 0.
    pub number: usize,
    /// What is computed.
    pub op: Op,
    /// The axis under test: 0 for rows, 1 for columns.
    pub along: usize,
    /// The window along it.
    pub axis: Axis,
    /// Map size and window along the other axis.
    pub other: (usize, Axis),
    /// Input channels, where they are not what the group walks through.
    pub inputs: usize,
    /// Number within the operation: what is not walked through is chosen by it.
    pub turn: usize,
}

impl Group {
    /// The group of a number, if there are so many.
    pub fn new(number: usize) -> Option<Self> {
        let mut turn = number;
        for op in Op::ALL {
            if turn >= op.groups() {
                turn -= op.groups();
                continue;
            }
            let (size, other) = OTHERS[turn % OTHERS.len()];
            if op == Op::Pw {
                // A 1×1 window has nothing but strides.
                let one = |stride| Axis { kernel: 1, stride, dilation: 1, before: 0, after: 0 };
                let (along, stride, inputs) =
                    (turn / (3 * MOST_CHANNELS), turn / MOST_CHANNELS % 3, turn % MOST_CHANNELS);
                let other = (size, one(other.stride));
                return Some(Self { number, op, along, axis: one(stride + 1), other, inputs: inputs + 1, turn });
            }
            let (along, axis) = (turn / AXES.len(), AXES[turn % AXES.len()]);
            let inputs = INPUTS[turn % INPUTS.len()];
            return Some(Self { number, op, along, axis, other: (size, other), inputs, turn });
        }
        None
    }

    /// How many groups there are.
    pub fn count() -> usize {
        Op::ALL.map(Op::groups).iter().sum()
    }

    /// The windows along rows and columns.
    pub const fn axes(&self) -> [Axis; 2] {
        if self.along == 0 { [self.axis, self.other.1] } else { [self.other.1, self.axis] }
    }

    /// The library's window.
    pub const fn window(&self) -> Window {
        window(self.axes())
    }

    /// Rows and columns of a map whose size along the axis under test is this.
    pub const fn map(&self, size: usize) -> [usize; 2] {
        if self.along == 0 { [size, self.other.0] } else { [self.other.0, size] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn numbers_run_through_all_operations_without_a_gap() {
        let groups: Vec<Group> = (0..Group::count()).map(|number| Group::new(number).unwrap()).collect();
        assert_eq!(groups.len(), 4 * 2 * 1827 + 198);
        assert!(Group::new(groups.len()).is_none());
        for op in Op::ALL {
            let same: Vec<&Group> = groups.iter().filter(|group| group.op == op).collect();
            assert_eq!(same.len(), op.groups());
            assert!(same.iter().enumerate().all(|(turn, group)| group.turn == turn));
            let tested: HashSet<_> = same.iter().map(|group| (group.along, group.axis, group.inputs)).collect();
            assert_eq!(tested.len(), same.len(), "{op:?} repeats a group");
        }
    }

    /// Whatever two values the parameters of the two axes have, they meet in a group of every operation that has a window.
    #[test]
    fn every_pair_of_parameters_meets() {
        let values = |axis: &Axis| [axis.kernel, axis.stride, axis.dilation, axis.before, axis.after];
        let mut met = HashSet::new();
        for group in (0..Group::count()).filter_map(Group::new).filter(|group| group.op != Op::Pw) {
            for (i, value) in values(&group.axis).into_iter().enumerate() {
                met.insert((group.op, group.along, i, value, 5, group.other.0));
                for (j, other) in values(&group.other.1).into_iter().enumerate() {
                    met.insert((group.op, group.along, i, value, j, other));
                }
            }
        }
        let ranges = [1..=7, 1..=3, 1..=3, 0..=7, 0..=7];
        let others = |j: usize| -> HashSet<usize> {
            OTHERS.iter().map(|(size, axis)| if j == 5 { *size } else { values(axis)[j] }).collect()
        };
        for op in Op::ALL.into_iter().filter(|op| *op != Op::Pw) {
            for along in 0..2 {
                for (i, range) in ranges.iter().enumerate() {
                    for value in range.clone() {
                        for j in 0..6 {
                            for other in others(j) {
                                assert!(
                                    met.contains(&(op, along, i, value, j, other)),
                                    "{op:?} {along} {i} {value} {j} {other}"
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}
