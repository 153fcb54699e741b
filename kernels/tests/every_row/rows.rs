//! The registry as these tests see it: the one file that knows how rows are written.

use sepconv_kernels::Isa;
use sepconv_kernels::copy_rows::RowArgs;
use sepconv_kernels::depthwise::{ColumnArgs, LineArgs};
use sepconv_kernels::epilogue::EpilogueKind;
use sepconv_kernels::layout::Layout;
use sepconv_kernels::probe::ProbeArgs;
use sepconv_kernels::product::GemmArgs;
use sepconv_kernels::registry::{self, Kernel, entries, lanes};

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
    ColumnsHwc { window: (usize, usize), pixels: usize, vectors: usize, run: unsafe fn(&ColumnArgs) },
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

/// All rows of this build, of whatever level. A family that is missing here is missing in the count of [`entries`], which is a failure.
pub fn all() -> Vec<Row> {
    let mut rows = Vec::new();
    add::<registry::Line>(&mut rows, |kernel| {
        let registry::LineShape { layout, window, outputs } = kernel.shape;
        line(layout, Some(window), outputs, kernel.run)
    });
    add::<registry::LineGeneric>(&mut rows, |kernel| line(kernel.shape.layout, None, kernel.shape.outputs, kernel.run));
    add::<registry::LineTwoChannels>(&mut rows, |kernel| Family::TwoChannels {
        window: kernel.shape.window,
        outputs: kernel.shape.outputs,
        run: kernel.run,
    });
    add::<registry::ColumnChw>(&mut rows, |kernel| Family::ColumnsChw { window: kernel.shape.window, run: kernel.run });
    add::<registry::ColumnHwc>(&mut rows, |kernel| {
        let registry::ColumnHwcShape { window, pixels, vectors, .. } = kernel.shape;
        Family::ColumnsHwc { window, pixels, vectors, run: kernel.run }
    });
    add::<registry::Tile>(&mut rows, |kernel| {
        let (registry::TileShape { layout, rows, vectors }, run) = (kernel.shape, kernel.run);
        match layout {
            Layout::Hwc => Family::PixelTile { rows, vectors, run },
            Layout::Chw => Family::ChannelTile { rows, vectors, run },
        }
    });
    add::<registry::FewPixels>(&mut rows, |kernel| Family::FewPixels {
        vectors: kernel.shape.vectors,
        run: kernel.run,
    });
    add::<registry::CopyRows>(&mut rows, |kernel| Family::Copy { run: kernel.run });
    add::<registry::Probe>(&mut rows, |kernel| Family::Probe { chains: kernel.shape.chains, run: kernel.run });
    let untested: Vec<_> = entries().filter(|entry| rows.iter().all(|row| row.name != entry.name)).collect();
    assert!(untested.is_empty(), "nothing here tests {untested:?}");
    rows
}

fn add<F: registry::Family>(rows: &mut Vec<Row>, family: impl Fn(&'static Kernel<F>) -> Family) {
    rows.extend(F::KERNELS.iter().map(|kernel| Row {
        name: kernel.name,
        isa: kernel.isa,
        lanes: lanes(kernel.isa),
        epilogue: kernel.epilogue,
        family: family(kernel),
    }));
}

fn line(layout: Layout, window: Option<(usize, usize)>, outputs: usize, run: unsafe fn(&LineArgs)) -> Family {
    match layout {
        Layout::Hwc => Family::LanesOfPixels { window, outputs, run },
        Layout::Chw => Family::LanesOfColumns { window, outputs, run },
    }
}
