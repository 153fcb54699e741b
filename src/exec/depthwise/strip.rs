//! How rows of a plane, or of elements, lie in a strip: with the padding left and right of them as zeros, and the columns sorted by stride,
//! so that every tap of every output column is a contiguous run of a strip row.
//!
//! A strip row has one segment for each residue of the tap columns modulo the stride (for stride 1: one segment), or one for
//! each tap column where that takes less room.

use crate::exec::run::window::Axis;
use crate::isa::CacheSizes;
use crate::plan::blocking;
use sepconv_kernels::buffer::LINE;
use sepconv_kernels::pack::depthwise::gcd;

/// How the strip of a run is laid out. Lengths are in groups (a float, or a pixel's channels), pitches in elements.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strip {
    pub group: usize,
    pub segments: usize,
    pub segment_len: usize,
    /// Whether segments are residues modulo the stride (else one for each tap column).
    pub by_residue: bool,
    pub segment_pitch: usize,
    pub row_pitch: usize,
    /// Output rows made from one filling.
    pub fill: usize,
    /// Input rows that it holds.
    pub rows: usize,
}

impl Strip {
    /// For groups of so many elements, and tiles of so many output rows; `None` if it has too many elements.
    pub(crate) fn new(group: usize, tile_rows: usize, rows: Axis, columns: Axis, caches: CacheSizes) -> Option<Self> {
        let far = (columns.kernel - 1) * columns.dilation;
        // Each division is a few nanoseconds of a call.
        let (residues, reach) = match columns.stride {
            1 => (1, far),
            stride => ((stride / gcd(stride, columns.dilation)).min(columns.kernel), far / stride),
        };
        let by_residue_len = columns.output.checked_add(reach)?;
        let by_residue = residues.checked_mul(by_residue_len)? <= columns.kernel.checked_mul(columns.output)?;
        let (segments, segment_len) =
            if by_residue { (residues, by_residue_len) } else { (columns.kernel, columns.output) };
        let segment_pitch = segment_len.checked_mul(group)?.checked_next_multiple_of(LINE)?;
        let mut row_pitch = segments.checked_mul(segment_pitch)?;
        if row_pitch % 1024 == 0 {
            // Rows 4 KiB apart would compete for the same sets of the cache.
            row_pitch = row_pitch.checked_add(LINE)?;
        }
        let span = (rows.kernel - 1).checked_mul(rows.dilation)?.checked_add(1)?;
        let fill = blocking::strip_rows(rows.output, tile_rows, row_pitch, rows.stride, span, caches);
        let reached = (fill - 1).checked_mul(rows.stride)?.checked_add(span)?;
        let rows = reached.min(rows.input);
        Some(Self { group, segments, segment_len, by_residue, segment_pitch, row_pitch, fill, rows })
    }

    /// Segment and offset in it, in groups, of tap column `kx` for output column 0.
    pub(crate) const fn tap(&self, columns: &Axis, kx: usize) -> (usize, usize) {
        if self.by_residue { (kx % self.segments, kx * columns.dilation / columns.stride) } else { (kx, 0) }
    }

    /// Input column of the first group of a segment.
    pub(crate) const fn start(&self, columns: &Axis, segment: usize) -> isize {
        let offset = segment * columns.dilation;
        let first = if self.by_residue { offset % columns.stride } else { offset };
        first as isize - columns.before as isize
    }

    /// Elements of all rows.
    pub(crate) fn len(&self) -> Option<usize> {
        self.rows.checked_mul(self.row_pitch)
    }
}
