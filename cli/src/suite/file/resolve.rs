//! Gives the keys of a problem line their meaning: defaults, padding that follows from sizes, and which operation it is.

use super::descriptor::Descriptor;
use crate::problem::{Work, explicit_padding};
use anyhow::{Result, anyhow, bail};
use sepconv::{Conv2dSpec, DepthwiseSpec, Padding, PointwiseSpec, SeparableSpec, Shape, Window};

/// The problem of one descriptor.
pub(super) fn single(descriptor: &Descriptor) -> Result<(Shape, Work)> {
    let need = |key: &str| descriptor.get(key).ok_or_else(|| anyhow!("the key {key:?} is missing"));
    let [ih, iw] = pair(descriptor, ["ih", "iw"], 1).ok_or_else(|| anyhow!("the key \"ih\" is missing"))?;
    let input = Shape::new(descriptor.get("mb").unwrap_or(1), need("ic")?, ih, iw);
    let window = window(descriptor, [ih, iw])?;
    let work = operation(descriptor, input.c, need("oc")?, &window)?;
    Ok((input, work))
}

/// The block of two descriptors: depthwise, then pointwise on what comes out of it.
pub(super) fn separable(first: &Descriptor, second: &Descriptor) -> Result<(Shape, Work)> {
    let (input, work) = single(first)?;
    let Work::Depthwise(depthwise) = work else { bail!("the problem before `+` is not depthwise (g = ic)") };
    let middle = depthwise.output_shape(input).map_err(|error| anyhow!(error))?;
    for (key, size) in [("mb", middle.n), ("ic", middle.c), ("ih", middle.h), ("iw", middle.w)] {
        if let Some(given) = second.get(key).filter(|given| *given != size) {
            bail!("{key}{given} after `+` does not follow from the first problem, which gives {key}{size}");
        }
    }
    let window = window(second, [middle.h, middle.w])?;
    let out = second.get("oc").ok_or_else(|| anyhow!("the key \"oc\" is missing after `+`"))?;
    let Work::Pointwise(pointwise) = operation(second, middle.c, out, &window)? else {
        bail!("the problem after `+` is not pointwise (1×1, no groups, no padding)");
    };
    Ok((input, Work::Separable(SeparableSpec::new(depthwise, pointwise))))
}

fn operation(descriptor: &Descriptor, ic: usize, oc: usize, window: &Window) -> Result<Work> {
    let activation = descriptor.activation;
    match descriptor.get("g").unwrap_or(1) {
        1 if window.kernel == [1, 1] && window.padding == explicit_padding([0; 4]) => {
            Ok(Work::Pointwise(PointwiseSpec::new(ic, oc).stride(window.stride).activation(activation)))
        }
        1 => {
            let mut spec = Conv2dSpec::new(ic, oc, window.kernel).activation(activation);
            spec.window = *window;
            Ok(Work::Conv2d(spec))
        }
        groups if groups != ic || groups == 0 => {
            bail!("{groups} groups on {ic} channels: only dense (g1) and depthwise (g = ic) are offered")
        }
        _ if !oc.is_multiple_of(ic) || oc == 0 => bail!("depthwise: oc{oc} is not a multiple of ic{ic}"),
        _ => {
            let mut spec = DepthwiseSpec::new(ic, window.kernel).multiplier(oc / ic).activation(activation);
            spec.window = *window;
            Ok(Work::Depthwise(spec))
        }
    }
}

/// Both axes of a pair of keys: w follows h; h is `neutral` if only w is given.
fn pair(descriptor: &Descriptor, keys: [&str; 2], neutral: usize) -> Option<[usize; 2]> {
    match keys.map(|key| descriptor.get(key)) {
        [Some(h), Some(w)] => Some([h, w]),
        [Some(h), None] => Some([h, h]),
        [None, Some(w)] => Some([neutral, w]),
        [None, None] => None,
    }
}

fn window(descriptor: &Descriptor, input: [usize; 2]) -> Result<Window> {
    let mut window = Window::new(pair(descriptor, ["kh", "kw"], 1).unwrap_or([1; 2]));
    window.stride = pair(descriptor, ["sh", "sw"], 1).unwrap_or([1; 2]);
    window.dilation = pair(descriptor, ["dh", "dw"], 0).unwrap_or([0; 2]).map(|extra| extra + 1);
    let output = pair(descriptor, ["oh", "ow"], 1);
    let padding = pair(descriptor, ["ph", "pw"], 0);
    let span = window.span().map_err(|error| anyhow!(error))?;
    let sides = [0, 1].map(|i| {
        // What the wished output needs beyond the input; none if it fits inside.
        let missing =
            output.map(|output| (output[i].saturating_sub(1) * window.stride[i] + span[i]).saturating_sub(input[i]));
        match (missing, padding) {
            (None, None) => (0, 0),
            (None, Some(padding)) => (padding[i], padding[i]),
            (Some(missing), None) => (missing / 2, missing - missing / 2),
            (Some(missing), Some(padding)) => (padding[i], missing.saturating_sub(padding[i])),
        }
    });
    let [(top, bottom), (left, right)] = sides;
    window.padding = Padding::Explicit { top, left, bottom, right };
    let placed = window.place(input).map_err(|error| anyhow!(error))?;
    for (i, key) in ["oh", "ow"].into_iter().enumerate() {
        let (wished, actual) = (output.map(|output| output[i]), placed.output[i]);
        if let Some(wished) = wished.filter(|&wished| wished != actual) {
            bail!("{key}{wished} does not fit the other sizes, which give {key}{actual}");
        }
    }
    Ok(window)
}
