//! Every kernel of this build, as data: the shims that the build script made from the tile table, and what each is for. A family has one
//! function type and one argument struct, so that a row of another family is not one that could be called by mistake.

use crate::copy_rows::{self, RowArgs};
use crate::depthwise::column_hwc::ColumnArgs;
use crate::depthwise::curve_rows;
use crate::depthwise::line::{self, LineArgs};
use crate::depthwise::line_generic;
use crate::depthwise::taps::{Broadcast, PerLane};
#[cfg(target_arch = "x86_64")]
use crate::depthwise::{column_chw, column_hwc, line_two_channels};
use crate::epilogue::{Clamp, Curve, EpilogueKind};
use crate::isa::Isa;
use crate::layout::{DType, Layout};
use crate::probe::{self, ProbeArgs};
use crate::product::few_pixels;
use crate::product::tile::{self, GemmArgs};
use crate::simd::{Simd, portable};
#[cfg(target_arch = "x86_64")]
use crate::simd::{avx2, avx512};
#[cfg(sepconv_neon)]
use crate::{product::tile_by_lane, simd::neon};
use core::fmt::{self, Debug};

/// A row of the registry.
pub struct Kernel<F: Family> {
    /// Unique; starts with the element type and ends with `__` and the instruction set.
    pub name: &'static str,
    /// Instruction set that it is compiled for.
    pub isa: Isa,
    /// Element type of maps and weights.
    pub dtype: DType,
    /// Which activations it knows.
    pub epilogue: EpilogueKind,
    /// What it computes.
    pub shape: F::Shape,
    /// Its entry. Calling it requires the CPU features of `isa` and the contract of the family's arguments.
    pub run: unsafe fn(&F::Args),
}

impl<F: Family> Debug for Kernel<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(F::NAME).field("name", &self.name).field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// A family of kernels: what its rows take, and what tells them apart.
pub trait Family: sealed::Sealed + Debug + Sized + 'static {
    /// The name of the family, and of the file that its kernels stand in.
    const NAME: &'static str;
    /// The arguments of its kernels; they state the contract of their pointers.
    type Args;
    /// What tells its kernels apart, beside instruction set, element type and epilogue.
    type Shape: Debug + Copy + PartialEq + Send + Sync + 'static;
    /// All of its kernels in this build.
    const KERNELS: &'static [Kernel<Self>];
}

mod sealed {
    pub trait Sealed {}
}

/// What every row says, whatever its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// See [`Kernel::name`].
    pub name: &'static str,
    /// See [`Family::NAME`].
    pub family: &'static str,
    /// See [`Kernel::isa`].
    pub isa: Isa,
    /// See [`Kernel::dtype`].
    pub dtype: DType,
    /// See [`Kernel::epilogue`].
    pub epilogue: EpilogueKind,
}

macro_rules! families {
    ($($(#[$about:meta])* $family:ident = $name:literal, $args:ty, $shape:ty, $kernels:ident;)*) => {
        $(
            $(#[$about])*
            #[derive(Debug)]
            pub enum $family {}

            impl sealed::Sealed for $family {}

            impl Family for $family {
                const NAME: &'static str = $name;
                type Args = $args;
                type Shape = $shape;
                const KERNELS: &'static [Kernel<Self>] = $kernels;
            }
        )*

        /// Every row of every family: for what walks all of them.
        pub fn entries() -> impl Iterator<Item = Entry> {
            core::iter::empty()$(.chain(entries_of::<$family>()))*
        }
    };
}

families! {
    /// A line of depthwise outputs, so many taps along it.
    Line = "line", LineArgs, LineShape, LINE;
    /// A line of depthwise outputs, any number of taps along it, with any stride and dilation.
    LineGeneric = "line_generic", LineArgs, LineGenericShape, LINE_GENERIC;
    /// A line of depthwise outputs of two channels (CHW), for maps no wider than half a vector.
    LineTwoChannels = "line_two_channels", LineArgs, LineTwoChannelsShape, LINE_TWO_CHANNELS;
    /// Columns of depthwise tiles (HWC).
    ColumnHwc = "column_hwc", ColumnArgs, ColumnHwcShape, COLUMN_HWC;
    /// Columns of depthwise outputs, vectors of columns (CHW).
    ColumnChw = "column_chw", LineArgs, ColumnChwShape, COLUMN_CHW;
    /// A tile of a matrix product.
    Tile = "tile", GemmArgs, TileShape, TILE;
    /// A few pixels of a matrix product (CHW).
    FewPixels = "few_pixels", GemmArgs, FewPixelsShape, FEW_PIXELS;
    /// A copy of pieces of rows.
    CopyRows = "copy_rows", RowArgs, (), COPY_ROWS;
    /// Measurements of the CPU.
    Probe = "probe", ProbeArgs, ProbeShape, PROBE;
}

fn entries_of<F: Family>() -> impl Iterator<Item = Entry> {
    F::KERNELS.iter().map(|&Kernel { name, isa, dtype, epilogue, .. }| Entry {
        name,
        family: F::NAME,
        isa,
        dtype,
        epilogue,
    })
}

/// Of [`Line`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineShape {
    /// Layout of the map.
    pub layout: Layout,
    /// (taps, stride) along the line.
    pub window: (usize, usize),
    /// Outputs of a tile.
    pub outputs: usize,
}

/// Of [`LineGeneric`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineGenericShape {
    /// Layout of the map.
    pub layout: Layout,
    /// Outputs of a tile.
    pub outputs: usize,
}

/// Of [`LineTwoChannels`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineTwoChannelsShape {
    /// (taps, stride) along the line.
    pub window: (usize, usize),
    /// Outputs of a tile.
    pub outputs: usize,
}

/// Of [`ColumnHwc`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnHwcShape {
    /// (taps, stride), both ways.
    pub window: (usize, usize),
    /// Rows of a tile: those of outputs that an input row belongs to.
    pub rows: usize,
    /// Pixels of a row of a tile.
    pub pixels: usize,
    /// Vectors of channels of a tile.
    pub vectors: usize,
    /// Whether registers hold all taps.
    pub held: bool,
}

/// Of [`ColumnChw`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnChwShape {
    /// (taps, stride), both ways.
    pub window: (usize, usize),
    /// Rows of a tile: those of outputs that an input row belongs to.
    pub rows: usize,
    /// Vectors of columns of a tile, at most.
    pub vectors: usize,
}

/// Of [`Tile`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileShape {
    /// Layout of the map.
    pub layout: Layout,
    /// Rows of the tile: pixels (HWC) or output channels (CHW).
    pub rows: usize,
    /// Vectors of a row.
    pub vectors: usize,
}

/// Of [`FewPixels`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FewPixelsShape {
    /// Vectors of output channels in a panel, at most.
    pub vectors: usize,
    /// Pixels of a tile, at most.
    pub pixels: usize,
}

/// Of [`Probe`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeShape {
    /// Independent chains of multiply-adds.
    pub chains: usize,
}

/// Floats in a vector of an instruction set.
#[inline]
pub const fn lanes(isa: Isa) -> usize {
    match isa {
        Isa::Portable => portable::Portable::LANES,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => avx2::Avx2::LANES,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => avx512::Avx512::LANES,
        #[cfg(not(target_arch = "x86_64"))]
        Isa::Avx2 | Isa::Avx512 => 1,
        #[cfg(sepconv_neon)]
        Isa::Neon => neon::Neon::LANES,
        #[cfg(not(sepconv_neon))]
        Isa::Neon => 1,
    }
}

include!(concat!(env!("OUT_DIR"), "/registry.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    fn has<F: Family>(isa: Isa, epilogue: EpilogueKind, wanted: impl Fn(F::Shape) -> bool) -> bool {
        F::KERNELS.iter().any(|k| k.isa == isa && k.epilogue.serves(epilogue) && wanted(k.shape))
    }

    /// Whatever a spec asks for, some kernel of every instruction set answers.
    #[test]
    fn every_isa_has_a_kernel_for_every_operation() {
        let isas: std::collections::HashSet<Isa> = entries().map(|kernel| kernel.isa).collect();
        assert!(isas.contains(&Isa::Portable));
        for isa in isas {
            for epilogue in [EpilogueKind::Clamp, EpilogueKind::Curve] {
                assert!(has::<FewPixels>(isa, epilogue, |_| true), "{isa} few pixels {epilogue:?}");
                for layout in Layout::ALL {
                    let generic = has::<LineGeneric>(isa, epilogue, |shape| shape.layout == layout);
                    assert!(generic, "{isa} {layout} generic depthwise {epilogue:?}");
                    let product = has::<Tile>(isa, epilogue, |shape| shape.layout == layout && shape.rows == 1);
                    assert!(product, "{isa} {layout} product of one row {epilogue:?}");
                }
            }
            assert!(has::<CopyRows>(isa, EpilogueKind::Clamp, |()| true), "{isa} row copy");
            assert!(has::<Probe>(isa, EpilogueKind::Clamp, |_| true), "{isa} probe");
        }
    }

    #[test]
    fn names_are_unique_and_carry_dtype_and_isa() {
        let mut seen = std::collections::HashSet::new();
        for kernel in entries() {
            assert!(seen.insert(kernel.name), "{} twice", kernel.name);
            assert!(kernel.name.starts_with(kernel.dtype.name()), "{}", kernel.name);
            assert!(kernel.name.ends_with(&format!("__{}", kernel.isa)), "{}", kernel.name);
        }
    }
}
