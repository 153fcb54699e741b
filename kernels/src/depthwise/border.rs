//! Tiles of depthwise outputs along a line, and which of their inputs have to be held against the border of the map. Tiles inside
//! it and at its border are instances of their own, so that no tap of an inner tile is tested.

/// A tile of a line.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    pub input: *const f32,
    pub output: *mut f32,
    /// Inputs inside the map, counted from `input`.
    pub first: usize,
    pub end: usize,
    /// Outputs to store.
    pub outputs: usize,
}

impl Tile {
    /// How much of a tile of `outputs` (which reads `inputs`, `taps` of them for each output) has to be tested.
    #[inline(always)]
    pub(super) fn border(&self, outputs: usize, inputs: usize, taps: usize) -> Tested {
        if self.outputs < outputs || self.first >= taps || self.end + taps <= inputs {
            Tested::All
        } else if self.first > 0 || self.end < inputs {
            Tested::Ends
        } else {
            Tested::None
        }
    }
}

/// The output of a line that input `j` reaches through tap `k`; `usize::MAX` for none.
pub(super) const fn output_of(j: usize, k: usize, stride: usize) -> usize {
    if j >= k && (j - k).is_multiple_of(stride) { (j - k) / stride } else { usize::MAX }
}

/// Which inputs of a tile may be outside the map.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Tested {
    None,
    /// Only those at either end that not all outputs read.
    Ends,
    All,
}

impl Tested {
    /// Whether input `j` of `inputs` is tested, where an output reads `taps`.
    #[inline(always)]
    pub(super) const fn tests(self, j: usize, inputs: usize, taps: usize) -> bool {
        match self {
            Self::None => false,
            Self::Ends => j + 1 < taps || j + taps > inputs,
            Self::All => true,
        }
    }
}

/// [`Tested`] as a type: an instance of the tile for each.
pub(super) trait Border: Copy {
    const TESTED: Tested;
    /// Whether some outputs are not wanted.
    const CUT: bool;
}

#[derive(Clone, Copy)]
pub(super) struct Interior;
impl Border for Interior {
    const TESTED: Tested = Tested::None;
    const CUT: bool = false;
}

#[derive(Clone, Copy)]
pub(super) struct Ends;
impl Border for Ends {
    const TESTED: Tested = Tested::Ends;
    const CUT: bool = false;
}

#[derive(Clone, Copy)]
pub(super) struct Edge;
impl Border for Edge {
    const TESTED: Tested = Tested::All;
    const CUT: bool = true;
}

/// Runs the expression with the type of border that has to be tested bound to the name; how many types there are is what the compiler has to
/// copy the expression for.
macro_rules! with_border {
    ($border:expr, tuned, $edge:ident, $tile:expr) => {
        match $border {
            Tested::None => {
                let $edge = Interior;
                $tile
            }
            Tested::Ends => {
                let $edge = Ends;
                $tile
            }
            Tested::All => {
                let $edge = Edge;
                $tile
            }
        }
    };
    // Maps so narrow that a tile is seldom far from the border.
    ($border:expr, narrow, $edge:ident, $tile:expr) => {
        if $border == Tested::All {
            let $edge = Edge;
            $tile
        } else {
            let $edge = Ends;
            $tile
        }
    };
    // One tap at a time: a test is half of what is done with an input.
    ($border:expr, generic, $edge:ident, $tile:expr) => {
        if $border == Tested::None {
            let $edge = Interior;
            $tile
        } else {
            let $edge = Edge;
            $tile
        }
    };
    ($border:expr, rare, $edge:ident, $tile:expr) => {{
        let $edge = Edge;
        $tile
    }};
}
pub(super) use with_border;
