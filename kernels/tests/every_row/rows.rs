//! The registry as these tests see it: the one file that knows how rows are written.

use sepconv_kernels::Isa;
use sepconv_kernels::copy_rows::RowArgs;
use sepconv_kernels::depthwise::{LineArgs, WalkArgs};
use sepconv_kernels::epilogue::EpilogueKind;
use sepconv_kernels::layout::Layout;
use sepconv_kernels::probe::ProbeArgs;
use sepconv_kernels::product::GemmArgs;
use sepconv_kernels::registry::{KERNELS, KernelDesc, KernelFn, KernelKind, lanes};

/// A row of the registry.
#[derive(Clone, Copy)]
pub struct Row {
    pub name: &'static str,
    pub isa: Isa,
    /// Floats of a vector.
    pub lanes: usize,
    pub epilogue: EpilogueKind,
    pub family: Family,
}

/// What a row computes, its shape, and its entry.
#[derive(Clone, Copy)]
pub enum Family {
    /// Lines whose lanes are channels or elements; `window` is (taps, stride), `None` for any.
    LanesOfPixels { window: Option<(usize, usize)>, outputs: usize, run: unsafe fn(&LineArgs) },
    /// Lines whose lanes are columns.
    LanesOfColumns { window: Option<(usize, usize)>, outputs: usize, run: unsafe fn(&LineArgs) },
    /// The same of two channels at a time.
    TwoChannels { window: (usize, usize), outputs: usize, run: unsafe fn(&LineArgs) },
    /// Columns of outputs, lanes are columns.
    ColumnsChw { window: (usize, usize), run: unsafe fn(&LineArgs) },
    /// Columns of tiles, lanes are channels.
    ColumnsHwc { window: (usize, usize), pixels: usize, vectors: usize, run: unsafe fn(&WalkArgs) },
    /// Products with pixels as rows.
    PixelTile { rows: usize, vectors: usize, run: unsafe fn(&GemmArgs) },
    /// Products with output channels as rows.
    ChannelTile { rows: usize, vectors: usize, run: unsafe fn(&GemmArgs) },
    /// Products of few pixels.
    FewPixels { vectors: usize, run: unsafe fn(&GemmArgs) },
    /// Copies of rows.
    Copy { run: unsafe fn(&RowArgs) },
    /// Measurements.
    Probe { chains: usize, run: unsafe fn(&ProbeArgs) },
}

/// All rows of this build, of whatever level.
pub fn all() -> Vec<Row> {
    KERNELS.iter().map(row).collect()
}

fn row(kernel: &KernelDesc) -> Row {
    let family = match (kernel.kind, kernel.run) {
        (KernelKind::Line { layout: Layout::Hwc, window, outputs }, KernelFn::Line(run)) => {
            Family::LanesOfPixels { window, outputs, run }
        }
        (KernelKind::Line { layout: Layout::Chw, window, outputs }, KernelFn::Line(run)) => {
            Family::LanesOfColumns { window, outputs, run }
        }
        (KernelKind::PairedLine { window, outputs }, KernelFn::Line(run)) => {
            Family::TwoChannels { window, outputs, run }
        }
        (KernelKind::WalkColumns { window }, KernelFn::Line(run)) => Family::ColumnsChw { window, run },
        (KernelKind::Walk { window, pixels, vectors, .. }, KernelFn::Walk(run)) => {
            Family::ColumnsHwc { window, pixels, vectors, run }
        }
        (KernelKind::Gemm { layout: Layout::Hwc, rows, vectors }, KernelFn::Gemm(run)) => {
            Family::PixelTile { rows, vectors, run }
        }
        (KernelKind::Gemm { layout: Layout::Chw, rows, vectors }, KernelFn::Gemm(run)) => {
            Family::ChannelTile { rows, vectors, run }
        }
        (KernelKind::GemmFew { vectors }, KernelFn::Gemm(run)) => Family::FewPixels { vectors, run },
        (KernelKind::Rows, KernelFn::Rows(run)) => Family::Copy { run },
        (KernelKind::Probe { chains }, KernelFn::Probe(run)) => Family::Probe { chains, run },
        (kind, _) => panic!("{}: nothing here tests a row of the kind {kind:?}", kernel.name),
    };
    Row { name: kernel.name, isa: kernel.isa, lanes: lanes(kernel.isa), epilogue: kernel.epilogue, family }
}
