//! Memory around tensors: views of larger tensors, misaligned starts, and guards that notice a stray write.

use sepconv::{Layout, Shape, Strides, TensorMut, TensorRef};

/// How a tensor lies in its memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Elements before the first one: shifts the alignment.
    pub offset: usize,
    /// Pixels, rows or channels of the larger tensor that are not part of this one, after each step along the
    /// innermost, middle and outermost axis of a map; the innermost one stays contiguous.
    pub gaps: [usize; 3],
}

impl View {
    /// Exactly the tensor, as the allocator aligns it.
    pub const PACKED: Self = Self { offset: 0, gaps: [0; 3] };

    pub const fn shifted(offset: usize) -> Self {
        Self { offset, gaps: [0; 3] }
    }

    pub const fn slice_of_larger(offset: usize, gaps: [usize; 3]) -> Self {
        Self { offset, gaps }
    }

    pub fn strides(&self, shape: Shape, layout: Layout) -> Strides {
        let [inner, middle, outer] = self.gaps;
        match layout {
            Layout::Hwc => {
                let w = shape.c + inner;
                let h = shape.w * w + middle;
                Strides { n: shape.h * h + outer, c: 1, h, w }
            }
            Layout::Chw => {
                let h = shape.w + inner;
                let c = shape.h * h + middle;
                Strides { n: shape.c * c + outer, c, h, w: 1 }
            }
        }
    }
}

/// Positions of all elements of a tensor, in the order in which a tensor without gaps of the same layout holds them.
fn positions(shape: Shape, layout: Layout, strides: Strides) -> Vec<usize> {
    let axes = [(shape.h, strides.h), (shape.w, strides.w), (shape.c, strides.c)];
    let [a, b, c] = match layout {
        Layout::Hwc => axes,
        Layout::Chw => [axes[2], axes[0], axes[1]],
    };
    let mut all = Vec::with_capacity(shape.n * a.0 * b.0 * c.0);
    for n in 0..shape.n {
        for i in 0..a.0 {
            for j in 0..b.0 {
                all.extend((0..c.0).map(|k| n * strides.n + i * a.1 + j * b.1 + k * c.1));
            }
        }
    }
    all
}

/// An input in memory of its own, with NaN wherever the tensor is not.
pub struct InputMemory {
    data: Vec<f32>,
    shape: Shape,
    layout: Layout,
    view: View,
}

impl InputMemory {
    /// `values` as a tensor without gaps holds them. The allocation ends with the tensor's last element.
    pub fn new(values: &[f32], shape: Shape, layout: Layout, view: View) -> Self {
        let positions = positions(shape, layout, view.strides(shape, layout));
        let len = positions.iter().max().map_or(0, |last| last + 1);
        let mut data = vec![f32::NAN; view.offset + len];
        for (&at, &value) in positions.iter().zip(values) {
            data[view.offset + at] = value;
        }
        Self { data, shape, layout, view }
    }

    pub fn tensor(&self) -> TensorRef<'_> {
        let data = &self.data[self.view.offset..];
        let tensor = if self.view.gaps == [0; 3] {
            TensorRef::new(data, self.shape, self.layout)
        } else {
            TensorRef::strided(data, self.shape, self.view.strides(self.shape, self.layout))
        };
        tensor.expect("the view of a case is valid")
    }
}

/// Elements of guard before and after an output.
const GUARD: usize = 67;

/// Bits that no convolution of these tests gives: a NaN with a payload.
const GUARD_BITS: u32 = 0x7fc5_a5a5;

/// An output in memory of its own, with guards before it, after it and in its gaps.
pub struct OutputMemory {
    data: Vec<f32>,
    shape: Shape,
    layout: Layout,
    view: View,
    positions: Vec<usize>,
    len: usize,
}

impl OutputMemory {
    pub fn new(shape: Shape, layout: Layout, view: View) -> Self {
        let positions = positions(shape, layout, view.strides(shape, layout));
        let len = positions.iter().max().map_or(0, |last| last + 1);
        let data = vec![f32::from_bits(GUARD_BITS); GUARD + view.offset + len + GUARD];
        Self { data, shape, layout, view, positions, len }
    }

    pub fn tensor(&mut self) -> TensorMut<'_> {
        let start = GUARD + self.view.offset;
        let data = &mut self.data[start..start + self.len];
        let tensor = if self.view.gaps == [0; 3] {
            TensorMut::new(data, self.shape, self.layout)
        } else {
            TensorMut::strided(data, self.shape, self.view.strides(self.shape, self.layout))
        };
        tensor.expect("the view of a case is valid")
    }

    /// The values, as a tensor without gaps holds them; an error if an element outside the tensor was written or one
    /// inside was not.
    pub fn collect(mut self) -> Result<Vec<f32>, String> {
        let guard = f32::from_bits(GUARD_BITS);
        let start = GUARD + self.view.offset;
        let mut values = Vec::with_capacity(self.positions.len());
        for &at in &self.positions {
            let value = std::mem::replace(&mut self.data[start + at], guard);
            if value.to_bits() == GUARD_BITS {
                return Err(format!("element at offset {at} of the output slice was not written"));
            }
            values.push(value);
        }
        let stray = self.data.iter().position(|value| value.to_bits() != GUARD_BITS);
        stray.map_or(Ok(values), |at| {
            let at = at as isize - start as isize;
            Err(format!("a write outside the tensor, at offset {at} of an output slice of {}", self.len))
        })
    }
}

#[test]
fn a_stray_write_is_noticed() {
    let shape = Shape::new(1, 2, 1, 3);
    let view = View::slice_of_larger(0, [1, 0, 0]);
    for stray in [0, GUARD - 1, GUARD + 2, GUARD + 8] {
        let mut memory = OutputMemory::new(shape, Layout::Hwc, view);
        for at in memory.positions.clone() {
            memory.data[GUARD + at] = 1.0;
        }
        memory.data[stray] = 1.0;
        assert!(memory.collect().is_err_and(|error| error.contains("outside")), "{stray}");
    }
}

#[test]
fn a_missing_write_is_noticed() {
    let mut memory = OutputMemory::new(Shape::new(1, 2, 1, 3), Layout::Chw, View::PACKED);
    memory.data[GUARD..GUARD + 5].fill(1.0);
    assert!(memory.collect().is_err_and(|error| error.contains("offset 5")));
}
