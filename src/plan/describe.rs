//! Rows of the registry as [`KernelInfo`].

use super::activation;
use super::lines::{LineFamily, LineRow};
use crate::kernel_info::{KernelEpilogue, KernelInfo, KernelTile, Lanes};
use crate::layout::Layout;
use crate::spec::{Activation, Window};
use sepconv_kernels::epilogue::EpilogueKind;
use sepconv_kernels::registry::{ColumnHwc, Family, FewPixels, Kernel, Tile, lanes};

/// What a stage asks of its kernels, whatever the shape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub window: &'a Window,
    pub activation: Activation,
}

/// A depthwise kernel whose lanes are channels.
pub(crate) fn column_hwc(kernel: &Kernel<ColumnHwc>, asked: Asked<'_>, why: String) -> KernelInfo {
    let shape = kernel.shape;
    let tile = KernelTile { rows: shape.rows, pixels: shape.pixels, vectors: shape.vectors, ..KernelTile::ONE };
    info(kernel, tile, Lanes::Channels, asked, why)
}

/// A depthwise kernel over lines, in whose vectors the lanes of one channel are `lanes`. Lines `down` the map have outputs in rows.
pub(crate) fn line(row: LineRow, lanes: Lanes, down: bool, asked: Asked<'_>, why: String) -> KernelInfo {
    let tile = match down {
        true => KernelTile { rows: row.outputs, ..KernelTile::ONE },
        false => KernelTile { pixels: row.outputs, ..KernelTile::ONE },
    };
    match row.family {
        LineFamily::Line(kernel) => info(kernel, tile, lanes, asked, why),
        LineFamily::Generic(kernel) => info(kernel, tile, lanes, asked, why),
        LineFamily::TwoChannels(kernel) => info(kernel, tile, Lanes::ColumnsOfTwoChannels, asked, why),
        LineFamily::Column(kernel) => {
            let tile = KernelTile { rows: kernel.shape.rows, vectors: kernel.shape.vectors, ..KernelTile::ONE };
            info(kernel, tile, lanes, asked, why)
        }
    }
}

/// A tile of a matrix product.
pub(crate) fn product(kernel: &Kernel<Tile>, asked: Asked<'_>, why: String) -> KernelInfo {
    let shape = kernel.shape;
    let (tile, lanes) = match shape.layout {
        Layout::Hwc => (KernelTile { pixels: shape.rows, ..KernelTile::ONE }, Lanes::OutputChannels),
        Layout::Chw => (KernelTile { channels: shape.rows, ..KernelTile::ONE }, Lanes::Pixels),
    };
    info(kernel, KernelTile { vectors: shape.vectors, ..tile }, lanes, asked, why)
}

/// A matrix product of few pixels, two panels at a time.
pub(crate) fn few_pixels(kernel: &Kernel<FewPixels>, asked: Asked<'_>, why: String) -> KernelInfo {
    let tile = KernelTile { pixels: kernel.shape.pixels, vectors: 2 * kernel.shape.vectors, ..KernelTile::ONE };
    info(kernel, tile, Lanes::OutputChannels, asked, why)
}

fn info<F: Family>(
    kernel: &Kernel<F>,
    tile: KernelTile,
    lanes_are: Lanes,
    asked: Asked<'_>,
    why: String,
) -> KernelInfo {
    let (wanted, _) = activation::epilogue(asked.activation);
    let epilogue = match (wanted, kernel.epilogue) {
        (EpilogueKind::Clamp, _) => KernelEpilogue::Limits,
        (_, EpilogueKind::CurveAfter) => KernelEpilogue::CurveOverRows,
        _ => KernelEpilogue::CurveInRegisters,
    };
    KernelInfo {
        name: kernel.name,
        family: F::NAME,
        isa: kernel.isa,
        tile,
        lanes: lanes_are,
        lane_count: lanes(kernel.isa),
        epilogue,
        taps: asked.window.kernel,
        stride: asked.window.stride,
        why,
    }
}

/// Why a kernel makes lines of `outputs` outputs, `unit` of which fill its tiles.
pub(crate) fn why_line(row: LineRow, window: &Window, axis: usize, outputs: usize, unit: usize) -> String {
    let (taps, stride, dilation) = (window.kernel[axis], window.stride[axis], window.dilation[axis]);
    let place = if axis == 0 { "down the map" } else { "along a row" };
    let empty = outputs.next_multiple_of(unit) - outputs;
    let tiles = format!("{outputs} outputs {place} leave {empty} of their tiles of {unit} empty");
    match row.family {
        LineFamily::Generic(_) => {
            format!("no tuned kernel serves {taps} taps at stride {stride} and dilation {dilation} better: {tiles}")
        }
        _ => format!("tuned for {taps} taps at stride {stride}: {tiles}"),
    }
}
