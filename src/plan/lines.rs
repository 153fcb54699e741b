//! Which line kernels make a line of depthwise outputs.
//!
//! A dilated line falls into interleaved lines without gaps: with `g = gcd(stride, dilation)`, outputs `dilation / g` apart read inputs
//! `dilation` apart and none of those between, at stride `stride / g`. So kernels for taps side by side do for dilated ones.

use crate::layout::Layout;
use sepconv_kernels::depthwise::LineArgs;
use sepconv_kernels::pack::depthwise::gcd;
use sepconv_kernels::registry::{ColumnChw, Kernel, Line, LineGeneric, LineTwoChannels};

/// A kernel that is called with [`LineArgs`], of whichever family.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineRow {
    /// Its entry.
    pub run: unsafe fn(&LineArgs),
    /// Outputs of a tile along the line.
    pub outputs: usize,
    /// Its row of the registry.
    pub family: LineFamily,
}

/// The families whose kernels are called with [`LineArgs`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum LineFamily {
    Line(&'static Kernel<Line>),
    Generic(&'static Kernel<LineGeneric>),
    TwoChannels(&'static Kernel<LineTwoChannels>),
    Column(&'static Kernel<ColumnChw>),
}

impl LineRow {
    /// The kernel's name.
    pub(crate) const fn name(&self) -> &'static str {
        match self.family {
            LineFamily::Line(kernel) => kernel.name,
            LineFamily::Generic(kernel) => kernel.name,
            LineFamily::TwoChannels(kernel) => kernel.name,
            LineFamily::Column(kernel) => kernel.name,
        }
    }

    /// Layout of the maps that it is for.
    const fn layout(&self) -> Layout {
        match self.family {
            LineFamily::Line(kernel) => kernel.shape.layout,
            LineFamily::Generic(kernel) => kernel.shape.layout,
            LineFamily::TwoChannels(_) | LineFamily::Column(_) => Layout::Chw,
        }
    }
}

impl From<&'static Kernel<Line>> for LineRow {
    fn from(kernel: &'static Kernel<Line>) -> Self {
        Self { run: kernel.run, outputs: kernel.shape.outputs, family: LineFamily::Line(kernel) }
    }
}

impl From<&'static Kernel<LineGeneric>> for LineRow {
    fn from(kernel: &'static Kernel<LineGeneric>) -> Self {
        Self { run: kernel.run, outputs: kernel.shape.outputs, family: LineFamily::Generic(kernel) }
    }
}

impl From<&'static Kernel<LineTwoChannels>> for LineRow {
    fn from(kernel: &'static Kernel<LineTwoChannels>) -> Self {
        Self { run: kernel.run, outputs: kernel.shape.outputs, family: LineFamily::TwoChannels(kernel) }
    }
}

impl From<&'static Kernel<ColumnChw>> for LineRow {
    fn from(kernel: &'static Kernel<ColumnChw>) -> Self {
        Self { run: kernel.run, outputs: 1, family: LineFamily::Column(kernel) }
    }
}

/// The line kernels of a depthwise operator for one axis. Those of either list sum in the same order, and so do both lists unless the
/// lane step is 2.
#[derive(Debug, Clone)]
pub(crate) struct LineKernels {
    /// Kernels that make lines as they are, the longest first.
    whole: Vec<LineRow>,
    /// Kernels that make the interleaved lines of a dilated one, the longest first.
    interleaved: Vec<LineRow>,
    /// Into how many lines a dilated one falls.
    phases: usize,
}

/// A kernel for a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineKernel {
    pub kernel: LineRow,
    /// Whether the kernel makes one of the interleaved lines at a time.
    pub interleaved: bool,
}

impl LineKernels {
    /// Kernels for `taps` at `stride` and `dilation`; `kernels_for` finds those for taps and a stride without dilation, or for any.
    pub(crate) fn new(
        [taps, stride, dilation]: [usize; 3],
        kernels_for: impl Fn(Option<(usize, usize)>) -> Vec<LineRow>,
    ) -> Self {
        let common = gcd(stride, dilation);
        let tuned = kernels_for(Some((taps, stride / common)));
        let (whole, interleaved) = if dilation == 1 { (tuned, Vec::new()) } else { (Vec::new(), tuned) };
        let whole = if whole.is_empty() { kernels_for(None) } else { whole };
        Self { whole, interleaved, phases: dilation / common }
    }

    /// The kernel for `outputs` of a line of `len`.
    pub(crate) fn choose(&self, len: usize, outputs: usize) -> LineKernel {
        match self.interleaves(len) {
            true => LineKernel { kernel: best(&self.interleaved, outputs.div_ceil(self.phases)), interleaved: true },
            false => self.as_it_is(outputs),
        }
    }

    /// The kernel for a line of `outputs` that is not to be interleaved.
    pub(crate) fn as_it_is(&self, outputs: usize) -> LineKernel {
        LineKernel { kernel: best(&self.whole, outputs), interleaved: false }
    }

    /// Outputs of a line of `len` that fill each kernel's tiles, the most first.
    pub(crate) fn units(&self, len: usize) -> impl Iterator<Item = usize> {
        let (kernels, lines) = if self.interleaves(len) { (&self.interleaved, self.phases) } else { (&self.whole, 1) };
        kernels.iter().map(move |kernel| kernel.outputs.saturating_mul(lines))
    }

    /// Outputs that fill the tiles of `line`, one of these.
    pub(crate) fn unit(&self, line: LineKernel) -> usize {
        line.kernel.outputs.saturating_mul(if line.interleaved { self.phases } else { 1 })
    }

    /// The kernel that most lines are made with.
    pub(crate) fn first(&self) -> LineRow {
        *self.interleaved.first().unwrap_or(&self.whole[0])
    }

    /// All kernels.
    pub(crate) fn all(&self) -> impl Iterator<Item = LineRow> {
        self.whole.iter().chain(&self.interleaved).copied()
    }

    /// Whether interleaved lines are faster. The length of the map decides, not that of a portion of it: at lane step 2 the two ways do not sum
    /// in the same order.
    fn interleaves(&self, len: usize) -> bool {
        // A tile that is cut off tests each of its inputs and costs about two. All of it measured, see 2026-11-26 in docs/notebook.
        let cost = |kernels: &[LineRow], len: usize| {
            let tile = best(kernels, len).outputs;
            len.next_multiple_of(tile).saturating_add(if len.is_multiple_of(tile) { 0 } else { tile })
        };
        if self.interleaved.is_empty() {
            return false;
        }
        let generic = match self.whole[0].layout() {
            // A load for each product, most of them across cache lines.
            Layout::Chw => 4,
            Layout::Hwc => 2,
        };
        let phases = self.phases;
        phases.saturating_mul(cost(&self.interleaved, len.div_ceil(phases))) <= generic * cost(&self.whole, len)
    }
}

/// The line kernel that wastes the fewest outputs on a line of `len`; of equals, the first.
fn best(lines: &[LineRow], len: usize) -> LineRow {
    if let [only] = lines {
        return *only;
    }
    let wasted = |kernel: &&LineRow| len.next_multiple_of(kernel.outputs) - len;
    lines.iter().min_by_key(wasted).copied().expect("every instruction set has a generic line kernel")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Isa;
    use crate::plan::select;
    use crate::spec::DepthwiseSpec;
    use sepconv_kernels::epilogue::EpilogueKind;

    fn lines(spec: &DepthwiseSpec) -> LineKernels {
        select::depthwise(spec, Isa::Portable, EpilogueKind::Clamp, true).lines
    }

    #[test]
    fn least_waste() {
        let lines = lines(&DepthwiseSpec::new(64, [3, 3]));
        assert_eq!(lines.choose(9, 9).kernel.outputs, 4);
        assert_eq!((lines.unit(lines.choose(9, 9)), lines.units(9).collect::<Vec<_>>()), (4, vec![4]));
    }

    #[test]
    fn dilated_lines_are_interleaved_where_they_are_long() {
        // Tiles of 4 outputs, with or without dilation.
        let of = |stride: usize, dilation: usize, len: usize| {
            let lines = lines(&DepthwiseSpec::new(64, [3, 3]).stride([1, stride]).dilation([1, dilation]));
            let line = lines.choose(len, len);
            (line.interleaved, lines.unit(line))
        };
        assert_eq!(of(1, 1, 8), (false, 4));
        assert_eq!(of(1, 2, 8), (true, 8));
        // Three lines of up to three outputs in a tile of four that is cut off: 24, and 8 in one line at twice the price.
        assert_eq!(of(1, 3, 8), (false, 4));
        assert_eq!(of(1, 3, 24), (true, 12));
        assert_eq!(of(1, 8, 8), (false, 4));
        // Stride 2 at dilation 2 is stride 1 on every second input; at dilation 3 it stays stride 2.
        assert_eq!(of(2, 2, 8), (true, 4));
        assert_eq!(of(2, 3, 24), (true, 12));
        // Nothing is tuned for stride 3.
        assert_eq!(of(3, 2, 8), (false, 4));
        assert_eq!(of(3, 3, 8), (true, 4));
    }

    #[test]
    fn windows_of_one_column_have_lines_down_the_map() {
        let down = |kernel: [usize; 2]| {
            let spec = DepthwiseSpec::new(64, kernel);
            select::depthwise(&spec, Isa::Portable, EpilogueKind::Clamp, true).down
        };
        assert_eq!(down([3, 1]).map(|lines| lines.first().name()), Some("f32_dw_hwc_nx3s1_1x4__portable"));
        assert!(down([7, 3]).is_none() && down([1, 1]).is_none());
    }
}
