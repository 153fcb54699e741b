//! Which line kernels make a line of depthwise outputs.
//!
//! A dilated line falls into interleaved lines without gaps: with `g = gcd(stride, dilation)`, outputs `dilation / g` apart read inputs
//! `dilation` apart and none of those between, at stride `stride / g`. So kernels for taps side by side do for dilated ones.

use crate::layout::Layout;
use sepconv_kernels::pack::depthwise::gcd;
use sepconv_kernels::registry::{KernelDesc, KernelKind};

/// The line kernels of a depthwise operator for one axis. Those of either list sum in the same order, and so do both lists unless the
/// lane step is 2.
#[derive(Debug, Clone)]
pub(crate) struct LineKernels {
    /// Kernels that make lines as they are, the longest first.
    whole: Vec<&'static KernelDesc>,
    /// Kernels that make the interleaved lines of a dilated one, the longest first.
    interleaved: Vec<&'static KernelDesc>,
    /// Into how many lines a dilated one falls.
    phases: usize,
}

/// A kernel for a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineKernel {
    pub kernel: &'static KernelDesc,
    /// Whether the kernel makes one of the interleaved lines at a time.
    pub interleaved: bool,
}

impl LineKernels {
    /// Kernels for `taps` at `stride` and `dilation`; `kernels_for` finds those for taps and a stride without dilation, or for any.
    pub(crate) fn new(
        [taps, stride, dilation]: [usize; 3],
        kernels_for: impl Fn(Option<(usize, usize)>) -> Vec<&'static KernelDesc>,
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
        kernels.iter().map(move |kernel| line_outputs(kernel).saturating_mul(lines))
    }

    /// Outputs that fill the tiles of `line`, one of these.
    pub(crate) fn unit(&self, line: LineKernel) -> usize {
        line_outputs(line.kernel).saturating_mul(if line.interleaved { self.phases } else { 1 })
    }

    /// The kernel that most lines are made with.
    pub(crate) fn first(&self) -> &'static KernelDesc {
        self.interleaved.first().unwrap_or(&self.whole[0])
    }

    /// All kernels.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'static KernelDesc> {
        self.whole.iter().chain(&self.interleaved).copied()
    }

    /// Whether interleaved lines are faster. The length of the map decides, not that of a portion of it: at lane step 2 the two ways do not sum
    /// in the same order.
    fn interleaves(&self, len: usize) -> bool {
        // A tile that is cut off tests each of its inputs and costs about two. All of it measured, see 2026-11-26 in docs/notebook.
        let cost = |kernels: &[&'static KernelDesc], len: usize| {
            let tile = line_outputs(best(kernels, len));
            len.next_multiple_of(tile).saturating_add(if len.is_multiple_of(tile) { 0 } else { tile })
        };
        if self.interleaved.is_empty() {
            return false;
        }
        let generic = match self.whole[0].kind {
            // A load for each product, most of them across cache lines.
            KernelKind::Line { layout: Layout::Chw, .. } => 4,
            _ => 2,
        };
        let phases = self.phases;
        phases.saturating_mul(cost(&self.interleaved, len.div_ceil(phases))) <= generic * cost(&self.whole, len)
    }
}

/// Outputs of a line kernel's tile.
pub(crate) fn line_outputs(kernel: &KernelDesc) -> usize {
    match kernel.kind {
        KernelKind::Line { outputs, .. } => outputs,
        _ => 1,
    }
}

/// The line kernel that wastes the fewest outputs on a line of `len`; of equals, the first.
fn best(lines: &[&'static KernelDesc], len: usize) -> &'static KernelDesc {
    if let [only] = lines {
        return only;
    }
    let wasted = |kernel: &&&'static KernelDesc| len.next_multiple_of(line_outputs(kernel)) - len;
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
        assert_eq!(line_outputs(lines.choose(9, 9).kernel), 4);
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
        assert_eq!(down([3, 1]).map(|lines| lines.first().name), Some("f32_dw_hwc_nx3s1_1x4__portable"));
        assert!(down([7, 3]).is_none() && down([1, 1]).is_none());
    }
}
