//! The loop over the vectors of a depthwise line, with every way of touching their lanes. Macros: the body is compiled once for each way, and
//! names types of `border`, `lanes` and `lanes_stride2` that the caller brings into scope.

/// For each vector of lanes of a tile runs the expression, with the vector's first lane, input, panel, way of touching lanes and border bound to
/// the names given. What a condition in `const` rules out is never instantiated. `borders` is an arm of [`with_border`](super::border::with_border).
macro_rules! for_each_vector {
    ($s:ident, $args:ident, $taps:ty, plain: $plain:expr, steps: $steps:expr, threes: $threes:expr, borders: $borders:ident, $from:expr, $border:expr, |$x:ident, $input:ident, $panel:ident, $lanes:ident, $edge:ident| $tile:expr) => {{
        let repeats = const { !<$taps>::COLUMNS && !$plain } && $args.multiplier > 1;
        let panel_len = <$taps>::unit::<S>() * (1 + usize::from(repeats) + $args.taps[0] * $args.taps[1]);
        let (mut $x, mut panel_index) = (0, $args.first_panel);
        while $x < $args.lanes {
            if const { <$taps>::COLUMNS } && $args.lanes >= S::LANES {
                // The last vector is a whole one, too: it makes some outputs a second time, which is cheaper than a part.
                $x = $x.min($args.lanes - S::LANES);
            }
            let count = ($args.lanes - $x).min(S::LANES);
            // SAFETY: `panel_index < panels`, each of `panel_len` floats.
            let $panel = unsafe { $args.weights.add(panel_index * panel_len) };
            if const { <$taps>::COLUMNS } {
                if const { !$plain } && $args.lane_step == 2 {
                    let (column, mask) = (2 * $x, $s.mask(count));
                    let $input = $from.wrapping_add(column);
                    let stride2 = Stride2::<S> { column, columns: $args.columns, offsets: $args.outer, mask };
                    if const { $threes } && $args.taps[0] == 3 && $args.pairs_from == 0 {
                        let $lanes = Stride2Three::<S, false>(stride2);
                        with_border!($border, narrow, $edge, $tile)
                    } else if const { $threes } && $args.taps[0] == 3 && $args.pairs_from == 1 {
                        let $lanes = Stride2Three::<S, true>(stride2);
                        with_border!($border, narrow, $edge, $tile)
                    } else if const { $steps == 1 } {
                        let ($lanes, $edge) = (stride2.masked(), Edge);
                        $tile
                    } else {
                        with_columns!($border, $borders, stride2, Stride2Inside(stride2), $args, |$lanes, $edge| $tile)
                    }
                } else {
                    let $input = $from.wrapping_add($x);
                    let clipped = Clipped::<S, true> { first: $x, count, mask: $s.mask(count), ranges: $args.lane_ranges };
                    if const { $steps == 2 } {
                        let ($lanes, $edge) = (clipped.masked(), Edge);
                        $tile
                    } else {
                        with_columns!($border, $borders, clipped, All, $args, |$lanes, $edge| $tile)
                    }
                }
            } else if const { !$plain } && repeats {
                let (first, lane) = ($args.first_panel * S::LANES, panel_index * S::LANES);
                let $input = $from.wrapping_add(lane / $args.multiplier - first / $args.multiplier);
                // SAFETY: with a multiplier every panel starts with a vector of lane indices.
                let index = unsafe { $s.load($panel) };
                let inputs = (lane + count - 1) / $args.multiplier - lane / $args.multiplier + 1;
                let $lanes = Repeated { index, input: $s.mask(inputs), output: $s.mask(count) };
                let $panel = $panel.wrapping_add(S::LANES);
                let $edge = Edge;
                $tile
            } else {
                let $input = $from.wrapping_add($x);
                if const { !$plain } && !$args.lane_ranges.is_null() {
                    let clipped = Clipped::<S, false> { first: $x, count, mask: $s.mask(count), ranges: $args.lane_ranges };
                    let ($lanes, $edge) = (clipped, Edge);
                    $tile
                } else if count == S::LANES {
                    let $lanes = All;
                    with_border!($border, $borders, $edge, $tile)
                } else {
                    let ($lanes, $edge) = (First::<S>($s.mask(count)), Edge);
                    $tile
                }
            }
            $x += S::LANES;
            panel_index += 1;
            if panel_index == $args.panels {
                panel_index = 0;
            }
        }
    }};
}
pub(super) use for_each_vector;

/// Runs the expression with a way of touching a vector of columns and the border of its tile bound to the names: plain loads and no tests where all
/// is inside the map; a choice for each tap and tests at the ends for other whole tiles; and for parts of tiles one loader.
macro_rules! with_columns {
    ($border:expr, tuned, $clipped:expr, $inside:expr, $args:ident, |$lanes:ident, $edge:ident| $tile:expr) => {
        match $border {
            Tested::None if $clipped.all_inside($args.taps[0]) => {
                let ($lanes, $edge) = ($inside, Interior);
                $tile
            }
            Tested::None | Tested::Ends => {
                let ($lanes, $edge) = ($clipped, Ends);
                $tile
            }
            Tested::All => {
                let ($lanes, $edge) = ($clipped.masked(), Edge);
                $tile
            }
        }
    };
    ($border:expr, generic, $clipped:expr, $inside:expr, $args:ident, |$lanes:ident, $edge:ident| $tile:expr) => {
        if $border == Tested::None {
            let ($lanes, $edge) = ($clipped, Interior);
            $tile
        } else {
            let ($lanes, $edge) = ($clipped.masked(), Edge);
            $tile
        }
    };
    ($border:expr, rare, $clipped:expr, $inside:expr, $args:ident, |$lanes:ident, $edge:ident| $tile:expr) => {{
        let ($lanes, $edge) = ($clipped.masked(), Edge);
        $tile
    }};
}
pub(super) use with_columns;
