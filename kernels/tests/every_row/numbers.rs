//! Numbers to compute with, and the sizes at which kernels are tried.

/// A sequence of numbers, the same in every run.
pub struct Numbers {
    state: u32,
    /// Whether it consists of small whole numbers.
    pub whole: bool,
}

impl Numbers {
    /// The sequence of one case: whole numbers for every second.
    pub fn of_case(case: usize) -> Self {
        let state = (0x9e37_79b9 ^ (case as u32).wrapping_mul(0x85eb_ca6b)) | 1;
        Self { state, whole: state.count_ones().is_multiple_of(2) }
    }

    fn bits(&mut self) -> u32 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 17;
        self.state ^= self.state << 5;
        self.state >> 8
    }

    pub fn next(&mut self) -> f32 {
        let bits = self.bits();
        if self.whole { (bits % 9) as f32 - 4.0 } else { bits as f32 / (1 << 23) as f32 - 1.0 }
    }

    pub fn many(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.next()).collect()
    }

    /// One of the choices.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.bits() as usize % choices.len()]
    }
}

/// How much is tried: all, or what an emulator has the time for.
#[derive(Clone, Copy, PartialEq)]
pub enum Grid {
    Full,
    Brief,
}

impl Grid {
    /// Sizes around a tile.
    pub fn around(self, tile: usize) -> Vec<usize> {
        let mut sizes = vec![tile.saturating_sub(1).max(1), tile, tile + 1];
        if self == Self::Full {
            sizes.push(2 * tile + 1);
        }
        sizes.dedup();
        sizes
    }

    /// Of a list, all or the first `brief`.
    pub fn of<T: Copy>(self, all: &[T], brief: usize) -> Vec<T> {
        let count = if self == Self::Full { all.len() } else { brief.min(all.len()) };
        all[..count].to_vec()
    }

    /// What is outside the map at either end of a line.
    pub fn borders(self) -> Vec<Border> {
        let all: [Border; 10] = [
            |_, _| [1, 1],
            |_, _| [0, 0],
            |_, _| [-2, -2],
            |_, _| [1, 0],
            |_, _| [0, 1],
            |_, span| [span - 1, span - 1],
            |_, span| [span, 1],
            |_, span| [1, span],
            |_, span| [span + 2, span + 2],
            // A map of one position.
            |read, _| [read / 2, read - read / 2 - 1],
        ];
        self.of(&all, 1)
    }
}

/// How many of the inputs that a line reads are outside the map at its beginning and end, or if negative how many more are inside; from
/// the number of inputs, and of those from the first tap to the last.
pub type Border = fn(isize, isize) -> [isize; 2];

/// An axis of a map, and the outputs of a line along it.
#[derive(Debug, Clone, Copy)]
pub struct Axis {
    pub outputs: usize,
    pub taps: usize,
    pub stride: usize,
    pub dilation: usize,
    /// Position of the first tap of output 0.
    pub start: isize,
    /// Positions of the map.
    pub extent: usize,
}

impl Axis {
    pub fn new(outputs: usize, [taps, stride, dilation]: [usize; 3], border: Border) -> Self {
        let span = (taps - 1) * dilation + 1;
        let read = ((outputs - 1) * stride + span) as isize;
        let [before, behind] = border(read, span as isize);
        let extent = (read - before - behind).max(1) as usize;
        Self { outputs, taps, stride, dilation, start: -before, extent }
    }

    /// The position that an output's tap reads, if it is inside the map.
    pub fn position(&self, output: usize, tap: usize) -> Option<usize> {
        let position = self.start + (output * self.stride + tap * self.dilation) as isize;
        usize::try_from(position).ok().filter(|&position| position < self.extent)
    }

    /// The outputs whose tap is inside the map.
    pub fn inside(&self, tap: usize) -> [usize; 2] {
        let mut outputs = (0..self.outputs).filter(|&output| self.position(output, tap).is_some());
        outputs.next().map_or([0, 0], |first| [first, outputs.next_back().unwrap_or(first) + 1])
    }
}
