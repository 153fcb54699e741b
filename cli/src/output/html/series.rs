//! How the operations look: a colour (by the style sheet's class), a shape and a name each, so that no one has to tell them by colour.

/// The looks of one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Series {
    /// `Row::op`, and class in the style sheet.
    pub op: &'static str,
    /// In the legend.
    pub name: &'static str,
    /// Outline around (0, 0), some 10 pixels wide.
    outline: &'static str,
}

const CIRCLE: &str = "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z";
const SQUARE: &str = "M-4.5-4.5h9v9h-9z";
const DIAMOND: &str = "M0-6.5L6.5 0L0 6.5L-6.5 0z";
const TRIANGLE: &str = "M0-6L6 5H-6z";
const CROSS: &str = "M-2-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z";

const KNOWN: [Series; 4] = [
    Series { op: "dw", name: "depthwise", outline: CIRCLE },
    Series { op: "pw", name: "pointwise", outline: SQUARE },
    Series { op: "sep", name: "separable (fused)", outline: DIAMOND },
    Series { op: "conv", name: "dense", outline: TRIANGLE },
];

impl Series {
    /// The looks of an operation; a new one gets its short name and a cross.
    pub fn of(op: &'static str) -> Self {
        KNOWN.into_iter().find(|series| series.op == op).unwrap_or(Self { op, name: op, outline: CROSS })
    }

    /// The marker at a place of a picture. CHW is hollow.
    pub fn marker(&self, [x, y]: [f64; 2], layout: &str) -> String {
        let hollow = if layout == "chw" { " hollow" } else { "" };
        format!(
            "<path class=\"mark {}{hollow}\" d=\"{}\" transform=\"translate({x:.1} {y:.1})\"/>",
            self.op, self.outline
        )
    }
}
