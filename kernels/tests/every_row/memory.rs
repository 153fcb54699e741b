//! Rows that move memory: copies of input rows, and measurements of the CPU.

use crate::check::{Outcome, UNTOUCHED};
use crate::numbers::{Grid, Numbers};
use crate::rows::{Family, Row};
use sepconv_kernels::copy_rows::RowArgs;
use sepconv_kernels::probe::{Probe, ProbeArgs};

/// One call.
#[derive(Debug)]
struct Copy {
    rows: usize,
    available: usize,
    start: isize,
    stride: usize,
    /// Floats of a group, and between groups.
    group: usize,
    step: usize,
    len: usize,
    pad: bool,
    gap: usize,
}

pub fn test_copies(row: &Row, grid: Grid, tried: &mut usize) -> Outcome {
    let Family::Copy { run } = row.family else { return Ok(()) };
    let l = row.lanes;
    for len in grid.of(&[l - 1, l, l + 1, 1, 2 * l + 1, 5 * l + 2, 0], 3) {
        for start in grid.of(&[-1, 0, 1, -3, 4, -4 * l as isize, 9 * l as isize], 2) {
            for stride in [1, 2, 3, 5] {
                for short in [-2, 0, 3, -100] {
                    for [group, step] in [[1, 1], [1, 2], [1, 7], [2, 2], [2, 5], [l, l], [l, l + 3], [l - 1, 2 * l]] {
                        *tried += 1;
                        let mut numbers = Numbers::of_case(*tried);
                        let end = start + (len * stride) as isize + short;
                        let available = numbers.pick(&[end.max(0) as usize, end.max(1) as usize]);
                        let (rows, pad, gap) =
                            (numbers.pick(&[1, 3]), numbers.pick(&[true, false]), numbers.pick(&[0, 5]));
                        let copy = Copy { rows, available, start, stride, group, step, len, pad, gap };
                        copy.check(run, &mut numbers)?;
                        if stride == 1 && group == step {
                            // Groups that stand side by side may be of any size.
                            let wide = 3 * l + 1;
                            Copy { group: wide, step: wide, ..copy }.check(run, &mut numbers)?;
                        }
                    }
                }
            }
        }
    }
    for available in grid.of(&[2 * l - 1, 2 * l, 2 * l + 1, l - 1, l, l + 1, 1, 2, 3, 4 * l + 3, 5 * l, 6 * l - 1], 4) {
        for rows in [1, 3] {
            *tried += 1;
            split(run, available, rows, &mut Numbers::of_case(*tried))?;
        }
    }
    Ok(())
}

impl Copy {
    fn check(&self, run: unsafe fn(&RowArgs), numbers: &mut Numbers) -> Outcome {
        let Self { rows, available, start, stride, group, step, len, pad, gap } = *self;
        let (row_step, to_step) = (available * step + gap, len * group + gap);
        let mut from = vec![f32::NAN; rows * row_step];
        let mut want = vec![UNTOUCHED; rows * to_step];
        for row in 0..rows {
            for at in 0..available {
                from[row * row_step + at * step..][..group].copy_from_slice(&numbers.many(group));
            }
            for i in 0..len {
                let to = &mut want[row * to_step + i * group..][..group];
                match usize::try_from(start + (i * stride) as isize) {
                    Ok(at) if at < available => to.copy_from_slice(&from[row * row_step + at * step..][..group]),
                    _ if pad => to.fill(0.0),
                    _ => {}
                }
            }
        }
        let mut to = vec![UNTOUCHED; rows * to_step];
        let args = RowArgs {
            from: from.as_ptr(),
            row_step,
            rows,
            available,
            start,
            stride,
            step,
            group,
            to: to.as_mut_ptr(),
            to_step,
            len,
            pad,
            odd: core::ptr::null_mut(),
        };
        // SAFETY: `from` has `available` groups, `step` apart, in each of its rows, `to` room for `len` groups. The level is
        // available: `main.rs` runs no row of another.
        unsafe { run(&args) }
        same(&to, &want, self)
    }
}

/// Even and odd positions apart.
fn split(run: unsafe fn(&RowArgs), available: usize, rows: usize, numbers: &mut Numbers) -> Outcome {
    let (row_step, to_step) = (available + 3, available.div_ceil(2) + 2);
    let from = numbers.many(rows * row_step);
    let mut want = [vec![UNTOUCHED; rows * to_step], vec![UNTOUCHED; rows * to_step]];
    for (row, at) in (0..rows).flat_map(|row| (0..available).map(move |at| (row, at))) {
        want[at % 2][row * to_step + at / 2] = from[row * row_step + at];
    }
    let [mut even, mut odd] = [vec![UNTOUCHED; rows * to_step], vec![UNTOUCHED; rows * to_step]];
    let args = RowArgs {
        from: from.as_ptr(),
        row_step,
        rows,
        available,
        start: 0,
        stride: 0,
        step: 0,
        group: 0,
        to: even.as_mut_ptr(),
        to_step,
        len: 0,
        pad: true,
        odd: odd.as_mut_ptr(),
    };
    // SAFETY: `from` has `available` floats in each of its rows, `even` and `odd` room for half of them, rounded up. The level is
    // available: `main.rs` runs no row of another.
    unsafe { run(&args) }
    same(&even, &want[0], &("even", available, rows))?;
    same(&odd, &want[1], &("odd", available, rows))
}

fn same(got: &[f32], want: &[f32], case: &dyn std::fmt::Debug) -> Outcome {
    match got.iter().zip(want).position(|(got, want)| got.to_bits() != want.to_bits()) {
        Some(at) => Err(format!("element {at} is {}, not {}: {case:?}", got[at], want[at])),
        None => Ok(()),
    }
}

pub fn test_probes(row: &Row, grid: Grid, tried: &mut usize) -> Outcome {
    let Family::Probe { chains, run } = row.family else { return Ok(()) };
    for (what, name) in
        [(Probe::MulAdd, "mul_add"), (Probe::Read, "read"), (Probe::Write, "write"), (Probe::Copy, "copy")]
    {
        for len in grid.of(&[64, 192, 0], 2) {
            for rounds in [0, 1, 100] {
                *tried += 1;
                let from = Numbers::of_case(*tried).many(len);
                let mut to = vec![UNTOUCHED; len.max(row.lanes) + 8];
                let args = ProbeArgs { what, rounds, from: from.as_ptr(), to: to.as_mut_ptr(), len };
                // SAFETY: `from` and `to` have `len` floats, `to` a vector at least. The level is available: `main.rs` runs
                // no row of another.
                unsafe { run(&args) }
                let most = |lane: usize| from.iter().skip(lane).step_by(row.lanes).fold(0.0, |a: f32, &b| a.max(b));
                let written = match what {
                    Probe::MulAdd => {
                        chains_end(&to[..row.lanes], chains, rounds)?;
                        to[..row.lanes].to_vec()
                    }
                    Probe::Read => (0..row.lanes).map(most).collect(),
                    Probe::Write => vec![1.0; len],
                    Probe::Copy => from.clone(),
                };
                let rest = vec![UNTOUCHED; to.len() - written.len()];
                same(&to, &[written, rest].concat(), &(name, len, rounds))?;
            }
        }
    }
    Ok(())
}

/// Sums of all chains and once more the first: of ones that tiny products are added to, or of what goes from 10⁻³ towards 10.
fn chains_end(total: &[f32], chains: usize, rounds: usize) -> Outcome {
    let chain = (0..rounds).fold(1e-3, |x: f64, _| 0.9999 * x + 1e-3);
    for &total in total {
        let each = f64::from(total) / (chains + 1) as f64;
        if each != 1.0 && (each - chain).abs() > 1e-4 * chain {
            return Err(format!("{chains} chains of {rounds} rounds come to {total}"));
        }
    }
    Ok(())
}
