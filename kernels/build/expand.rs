//! Turns rows of the tile table into Rust: a shim for each row and epilogue, and the registry's slices, one a family.

use super::family::Shape;
use super::table::{Epilogue, Tile};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The source of the registry for one `target_arch`.
pub fn registry(tiles: &[Tile], arch: &str) -> String {
    let (mut shims, mut rows) = (BTreeMap::new(), BTreeMap::new());
    for tile in tiles.iter().filter(|tile| tile.target.arch.is_empty() || tile.target.arch == arch) {
        for &epilogue in tile.epilogues() {
            expand(tile, epilogue, &mut shims, &mut rows);
        }
    }
    let mut source = String::new();
    for (module, shims) in shims {
        write!(source, "mod {module} {{\nuse super::*;\n\n{shims}}}\n\n").expect("writing to a string");
    }
    for family in Shape::FAMILIES {
        let (name, rows) = (slice(family), rows.remove(family).unwrap_or_default());
        write!(source, "static {name}: &[Kernel<{family}>] = &[\n{rows}];\n\n").expect("writing to a string");
    }
    source
}

/// The name of a family's slice: `LineGeneric` has `LINE_GENERIC`.
fn slice(family: &str) -> String {
    let mut name = String::new();
    for (i, letter) in family.char_indices() {
        if i > 0 && letter.is_uppercase() {
            name.push('_');
        }
        name.extend(letter.to_uppercase());
    }
    name
}

/// The module that a shim stands in.
fn module(tile: &Tile, epilogue: Epilogue) -> String {
    let (target, module) = (tile.target.name, tile.family().module());
    match module {
        "memory" => format!("{target}_{module}"),
        _ => format!("{target}_{module}_{}", format!("{epilogue:?}").to_lowercase()),
    }
}

fn expand(
    tile: &Tile,
    epilogue: Epilogue,
    shims: &mut BTreeMap<String, String>,
    rows: &mut BTreeMap<&'static str, String>,
) {
    let (target, family) = (&tile.target, tile.family());
    let call = family.call(target, if epilogue == Epilogue::Curve { "Curve" } else { "Clamp" });
    let module = module(tile, epilogue);
    let token = format!("{}::assume()", target.token);
    let body = match epilogue {
        Epilogue::CurveAfter => format!("let s = {token}; curve_rows::after(s, args, |args| {call}(s, args))"),
        Epilogue::Clamp | Epilogue::Curve => format!("{call}({token}, args)"),
    };
    let shims = shims.entry(module.clone()).or_default();
    let suffix = if epilogue == Epilogue::Curve { "_curve" } else { "" };
    let name = format!("f32_{}{suffix}__{}", family.name(), target.name);
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
        args = family.args(),
    )
    .expect("writing to a string");
    writeln!(
        rows.entry(family.family()).or_default(),
        "    Kernel {{ name: \"{name}\", isa: Isa::{}, dtype: DType::F32, epilogue: EpilogueKind::{epilogue:?}, shape: {}, run: {module}::{name} }},",
        target.variant,
        family.shape(target),
    )
    .expect("writing to a string");
}
