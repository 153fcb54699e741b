//! Turns rows of the tile table into Rust: a shim for each row and epilogue, and the registry that lists them.

use crate::tiles::{Shape, Tile};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The source of the registry for one `target_arch`.
pub fn registry(tiles: &[Tile], arch: &str) -> String {
    let (mut shims, mut rows) = (BTreeMap::new(), String::new());
    for tile in tiles.iter().filter(|tile| tile.target.arch.is_empty() || tile.target.arch == arch) {
        for epilogue in tile.epilogues {
            expand(tile, &format!("{epilogue:?}"), &mut shims, &mut rows);
        }
    }
    let mut source = String::new();
    for (module, shims) in shims {
        write!(source, "mod {module} {{\nuse super::*;\n\n{shims}}}\n\n").expect("writing to a string");
    }
    format!("{source}/// All kernels of this build.\npub static KERNELS: &[KernelDesc] = &[\n{rows}];\n")
}

/// The module that a shim stands in: modules are what the compiler shares out to threads.
fn module(tile: &Tile, epilogue: &str) -> String {
    let family = match tile.shape {
        Shape::LineHwc { .. } | Shape::GenericHwc { .. } | Shape::WalkHwc { .. } => "dw_hwc",
        Shape::LineChw { .. } | Shape::GenericChw { .. } | Shape::PairedChw { .. } | Shape::WalkChw { .. } => "dw_chw",
        Shape::GemmHwc { .. } | Shape::GemmChw { .. } | Shape::GemmFew { .. } => "pw",
        Shape::Rows | Shape::Probe { .. } => return format!("{}_memory", tile.target.name),
    };
    format!("{}_{family}_{}", tile.target.name, epilogue.to_lowercase())
}

fn expand(tile: &Tile, epilogue: &str, shims: &mut BTreeMap<String, String>, rows: &mut String) {
    let target = tile.target;
    let row = Row::of(tile, if epilogue == "CurveAfter" { "Clamp" } else { epilogue });
    let module = module(tile, epilogue);
    let (token, call) = (format!("{}::assume()", target.token), row.call.replace("{S}", target.token));
    let body = match epilogue {
        "CurveAfter" => format!("let s = {token}; curve_rows::after(s, args, |args| {call}(s, args))"),
        _ => format!("{call}({token}, args)"),
    };
    let shims = shims.entry(module.clone()).or_default();
    let suffix = if epilogue == "Curve" { "_curve" } else { "" };
    let name = format!("f32_{}{suffix}__{}", row.name, target.name);
    let attribute = if target.features.is_empty() {
        String::new()
    } else {
        format!("#[target_feature(enable = \"{}\")]\n", target.features)
    };
    writeln!(
        shims,
        "/// # Safety\n/// The CPU has what the name says after `__`; `args` fulfils the kernel's contract.\n\
         #[allow(non_snake_case)]\n{attribute}\
         pub(super) unsafe fn {name}(args: &{args}) {{\n    \
             #[cfg(sepconv_record_kernels)]\n    \
             {{\n        static RAN: crate::record::Ran = crate::record::Ran::new();\n        \
                 RAN.note(\"{name}\");\n    }}\n    \
             // SAFETY: the function's own contract: the CPU's features, and what the kernel asks for.\n    \
             unsafe {{ {body} }}\n}}",
        args = row.args,
    )
    .expect("writing to a string");
    writeln!(
        rows,
        "    KernelDesc {{ name: \"{name}\", isa: Isa::{}, dtype: DType::F32, epilogue: EpilogueKind::{epilogue}, kind: {}, run: KernelFn::{}({module}::{name}) }},",
        target.variant, row.kind, row.function,
    )
    .expect("writing to a string");
}

/// How one shape is written in Rust.
struct Row {
    name: String,
    args: &'static str,
    function: &'static str,
    call: String,
    kind: String,
}

impl Row {
    fn of(tile: &Tile, epilogue: &str) -> Self {
        // Where a multiply-add takes a lane of a vector, matrix products are written for that.
        let gemm = if tile.target.by_lane > 0 { "tile_by_lane" } else { "tile" };
        match tile.shape {
            Shape::LineHwc { kernel: k, stride, outputs } => Self {
                name: format!("dw_hwc_nx{k}s{stride}_1x{outputs}"),
                args: "LineArgs",
                function: "Line",
                call: format!("line::run::<{{S}}, {epilogue}, PerLane, {k}, {stride}, {outputs}>"),
                kind: format!(
                    "KernelKind::Line {{ layout: Layout::Hwc, window: Some(({k}, {stride})), outputs: {outputs} }}"
                ),
            },
            Shape::LineChw { kernel: k, stride, outputs } => Self {
                name: format!("dw_chw_{k}xns{stride}_{outputs}x1"),
                args: "LineArgs",
                function: "Line",
                call: format!("line::run::<{{S}}, {epilogue}, Broadcast, {k}, {stride}, {outputs}>"),
                kind: format!(
                    "KernelKind::Line {{ layout: Layout::Chw, window: Some(({k}, {stride})), outputs: {outputs} }}"
                ),
            },
            Shape::PairedChw { kernel: k, stride, outputs } => Self {
                name: format!("dw_chw_{k}xns{stride}_{outputs}x1_2c"),
                args: "LineArgs",
                function: "Line",
                call: format!("line_two_channels::run::<{{S}}, {epilogue}, {k}, {stride}, {outputs}>"),
                kind: format!("KernelKind::PairedLine {{ window: ({k}, {stride}), outputs: {outputs} }}"),
            },
            Shape::GenericHwc { outputs } => Self {
                name: format!("dw_hwc_generic_1x{outputs}"),
                args: "LineArgs",
                function: "Line",
                call: format!("line_generic::run::<{{S}}, {epilogue}, PerLane, {outputs}>"),
                kind: format!("KernelKind::Line {{ layout: Layout::Hwc, window: None, outputs: {outputs} }}"),
            },
            Shape::GenericChw { outputs } => Self {
                name: format!("dw_chw_generic_{outputs}x1"),
                args: "LineArgs",
                function: "Line",
                call: format!("line_generic::run::<{{S}}, {epilogue}, Broadcast, {outputs}>"),
                kind: format!("KernelKind::Line {{ layout: Layout::Chw, window: None, outputs: {outputs} }}"),
            },
            Shape::WalkHwc { kernel: k, stride, pixels, vectors } => Self {
                name: format!("dw_hwc_{k}x{k}s{stride}_{}x{pixels}x{vectors}v", k.div_ceil(stride)),
                args: "ColumnArgs",
                function: "Walk",
                call: format!(
                    "column_hwc::run::<{{S}}, {epilogue}, {k}, {stride}, {depth}, {pixels}, {vectors}, {sums}>",
                    depth = k.div_ceil(stride),
                    sums = pixels * vectors
                ),
                kind: format!(
                    "KernelKind::Walk {{ window: ({k}, {stride}), pixels: {pixels}, vectors: {vectors}, held: {} }}",
                    tile.holds_taps()
                ),
            },
            Shape::WalkChw { kernel: k, stride, vectors } => Self {
                name: format!("dw_chw_{k}x{k}s{stride}_{}x{vectors}v", k.div_ceil(stride)),
                args: "LineArgs",
                function: "Line",
                call: format!(
                    "column_chw::{run}::<{{S}}, {epilogue}, {k}, {stride}, {depth}>",
                    run = if tile.target.halves { "run_halves" } else { "run" },
                    depth = k.div_ceil(stride)
                ),
                kind: format!("KernelKind::WalkColumns {{ window: ({k}, {stride}) }}"),
            },
            Shape::GemmHwc { rows, vectors } => Self {
                name: format!("pw_hwc_{rows}x{vectors}v"),
                args: "GemmArgs",
                function: "Gemm",
                call: format!("{gemm}::run_pixels::<{{S}}, {epilogue}, {rows}, {vectors}>"),
                kind: format!("KernelKind::Gemm {{ layout: Layout::Hwc, rows: {rows}, vectors: {vectors} }}"),
            },
            Shape::GemmChw { rows, vectors } => Self {
                name: format!("pw_chw_{rows}x{vectors}v"),
                args: "GemmArgs",
                function: "Gemm",
                call: format!("{gemm}::run_channels::<{{S}}, {epilogue}, {rows}, {vectors}>"),
                kind: format!("KernelKind::Gemm {{ layout: Layout::Chw, rows: {rows}, vectors: {vectors} }}"),
            },
            Shape::GemmFew { vectors, pixels } => Self {
                name: format!("pw_chw_{vectors}vx{pixels}"),
                args: "GemmArgs",
                function: "Gemm",
                call: format!("few_pixels::run::<{{S}}, {epilogue}, {vectors}, {pixels}>"),
                kind: format!("KernelKind::GemmFew {{ vectors: {vectors} }}"),
            },
            Shape::Rows => Self {
                name: "copy_row".to_owned(),
                args: "RowArgs",
                function: "Rows",
                call: "copy_rows::run::<{S}>".to_owned(),
                kind: "KernelKind::Rows".to_owned(),
            },
            Shape::Probe { chains } => Self {
                name: "probe".to_owned(),
                args: "ProbeArgs",
                function: "Probe",
                call: format!("probe::run::<{{S}}, {chains}>"),
                kind: format!("KernelKind::Probe {{ chains: {chains} }}"),
            },
        }
    }
}
