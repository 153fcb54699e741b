//! One block of a MobileNet: depthwise 3×3, ReLU6, pointwise, ReLU6, on whole numbers, so that the result is exact everywhere.

use sepconv::{
    Activation, DepthwiseSpec, Operator, Padding, PointwiseSpec, Separable, SeparableSpec, Serial, Shape, TensorRef,
    Weights,
};

fn main() -> sepconv::Result<()> {
    let depthwise = DepthwiseSpec::new(32, [3, 3]).padding(Padding::Same).activation(Activation::Relu6);
    let pointwise = PointwiseSpec::new(32, 64).activation(Activation::Relu6);
    let numbers = |len: usize| -> Vec<f32> { (0..len).map(|i| (i % 5) as f32 - 2.0).collect() };
    let (dw, pw) = (numbers(32 * 3 * 3), numbers(32 * 64));
    let weights = [Weights::torch(&dw), Weights::torch(&pw)];
    let block = Separable::new(&SeparableSpec::new(depthwise, pointwise), weights, [None, None])?;

    let shape = Shape::new(1, 32, 112, 112);
    let map = numbers(shape.len()?);
    let output = block.run_to_vec(&TensorRef::new(&map, shape, block.layout())?, &Serial)?;
    println!("{} -> {}", shape, block.output_shape(shape)?);
    println!("sum {}, first {:?}", output.iter().map(|&y| f64::from(y)).sum::<f64>(), &output[..6]);
    Ok(())
}
