//! How an inverted residual block is cut: into chunks of rows for the threads, bands of rows and blocks of channels for the caches.

use super::blocking::{bands, even};
use crate::isa::CacheSizes;
use crate::layout::Layout;

/// The sizes of an inverted residual block that decide how it is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// Rows of the output and of the expanded map.
    pub rows: usize,
    /// See `rows`.
    pub input_rows: usize,
    /// Rows that a depthwise output reads, first to last, and from one output row to the next.
    pub span: usize,
    /// See `span`.
    pub stride: usize,
    /// Pixels of a row of the expanded map and of the output.
    pub widths: [usize; 2],
    /// Channels of the expanded map, and of the depthwise output for each of them.
    pub channels: usize,
    /// See `channels`.
    pub multiplier: usize,
    /// Channels of a panel of the expanding part; `None` without one.
    pub unit: Option<usize>,
    /// Elements of scratch that the stages need for themselves.
    pub own: usize,
    /// Output rows that the depthwise kernel makes at a time.
    pub tile_rows: usize,
    /// Threads may expand one of so many rows twice, where they meet.
    pub twice: usize,
    pub layout: Layout,
}

/// How an inverted residual block is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Chunks of output rows.
    pub chunks: usize,
    /// Output rows of a band.
    pub band: usize,
    /// Expanded channels of a block, a multiple of the panels'.
    pub channels: usize,
    /// Expanded rows that are held at a time.
    pub held_rows: usize,
}

/// Cuts an inverted residual block so that what lies between its stages stays in a cache and takes at most an eighth of the
/// expanded map; `None` if the stages are better run one after the other. `most` forces bands of at most so many rows.
pub(crate) fn cut(sizes: &Sizes, threads: usize, most: Option<usize>, caches: CacheSizes) -> Option<Cut> {
    let Sizes { rows, input_rows, span, stride, widths, channels, multiplier, unit, own, tile_rows, .. } = *sizes;
    let expanded = input_rows.checked_mul(widths[0])?.checked_mul(channels)?;
    let Some(unit) = unit else {
        // Without an expanded map this is a separable block.
        let chunks = match most {
            Some(most) => rows.div_ceil(most),
            None => bands(rows, widths[1].checked_mul(channels)?.checked_mul(multiplier)?, widths[1], threads, caches)?,
        };
        return Some(Cut { chunks, band: rows.div_ceil(chunks), channels, held_rows: 1 });
    };
    let chunks = threads.min(rows);
    let chunk = rows.div_ceil(chunks);
    if most.is_none() && !pays(sizes, threads, expanded.saturating_mul(size_of::<f32>()), caches) {
        return None;
    }
    let limit = (expanded / 8).saturating_sub(own).min(caches.l2 / 4 / size_of::<f32>());
    let held = |band: usize| ((band - 1).saturating_mul(stride).saturating_add(span)).min(input_rows);
    let len = |channels: usize, band: usize| {
        let (rows, pixels) = (held(band).saturating_mul(widths[0]), band.saturating_mul(widths[1]));
        channels.saturating_mul(rows.saturating_add(pixels.saturating_mul(multiplier)))
    };
    // Enough pixels for whole tiles of a product, few rows to move for each that is made, whole tiles of the depthwise kernel.
    let pixels = 28usize.div_ceil(widths[1]);
    let moved = span.saturating_sub(stride).saturating_mul(3).div_ceil(stride).max(4);
    let wanted = pixels.max(moved).next_multiple_of(tile_rows).min(chunk).min(most.unwrap_or(chunk));
    let deepest = (128 / unit).clamp(1, channels.div_ceil(unit));
    let fits = |&panels: &usize| len(panels * unit, wanted) <= limit;
    let panels = match ((1..=deepest).rev().find(fits), most) {
        (Some(panels), _) => panels,
        (None, Some(_)) => 1,
        (None, None) => return None,
    };
    let within = |&band: &usize| len(panels * unit, band) <= limit;
    let longest = most.unwrap_or(chunk).min(chunk);
    let band = (wanted..=longest).step_by(tile_rows).take_while(within).last().unwrap_or(wanted);
    Some(Cut { chunks, band, channels: panels * unit, held_rows: held(band) })
}

/// Whether turns are faster than one stage after the other, for an expanded map of so many bytes. Measured on a core with a fast
/// third-level cache (2026-11-24 in `docs/notebook`): turns save its traffic, and the waiting of threads for each other between stages.
fn pays(sizes: &Sizes, threads: usize, expanded: usize, caches: CacheSizes) -> bool {
    let large = expanded > caches.l2;
    if threads == 1 {
        // Planes of pixels are packed anew for every block of channels. Twice the second level: below that the third one is
        // as fast as the work on shorter bands.
        return expanded > 2 * caches.l2 && sizes.layout == Layout::Hwc;
    }
    // The rows that two threads expand are few.
    let shared = (threads - 1) * sizes.span.saturating_sub(sizes.stride);
    even(sizes.rows, threads)
        && shared.saturating_mul(sizes.twice) <= sizes.input_rows
        && (large || (sizes.layout == Layout::Hwc && expanded > caches.l2 / 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CACHES: CacheSizes = sepconv_kernels::isa::caches_of([32 << 10, 1 << 20, 32 << 20]);

    #[test]
    fn inverted_residuals_hold_an_eighth_of_the_expanded_map() {
        for (size, channels) in [(112, 96), (56, 144), (28, 192), (14, 576)] {
            let sizes = Sizes {
                rows: size,
                input_rows: size,
                span: 3,
                stride: 1,
                widths: [size; 2],
                channels,
                multiplier: 1,
                unit: Some(32),
                own: 64,
                tile_rows: 2,
                twice: 5,
                layout: Layout::Hwc,
            };
            for (threads, most) in [(1, None), (1, Some(4)), (2, None), (2, Some(8))] {
                let Some(found) = cut(&sizes, threads, most, CACHES) else {
                    // Small maps are not cut for one thread unless they have to be.
                    assert!(threads == 1 && most.is_none() && size < 112, "{size}×{channels}");
                    continue;
                };
                let held = found.channels * size * (found.held_rows + found.band);
                assert!(held * 8 <= size * size * channels, "{size}×{channels}, {threads} threads: {found:?}");
                assert!(found.held_rows >= found.band + 2 || found.held_rows == size);
            }
            assert_eq!(cut(&sizes, 8 * size, None, CACHES), None);
        }
    }

    /// The first blocks of MobileNetV2 and what differs from them.
    const WIDE: Sizes = Sizes {
        rows: 112,
        input_rows: 112,
        span: 3,
        stride: 1,
        widths: [112; 2],
        channels: 96,
        multiplier: 1,
        unit: Some(32),
        own: 64,
        tile_rows: 2,
        twice: 5,
        layout: Layout::Hwc,
    };

    #[test]
    fn the_cut_itself() {
        let strided = Sizes { rows: 56, widths: [112, 56], stride: 2, ..WIDE };
        let deep = Sizes { rows: 14, input_rows: 14, widths: [14; 2], channels: 2048, ..WIDE };
        for (sizes, threads, most, chunks, band, channels, held_rows) in [
            (WIDE, 1, None, 1, 8, 32, 10),
            (WIDE, 2, None, 2, 8, 32, 10),
            (WIDE, 1, Some(5), 1, 5, 32, 7),
            (WIDE, 2, Some(3), 2, 3, 64, 5),
            (WIDE, 1, Some(1000), 1, 8, 32, 10),
            (strided, 1, None, 1, 6, 32, 13),
            (strided, 2, Some(3), 2, 3, 64, 7),
            (Sizes { channels: 40, ..WIDE }, 2, None, 2, 6, 32, 8),
            (Sizes { multiplier: 2, ..WIDE }, 2, Some(3), 2, 3, 32, 5),
            (Sizes { own: 100_000, ..WIDE }, 2, None, 2, 6, 32, 8),
            (Sizes { unit: Some(16), ..WIDE }, 1, Some(5), 1, 5, 48, 7),
            (Sizes { tile_rows: 3, ..WIDE }, 3, None, 3, 6, 32, 8),
            // Six and five rows are moved for each band, which has three times as many, by the stride.
            (Sizes { span: 7, ..WIDE }, 1, Some(1000), 1, 18, 32, 24),
            (Sizes { span: 7, ..strided }, 1, Some(1000), 1, 8, 32, 21),
            (deep, 2, None, 2, 6, 128, 8),
            (deep, 1, Some(1000), 1, 12, 128, 14),
        ] {
            let expected = Some(Cut { chunks, band, channels, held_rows });
            assert_eq!(cut(&sizes, threads, most, CACHES), expected, "{sizes:?}, {threads} threads, {most:?}");
        }
        // No whole tile of a product fits an eighth of the expanded map.
        assert_eq!(cut(&Sizes { multiplier: 2, ..WIDE }, 2, None, CACHES), None);
    }

    #[test]
    fn without_an_expanded_map_rows_are_cut_as_those_of_a_separable_block() {
        let plain = Sizes { unit: None, ..WIDE };
        for (sizes, threads, most, chunks, band) in [
            (plain, 1, None, 19, 6),
            (plain, 2, None, 20, 6),
            (plain, 2, Some(3), 38, 3),
            (plain, 1, Some(1000), 1, 112),
            (Sizes { multiplier: 2, ..plain }, 1, None, 38, 3),
        ] {
            let expected = Some(Cut { chunks, band, channels: 96, held_rows: 1 });
            assert_eq!(cut(&sizes, threads, most, CACHES), expected, "{threads} threads, {most:?}");
        }
        assert_eq!(cut(&Sizes { rows: 5, ..plain }, 2, None, CACHES), None);
    }

    #[test]
    fn turns_pay_where_the_expanded_map_leaves_the_second_level() {
        const MIB: usize = 1 << 20;
        let chw = Sizes { layout: Layout::Chw, ..WIDE };
        for (sizes, threads, expanded, expected) in [
            (WIDE, 1, 2 * MIB, false),
            (WIDE, 1, 2 * MIB + 1, true),
            (chw, 1, 4 * MIB, false),
            (WIDE, 2, MIB / 4, false),
            (WIDE, 2, MIB / 4 + 1, true),
            (chw, 2, MIB, false),
            (chw, 2, MIB + 1, true),
            // Threads that would wait for one with a row more.
            (Sizes { rows: 5, ..WIDE }, 2, 4 * MIB, false),
            // Two rows are expanded twice, of ten and of nine.
            (Sizes { rows: 10, input_rows: 10, ..WIDE }, 2, 4 * MIB, true),
            (Sizes { rows: 10, input_rows: 9, ..WIDE }, 2, 4 * MIB, false),
            // Four rows, between three threads.
            (Sizes { rows: 21, input_rows: 20, ..WIDE }, 3, 4 * MIB, true),
            (Sizes { rows: 21, input_rows: 19, ..WIDE }, 3, 4 * MIB, false),
            // Where expanding a row is dear.
            (Sizes { rows: 20, input_rows: 20, twice: 10, ..WIDE }, 2, 4 * MIB, true),
            (Sizes { rows: 18, input_rows: 18, twice: 10, ..WIDE }, 2, 4 * MIB, false),
            // None at a stride as long as the span.
            (Sizes { rows: 10, input_rows: 1, stride: 3, ..WIDE }, 2, 4 * MIB, true),
        ] {
            assert_eq!(pays(&sizes, threads, expanded, CACHES), expected, "{sizes:?}, {threads} threads, {expanded}");
        }
    }
}
