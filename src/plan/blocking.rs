//! How loops are cut so that what is used again is still in a cache.

use crate::isa::CacheSizes;

/// Multiply-adds of a matrix product below which another thread costs more than it brings: about 10 µs of one thread's work.
const PRODUCTS_PER_THREAD: usize = 600_000;

/// Multiply-adds of a matrix product that take as long as one of a depthwise convolution, which waits for caches.
pub(crate) const DEPTHWISE_WEIGHT: usize = 3;

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

/// Most channels that are spread at a time (see [`spread`]).
pub(crate) const SPREAD_CHANNELS: usize = 128;

/// Elements of scratch that spread rows may take: an eighth of the second-level cache.
pub(crate) const fn spread_capacity(caches: CacheSizes) -> usize {
    caches.l2 / 8 / size_of::<f32>()
}

/// A tile as the first-level cache sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Footprint {
    /// Input rows and columns that a tile reads.
    pub inputs: [usize; 2],
    /// Pixels that it writes.
    pub outputs: usize,
    /// Bytes between neighbouring pixels of the input.
    pub pixel_bytes: usize,
    /// Pixels of an input row.
    pub width: usize,
    /// Input rows from one output row to the next.
    pub stride: usize,
}

/// How to copy rows of pixels so that they no longer compete for cache sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spread {
    /// Channels at a time.
    pub channels: usize,
    /// Elements between pixels of the copy, an odd number of cache lines.
    pub pixel_pitch: usize,
    /// Elements between rows of the copy.
    pub row_pitch: usize,
    /// Output rows made from one filling, beyond the first tile.
    pub outputs: usize,
}

/// Whether and how to spread: only if a tile's lines fall into too few sets, and if the rows that it reads fit the scratch.
pub(crate) fn spread(tile: Footprint, channels: usize, caches: CacheSizes) -> Option<Spread> {
    const LINE_BYTES: usize = 64;
    let way = 4096;
    let ways = (caches.l1d / way).max(1);
    // Addresses a multiple of `pixel_bytes` apart meet so many different sets, a whole way at most.
    let step = 1 << tile.pixel_bytes.trailing_zeros().min(12);
    let sets = way / step.max(LINE_BYTES);
    // Measured: copying pays from about twice what the sets hold.
    if tile.inputs[0].saturating_mul(tile.inputs[1]).saturating_add(tile.outputs) <= 2 * sets * ways {
        return None;
    }
    let floats = LINE_BYTES / size_of::<f32>();
    let pitch = |channels: usize| (channels.div_ceil(floats) | 1) * floats;
    let row = |channels: usize| tile.width.checked_mul(pitch(channels));
    let l1 = caches.l1d * 7 / 8 / size_of::<f32>();
    // As many channels as leave a tile's rows in the first level: longer copies, fewer passes.
    let fits =
        |&channels: &usize| row(channels).and_then(|row| row.checked_mul(tile.inputs[0])).is_some_and(|len| len <= l1);
    let block = [SPREAD_CHANNELS, 64].into_iter().find(fits).unwrap_or(48).min(channels);
    let row_pitch = row(block)?;
    let rows = (spread_capacity(caches) / row_pitch).checked_sub(tile.inputs[0])?;
    Some(Spread { channels: block, pixel_pitch: pitch(block), row_pitch, outputs: rows / tile.stride })
}

/// Output rows to make from one filling of a strip: whole tiles, as many as keep the strip in half of the first-level cache.
pub(crate) fn strip_rows(
    output_rows: usize,
    tile_rows: usize,
    row_len: usize,
    stride: usize,
    span: usize,
    caches: CacheSizes,
) -> usize {
    let room = caches.l1d / 2 / size_of::<f32>();
    let all = (output_rows - 1).saturating_mul(stride).saturating_add(span);
    if all.saturating_mul(row_len) <= room {
        return output_rows;
    }
    let rows = room / row_len.max(1);
    let outputs = rows.saturating_sub(span) / stride + 1;
    (outputs / tile_rows * tile_rows).max(tile_rows).min(output_rows)
}

/// Whether so many bytes of weights stay in the second-level cache while pixels pass through it.
pub(crate) const fn weights_stay(bytes: usize, caches: CacheSizes) -> bool {
    bytes <= caches.l2 / 2
}

/// Rows of A to go through all panels of B with: few enough to stay in a cache while every panel passes.
pub(crate) fn product_rows(k: usize, n: usize, tile: [usize; 2], caches: CacheSizes) -> usize {
    let bytes = size_of::<f32>();
    let weights = k.saturating_mul(n).saturating_mul(bytes);
    let in_l1 = caches.l1d / 2 / bytes / k.max(1);
    // A tile reads `columns` of B for each row of A that stays in the first level, and the other way round: whichever is
    // reused more often should be the one that is read from the second.
    let rows = if weights_stay(weights, caches) && in_l1 >= tile[1] { in_l1 } else { caches.l2 / 4 / bytes / k.max(1) };
    (rows / tile[0] * tile[0]).max(tile[0])
}

/// Whether so many threads finish at nearly the same time if they share rows.
pub(crate) const fn even(rows: usize, threads: usize) -> bool {
    rows.div_ceil(threads) * threads * 10 <= rows * 11
}

/// Into how many bands of output rows to cut a block whose stages follow each other, so that what lies between them stays
/// in the second-level cache and every thread has as many bands; `None` if the stages are better run one after the other.
///
/// `row_len` is the number of elements of an intermediate row, `width` its pixels.
pub(crate) fn bands(rows: usize, row_len: usize, width: usize, threads: usize, caches: CacheSizes) -> Option<usize> {
    let row_bytes = row_len.saturating_mul(size_of::<f32>());
    if !even(rows, threads) {
        // Threads would wait for the one with a row more: each stage shares its channels instead.
        return None;
    }
    // A thread's portion that stays in the second level gains nothing from being cut further.
    if row_bytes.saturating_mul(rows) / threads <= caches.l2 / 4 {
        return Some(threads);
    }
    // Enough pixels for whole tiles of a product.
    let fitting = (caches.l2 / 4 / row_bytes.max(1)).max(28usize.div_ceil(width.max(1))).clamp(1, rows);
    let count = rows.div_ceil(fitting);
    // The nearest multiple of the threads.
    Some(((count + threads / 2) / threads).max(1) * threads)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CACHES: CacheSizes = sepconv_kernels::isa::caches_of([32 << 10, 1 << 20, 32 << 20]);

    #[test]
    fn taps_of_a_channel_block_fit_the_first_level() {
        for (channels, taps) in [(1024, 9), (384, 49), (64, 9), (2048, 25)] {
            let block = channel_block(channels, (1 + taps) * 16, 16, CACHES);
            assert!(block.is_multiple_of(16) && block <= channels.next_multiple_of(16));
            assert!(block == 128 || (1 + taps) * block * 4 <= CACHES.l1d, "{channels} channels, {taps} taps: {block}");
        }
    }

    #[test]
    fn strips_are_whole_tiles_or_the_whole_map() {
        for rows in [1, 7, 13, 112] {
            let strip = strip_rows(rows, 7, 114, 1, 3, CACHES);
            assert!(strip == rows || strip.is_multiple_of(7), "{rows}: {strip}");
            assert!(strip >= 1);
        }
    }

    #[test]
    fn only_competing_pixels_are_spread() {
        let tile = Footprint { inputs: [4, 9], outputs: 14, pixel_bytes: 2048, width: 14, stride: 1 };
        assert_eq!(spread(Footprint { pixel_bytes: 1024, ..tile }, 256, CACHES), None);
        let spread_512 = spread(tile, 512, CACHES).unwrap();
        assert_eq!(spread_512.pixel_pitch / 16 % 2, 1);
        assert!((4 + spread_512.outputs) * spread_512.row_pitch <= spread_capacity(CACHES));
        assert_eq!(spread(Footprint { pixel_bytes: 480, ..tile }, 120, CACHES), None);
        assert_eq!(spread(Footprint { width: usize::MAX / 8, ..tile }, 512, CACHES), None);
    }

    #[test]
    fn bands_are_shared_by_threads() {
        assert_eq!(bands(7, 7 * 1024, 7, 1, CACHES), Some(1));
        assert_eq!(bands(5, 7 * 1024, 7, 2, CACHES), None);
        assert_eq!(bands(14, 14 * 512, 14, 2, CACHES), Some(2));
        for (rows, threads) in [(112, 2), (28, 2), (28, 3), (56, 4)] {
            let count = bands(rows, 28 * 256, 28, threads, CACHES).unwrap();
            assert!(count.is_multiple_of(threads) && count <= rows, "{rows} rows, {threads} threads: {count}");
        }
    }

    // The decisions themselves, with the sizes on both sides of each limit: a change of one is a change of speed.

    #[test]
    fn threads_have_work_enough() {
        let most = PRODUCTS_PER_THREAD;
        for (products, available, expected) in [
            (0, 8, 1),
            (most - 1, 8, 1),
            (most, 8, 2),
            (3 * most, 8, 4),
            (usize::MAX, 8, 8),
            (most, 1, 1),
            (most, 0, 1),
        ] {
            assert_eq!(threads(products, available), expected, "{products} on {available}");
        }
    }

    #[test]
    fn channel_blocks_at_their_limits() {
        // Panels of 10, 5, 8 and 50 vectors in five eighths of 32 KiB: 32, 64, 40 and 6 of them.
        for (channels, vectors, expected) in [
            (1024, 10, 512),
            (513, 10, 512),
            (512, 10, 512),
            (500, 10, 512),
            (100, 10, 112),
            (4096, 5, 1024),
            (4096, 8, 640),
            (384, 50, 128),
            (129, 50, 128),
            (128, 50, 128),
        ] {
            assert_eq!(channel_block(channels, vectors * 16, 16, CACHES), expected, "{channels} channels, {vectors}");
        }
        assert_eq!(channel_block(4096, 10 * 8, 8, CACHES), 512);
    }

    #[test]
    fn spreading_begins_where_a_tile_has_twice_the_lines_of_its_sets() {
        // Eight ways; a pixel pitch of half a way leaves two sets, of a way or more one, of an odd number of lines all 64.
        for (pixel_bytes, lines) in [(2048, 32), (1024, 64), (4096, 16), (8192, 16), (3 * 2048, 32), (480, 1024)] {
            let tile = Footprint { inputs: [3, 5], outputs: lines - 15, pixel_bytes, width: 14, stride: 1 };
            let channels = pixel_bytes / 4;
            assert_eq!(spread(tile, channels, CACHES), None, "{pixel_bytes}");
            assert!(spread(Footprint { outputs: lines - 14, ..tile }, channels, CACHES).is_some(), "{pixel_bytes}");
        }
    }

    #[test]
    fn spread_rows_fit_the_first_level() {
        let tile = Footprint { inputs: [4, 9], outputs: 14, pixel_bytes: 2048, width: 14, stride: 1 };
        assert_eq!(spread_capacity(CACHES), 32_768);
        let expected =
            |channels, pixel_pitch, row_pitch, outputs| Some(Spread { channels, pixel_pitch, row_pitch, outputs });
        assert_eq!(spread(Footprint { width: 12, ..tile }, 512, CACHES), expected(128, 144, 1728, 14));
        assert_eq!(spread(tile, 512, CACHES), expected(64, 80, 1120, 25));
        assert_eq!(spread(Footprint { stride: 2, ..tile }, 512, CACHES), expected(64, 80, 1120, 12));
        assert_eq!(spread(Footprint { width: 28, ..tile }, 512, CACHES), expected(48, 48, 1344, 20));
        assert_eq!(spread(tile, 32, CACHES), expected(32, 48, 672, 44));
        // Seven eighths of this first level are exactly four rows of twelve pixels of 144; of the next smaller one, less.
        let l1d = |l1d| {
            spread(Footprint { width: 12, ..tile }, 512, sepconv_kernels::isa::caches_of([l1d, CACHES.l2, CACHES.l3]))
                .unwrap()
                .channels
        };
        assert_eq!((l1d(31_598), l1d(31_597)), (128, 64));
        // Exactly the rows that a tile reads, and one less.
        let l2 = |rows: usize| {
            spread(tile, 512, sepconv_kernels::isa::caches_of([CACHES.l1d, rows * 1120 * 4 * 8, CACHES.l3]))
        };
        assert_eq!(l2(4), expected(64, 80, 1120, 0));
        assert_eq!(l2(3), None);
    }

    #[test]
    fn strips_fill_half_the_first_level() {
        // 35 rows of 114 elements.
        for (output_rows, row_len, stride, span, expected) in [
            (112, 114, 1, 3, 28),
            (112, 114, 1, 1, 35),
            (112, 114, 2, 3, 14),
            (112, 2000, 1, 3, 7),
            (5, 2000, 1, 3, 5),
            (33, 114, 1, 3, 33),
            (34, 114, 1, 3, 28),
        ] {
            let found = strip_rows(output_rows, 7, row_len, stride, span, CACHES);
            assert_eq!(found, expected, "{output_rows} rows of {row_len}, {span} at {stride}");
        }
        assert_eq!(strip_rows(9, 4, 0, 1, 1, CACHES), 9);
    }

    #[test]
    fn product_blocks_follow_the_level_that_weights_stay_in() {
        assert!(weights_stay(512 << 10, CACHES) && !weights_stay((512 << 10) + 1, CACHES));
        // Weights stay and A fits the first level; so does A at a tile's columns; A does not; weights do not stay.
        for (k, n, expected) in
            [(32, 64, 126), (128, 64, 28), (129, 64, 504), (256, 64, 252), (512, 512, 126), (32, 8192, 2044)]
        {
            assert_eq!(product_rows(k, n, [14, 32], CACHES), expected, "{k} × {n}");
        }
        assert_eq!(product_rows(0, 8, [14, 32], CACHES), 4088);
    }

    #[test]
    fn a_tenth_more_rows_is_even() {
        for (rows, threads, expected) in [(10, 1, true), (11, 3, true), (10, 3, false), (10, 11, true), (5, 2, false)] {
            assert_eq!(even(rows, threads), expected, "{rows} rows, {threads} threads");
        }
    }

    #[test]
    fn bands_fill_a_quarter_of_the_second_level() {
        for (rows, row_len, width, threads, expected) in [
            (112, 28 * 256, 28, 1, Some(13)),
            (112, 28 * 256, 28, 2, Some(14)),
            (112, 28 * 256, 28, 3, Some(12)),
            (112, 28 * 256, 28, 4, Some(12)),
            // Exactly a quarter, and a little more.
            (16, 4096, 16, 1, Some(1)),
            (16, 4097, 16, 1, Some(2)),
            (32, 4096, 16, 2, Some(2)),
            // Bands of seven rows of four pixels, however large.
            (56, 100_000, 4, 1, Some(8)),
            (3, 1_000_000, 4, 1, Some(1)),
            (4, 0, 0, 1, Some(1)),
        ] {
            assert_eq!(bands(rows, row_len, width, threads, CACHES), expected, "{rows} × {row_len}, {threads} threads");
        }
    }

    #[test]
    fn product_blocks_are_whole_tiles() {
        for (k, n) in [(32, 64), (512, 512), (1024, 1024), (100_000, 8)] {
            let rows = product_rows(k, n, [14, 32], CACHES);
            assert!(rows >= 14 && rows.is_multiple_of(14));
        }
    }
}
