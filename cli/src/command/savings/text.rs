//! The comparison for people.

use super::compare::Savings;
use crate::output::threads_text;
use sepconv_console::{Align, markdown};
use std::io::{Result, Write};

/// Writes all of it.
pub(super) fn write(out: &mut dyn Write, savings: &Savings) -> Result<()> {
    let times = |sizes: &[usize]| sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
    let Savings { input, kernel, output, stride, padding, .. } = savings;
    writeln!(
        out,
        "Input {}, kernel {}, output {}, stride {}, padding {padding:?} (top, left, bottom, right)\n",
        times(input),
        times(kernel),
        times(output),
        times(stride)
    )?;
    let m = &savings.multiplications;
    writeln!(out, "Multiplications")?;
    writeln!(out, "  dense      {}", m.dense)?;
    writeln!(out, "  separable  {} = depthwise {} + pointwise {}", m.separable, m.depthwise, m.pointwise)?;
    if m.dense != savings.multiplications_inside.dense {
        let m = &savings.multiplications_inside;
        writeln!(out, "  without padded taps: dense {}, separable {}", m.dense, m.separable)?;
    }
    writeln!(
        out,
        "  predicted  1/Nc + 1/(kh·kw) = 1/{} + 1/{} = {:.4} of the dense work, {:.2} times less",
        output[2],
        kernel[0] * kernel[1],
        savings.predicted_ratio,
        1.0 / savings.predicted_ratio
    )?;
    writeln!(out, "  counted    {:.4}\n", savings.counted_ratio)?;
    writeln!(out, "{}\n", time_table(savings))?;
    writeln!(out, "Dense:     {}\nSeparable: {}", savings.dense.kernel, savings.separable.kernel)?;
    let worst = savings.dense.err_over_bound.max(savings.separable.err_over_bound);
    let threads = threads_text(savings.threads);
    writeln!(out, "{}, {}, {}, f32, {threads} (naive: 1)", savings.cpu, savings.isa, savings.layout)?;
    match savings.verified {
        true => writeln!(out, "Every output is within its error bound (largest error {worst:.2} of the bound)."),
        false => writeln!(out, "WRONG results: the largest error is {worst:.3e} times its bound."),
    }
}

fn time_table(savings: &Savings) -> String {
    let numbers = ["dense", "separable", "separable / dense", "times less"].map(|name| (name, Align::Right));
    let headings = [&[("time, µs", Align::Left)], &numbers[..]].concat();
    let (dense, separable) = (&savings.dense, &savings.separable);
    let naive = ("naive", dense.naive_us, separable.naive_us, savings.measured_ratio.naive);
    let fast = ("fast", dense.fast_us, separable.fast_us, savings.measured_ratio.fast);
    let rows = [naive, fast].map(|(name, dense, separable, ratio)| {
        vec![
            name.to_owned(),
            format!("{dense:.3}"),
            format!("{separable:.3}"),
            format!("{ratio:.4}"),
            format!("{:.2}", 1.0 / ratio),
        ]
    });
    markdown(&headings, rows)
}
