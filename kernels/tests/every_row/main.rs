//! Every row of the registry against scalar loops in double precision, called directly with arguments made from its shape: a row
//! that no selection ever picks is tested as well, and a new one without a change here.
//!
//! With `SEPCONV_ISA` only the rows of that level run, and with `SEPCONV_EVERY_ROW=brief` fewer sizes: for emulators.

mod activation;
mod check;
mod lane_channels;
mod lane_columns;
mod memory;
mod numbers;
mod products;
mod rows;

use check::Outcome;
use numbers::Grid;
use rows::{Family, Row};
use sepconv_kernels::Isa;
use sepconv_kernels::isa::ISA_VARIABLE;

/// A row in every way that it accepts; returns how many calls were compared.
fn test(row: &Row, grid: Grid) -> Result<usize, String> {
    let mut tried = 0;
    let outcome: Outcome = match row.family {
        Family::LanesOfPixels { .. } => {
            lane_channels::test_lines(row, grid, &mut tried).and_then(|()| lane_columns::test(row, grid, &mut tried))
        }
        Family::LanesOfColumns { .. } | Family::TwoChannels { .. } | Family::ColumnsChw { .. } => {
            lane_columns::test(row, grid, &mut tried)
        }
        Family::ColumnsHwc { .. } => lane_channels::test_columns(row, grid, &mut tried),
        Family::PixelTile { .. } | Family::ChannelTile { .. } | Family::FewPixels { .. } => {
            products::test(row, grid, &mut tried)
        }
        Family::Copy { .. } => memory::test_copies(row, grid, &mut tried),
        Family::Probe { .. } => memory::test_probes(row, grid, &mut tried),
    };
    outcome.map_err(|problem| format!("{}: {problem}", row.name)).map(|()| tried)
}

/// The levels to test: the one that is forced, or all that are here.
fn levels() -> Vec<Isa> {
    match std::env::var_os(ISA_VARIABLE).is_some_and(|name| !name.is_empty()) {
        true => vec![Isa::preferred().expect("the level that is forced is available")],
        false => Isa::available().to_vec(),
    }
}

#[test]
fn every_row_computes_what_scalar_loops_do() {
    let brief = std::env::var("SEPCONV_EVERY_ROW").is_ok_and(|value| value == "brief");
    let grid = if brief { Grid::Brief } else { Grid::Full };
    let (all, levels) = (rows::all(), levels());
    let mut failures = Vec::new();
    for &isa in Isa::ALL {
        let rows = Vec::from_iter(all.iter().filter(|row| row.isa == isa));
        if !levels.contains(&isa) {
            println!("not run: {isa}, {} rows", rows.len());
            continue;
        }
        assert!(!rows.is_empty(), "{isa} has no rows");
        let mut calls = 0;
        for row in &rows {
            match test(row, grid) {
                Ok(0) => failures.push(format!("{}: no call was made", row.name)),
                Ok(tried) => calls += tried,
                Err(problem) => failures.push(problem),
            }
        }
        println!("{isa}: {} rows, {calls} calls compared", rows.len());
    }
    assert!(failures.is_empty(), "{} rows fail:\n{}", failures.len(), failures.join("\n"));
}
