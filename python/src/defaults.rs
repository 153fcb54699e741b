//! What arguments are if they are not given: one row for each type.

/// The default of a type of argument: `value` as the functions take it, `text` as Python writes it.
macro_rules! default {
    ($which:ident Count) => {
        $crate::defaults::$which!($crate::args::Count(1), "1")
    };
    ($which:ident Pair) => {
        $crate::defaults::$which!($crate::args::Pair([1; 2]), "1")
    };
    ($which:ident Pads) => {
        $crate::defaults::$which!($crate::args::Pads(sepconv::Padding::uniform(0)), "0")
    };
    ($which:ident Act) => {
        $crate::defaults::$which!($crate::args::Act(sepconv::Activation::Identity), "None")
    };
    ($which:ident ActPair) => {
        $crate::defaults::$which!($crate::args::Acts([sepconv::Activation::Identity; 2]), "(None, None)")
    };
    ($which:ident ActTriple) => {
        $crate::defaults::$which!($crate::args::Acts([sepconv::Activation::Identity; 3]), "(None, None, None)")
    };
    ($which:ident bool) => {
        $crate::defaults::$which!(false, "False")
    };
    ($which:ident Axes) => {
        $crate::defaults::$which!($crate::args::Axes(sepconv::Layout::Chw), "'nchw'")
    };
    ($which:ident Order) => {
        $crate::defaults::$which!($crate::args::Order::Torch, "'torch'")
    };
}

macro_rules! value {
    ($value:expr, $text:literal) => {
        $value
    };
}

macro_rules! text {
    ($value:expr, $text:literal) => {
        $text
    };
}

pub(crate) use {default, text, value};
