//! How loops are cut so that what is used again is still in a cache.

use crate::isa::CacheSizes;

/// Multiply-adds below which another thread costs more than it brings: about 20 µs of one thread's work.
const PRODUCTS_PER_THREAD: usize = 600_000;

/// Threads to use, of those that there are, for so many multiply-adds.
pub(crate) fn threads(products: usize, available: usize) -> usize {
    available.min(1 + products / PRODUCTS_PER_THREAD).max(1)
}

/// Channels (a multiple of `lanes`) of a depthwise convolution to work on at a time, so that their taps stay in the first-level cache.
pub(crate) fn channel_block(channels: usize, panel_len: usize, lanes: usize, caches: CacheSizes) -> usize {
    let panels = (caches.l1d * 5 / 8 / size_of::<f32>()) / panel_len;
    // Short runs of channels waste the line's set-up and the hardware's prefetching.
    let block = (panels * lanes / 128 * 128).max(128);
    if block >= channels { channels.next_multiple_of(lanes) } else { block }
}

/// Output rows to make from one strip: whole tiles, as many as keep the strip in a part of the first-level cache.
pub(crate) fn strip_rows(
    output_rows: usize,
    tile_rows: usize,
    row_len: usize,
    stride: usize,
    span: usize,
    caches: CacheSizes,
) -> usize {
    let rows = caches.l1d / 2 / size_of::<f32>() / row_len.max(1);
    let outputs = rows.saturating_sub(span) / stride + 1;
    (outputs / tile_rows * tile_rows).max(tile_rows).min(output_rows)
}

/// Rows of A to go through all panels of B with: few enough to stay in a cache while every panel passes.
pub(crate) fn gemm_rows(k: usize, n: usize, tile_rows: usize, caches: CacheSizes) -> usize {
    let weights = k.saturating_mul(n).saturating_mul(size_of::<f32>());
    // Weights that fit the first level stay there, and so should the pixels; else both live in the second.
    let budget = if weights <= caches.l1d / 2 { caches.l1d / 4 } else { caches.l2 / 4 };
    let rows = budget / size_of::<f32>() / k.max(1);
    (rows / tile_rows * tile_rows).max(tile_rows)
}

/// How a separable convolution keeps its intermediate map in a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fusion {
    /// So many output rows at a time: depthwise, then pointwise on them.
    Bands {
        /// Output rows of a band.
        rows: usize,
    },
    /// The whole depthwise map, then the whole pointwise one: for maps too small to be cut into bands for every thread.
    Whole,
}

/// Chooses bands for a separable convolution; `row_len` is the number of elements of an intermediate row.
pub(crate) fn fusion(rows: usize, row_len: usize, width: usize, threads: usize, caches: CacheSizes) -> Fusion {
    let row_bytes = row_len.saturating_mul(size_of::<f32>());
    let map_bytes = row_bytes.saturating_mul(rows);
    // A map that stays in the second level gains nothing from bands, and its halo rows are not made twice.
    if map_bytes <= caches.l2 / 4 || rows < 4 * threads {
        return Fusion::Whole;
    }
    let fitting = (caches.l2 / 8 / row_bytes.max(1)).clamp(1, rows);
    // Enough pixels for whole gemm tiles, few enough bands for every thread.
    let needed = 28usize.div_ceil(width.max(1));
    let fair = rows.div_ceil(threads * 2).max(1);
    Fusion::Bands { rows: fitting.max(needed).min(fair).max(2).min(rows) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CACHES: CacheSizes = CacheSizes { l1d: 32 << 10, l2: 1 << 20, l3: 32 << 20 };

    #[test]
    fn taps_of_a_channel_block_fit_the_first_level() {
        for (channels, taps) in [(1024, 9), (384, 49), (64, 9), (2048, 25)] {
            let block = channel_block(channels, (1 + taps) * 16, 16, CACHES);
            assert!(block % 16 == 0 && block <= channels.next_multiple_of(16));
            assert!(block == 128 || (1 + taps) * block * 4 <= CACHES.l1d, "{channels} channels, {taps} taps: {block}");
        }
    }

    #[test]
    fn strips_are_whole_tiles_or_the_whole_map() {
        for rows in [1, 7, 13, 112] {
            let strip = strip_rows(rows, 7, 114, 1, 3, CACHES);
            assert!(strip == rows || strip % 7 == 0, "{rows}: {strip}");
            assert!(strip >= 1);
        }
    }

    #[test]
    fn small_maps_are_not_cut() {
        assert_eq!(fusion(7, 7 * 1024, 7, 1, CACHES), Fusion::Whole);
        assert!(matches!(fusion(112, 112 * 64, 112, 2, CACHES), Fusion::Bands { rows } if rows < 20));
    }

    #[test]
    fn gemm_blocks_are_whole_tiles() {
        for (k, n) in [(32, 64), (512, 512), (1024, 1024), (100_000, 8)] {
            let rows = gemm_rows(k, n, 14, CACHES);
            assert!(rows >= 14 && rows % 14 == 0);
        }
    }
}
