//! One separable block of MobileNetV1, run so many times on one thread: `mobilenet_v1 BLOCK fast|naive TIMES`.
//!
//! A run of two times less a run of one is the work of one block and nothing else: that is how `cargo run -p xtask -- instructions`
//! counts the instructions of emulated CPUs.

use sepconv::{
    Activation, DepthwiseSpec, Operator, Padding, PointwiseSpec, Separable, SeparableSpec, Serial, Shape, TensorMut,
    TensorRef, Weights, Workspace, reference,
};
use std::process::ExitCode;

/// Size of the square map, input channels, stride, output channels.
const BLOCKS: [(usize, usize, usize, usize); 13] = [
    (112, 32, 1, 64),
    (112, 64, 2, 128),
    (56, 128, 1, 128),
    (56, 128, 2, 256),
    (28, 256, 1, 256),
    (28, 256, 2, 512),
    (14, 512, 1, 512),
    (14, 512, 1, 512),
    (14, 512, 1, 512),
    (14, 512, 1, 512),
    (14, 512, 1, 512),
    (14, 512, 2, 1024),
    (7, 1024, 1, 1024),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let numbers = |at: usize| arguments.get(at).and_then(|text| text.parse::<usize>().ok());
    let block = numbers(0).and_then(|number| BLOCKS.get(number.checked_sub(1)?));
    let fast = arguments.get(1).map(|which| which == "fast");
    let (Some(&block), Some(fast), Some(times)) = (block, fast, numbers(2)) else {
        eprintln!("usage: mobilenet_v1 BLOCK fast|naive TIMES, with a block of 1 to 13");
        return ExitCode::from(2);
    };
    match run(block, fast, times) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run((size, channels, stride, out): (usize, usize, usize, usize), fast: bool, times: usize) -> sepconv::Result<()> {
    let depthwise = DepthwiseSpec::new(channels, [3, 3]).stride([stride; 2]).padding(Padding::Same);
    let pointwise = PointwiseSpec::new(channels, out).activation(Activation::Relu6);
    let spec = SeparableSpec::new(depthwise.activation(Activation::Relu6), pointwise);
    let numbers = |len: usize| -> Vec<f32> { (0..len).map(|i| (i % 5) as f32 - 2.0).collect() };
    let (dw, pw) = (numbers(channels * 9), numbers(channels * out));
    let weights = [Weights::torch(&dw), Weights::torch(&pw)];
    let block = Separable::new(&spec, weights, [None, None])?;
    let shape = Shape::new(1, channels, size, size);
    let map = numbers(shape.len()?);
    let input = TensorRef::new(&map, shape, block.layout())?;
    let output_shape = block.output_shape(shape)?;
    let mut output = vec![0.0; output_shape.len()?];
    let mut workspace = Workspace::new(block.workspace_len(shape, 1)?);
    for _ in 0..times {
        if fast {
            let mut target = TensorMut::new(&mut output, output_shape, block.layout())?;
            block.run(&input, &mut target, &mut workspace, &Serial)?;
        } else {
            output = reference::separable::<f32>(&spec, &input, weights, [None, None])?;
        }
    }
    println!("outputs {} sum {}", output.len(), output.iter().map(|&y| f64::from(y)).sum::<f64>());
    Ok(())
}
