//! A model as a list of steps: operators of sepconv, and the few things between them that are no convolutions.

use crate::buffer::Buffer;
use crate::model::{Model, Node};
use anyhow::{Context, Result, bail, ensure};
use sepconv::{
    Activation, Conv2d, Conv2dSpec, Depthwise, DepthwiseSpec, Executor, InvertedResidual, InvertedResidualSpec, Layout,
    Operator, Padding, Pointwise, PointwiseSpec, Separable, SeparableSpec, Shape, TensorMut, TensorRef, Weights,
    Workspace,
};

/// A prepared model with all its memory.
pub struct Network {
    layout: Layout,
    steps: Vec<Step>,
    /// Memory of the values; values that are not needed at the same time share one.
    buffers: Vec<Buffer>,
    workspace: Workspace,
    input: Place,
    output: Place,
}

/// Where a value stands, and its shape.
#[derive(Debug, Clone, Copy)]
struct Place {
    buffer: usize,
    shape: Shape,
}

enum Step {
    /// One operator.
    Run { operator: Box<dyn Operator>, from: Place, to: Place },
    /// Adds one value to another.
    Add { from: Place, to: Place },
    /// The mean of each channel.
    Mean { from: Place, to: Place },
}

impl Network {
    /// Packs the weights and plans the memory for so many threads. Without `blocks`, every layer is an operator of its own.
    pub fn new(model: &Model, layout: Layout, blocks: bool, threads: usize) -> Result<Self> {
        let [c, h, w] = model.spec.input;
        let mut memory = Memory::new(model);
        let input = memory.allot(0, Shape::new(1, c, h, w))?;
        let (mut steps, mut next, mut last) = (vec![], 0, input);
        while let Some(node) = model.spec.nodes.get(next) {
            // Nodes that this step covers: its value is that of the last of them.
            let covered = if blocks { memory.block(next) } else { 1 };
            let value = next + covered;
            let step = match node.op.as_str() {
                "add" => {
                    ensure!(memory.last_use[next] == next, "an add whose first operand is needed later");
                    let from = memory.place(node.with)?;
                    ensure!(from.shape == last.shape, "an add of {} and {}", from.shape, last.shape);
                    memory.hand_over(next, value);
                    Step::Add { from, to: last }
                }
                "gap" => {
                    let to = memory.allot(value, Shape { h: 1, w: 1, ..last.shape })?;
                    Step::Mean { from: last, to }
                }
                _ => {
                    let operator = operator(model, &model.spec.nodes[next..value], layout)?;
                    let to = memory.allot(value, operator.output_shape(last.shape)?)?;
                    Step::Run { operator, from: last, to }
                }
            };
            last = match &step {
                Step::Run { to, .. } | Step::Add { to, .. } | Step::Mean { to, .. } => *to,
            };
            memory.release_until(value);
            steps.push(step);
            next = value;
        }
        let needs = steps.iter().map(|step| match step {
            Step::Run { operator, from, .. } => Ok(operator.workspace_len(from.shape, threads)?),
            Step::Add { .. } | Step::Mean { .. } => Ok(0),
        });
        let needs = needs.collect::<Result<Vec<usize>>>()?;
        let workspace = Workspace::new(needs.into_iter().max().unwrap_or(0));
        let buffers = memory.sizes.iter().map(|&len| Buffer::new(len)).collect();
        Ok(Self { layout, steps, buffers, workspace, input, output: last })
    }

    /// Copies in an input that has channels first.
    pub fn set_input(&mut self, input: &[f32]) {
        let (shape, layout) = (self.input.shape, self.layout);
        let to = &mut self.buffers[self.input.buffer].as_mut_slice()[..input.len()];
        for_each_pixel(shape, layout, |planar, place| to[place] = input[planar]);
    }

    /// The output, channels first.
    pub fn output(&self) -> Vec<f32> {
        let (shape, layout) = (self.output.shape, self.layout);
        let from = self.buffers[self.output.buffer].as_slice();
        let mut output = vec![0.0; shape.c * shape.h * shape.w];
        for_each_pixel(shape, layout, |planar, place| output[planar] = from[place]);
        output
    }

    /// Runs all steps.
    pub fn run(&mut self, executor: &dyn Executor) -> Result<()> {
        let Self { layout, steps, buffers, workspace, .. } = self;
        for step in steps.iter() {
            let (Step::Run { from, to, .. } | Step::Add { from, to } | Step::Mean { from, to }) = step;
            // No step reads and writes the same buffer, so the target can be taken out for a moment.
            let mut target = std::mem::take(&mut buffers[to.buffer]);
            let source = &buffers[from.buffer].as_slice()[..from.shape.len()?];
            let written = &mut target.as_mut_slice()[..to.shape.len()?];
            match step {
                Step::Run { operator, .. } => {
                    let source = TensorRef::new(source, from.shape, *layout)?;
                    let mut written = TensorMut::new(written, to.shape, *layout)?;
                    operator.run(&source, &mut written, workspace, executor)?;
                }
                Step::Add { .. } => written.iter_mut().zip(source).for_each(|(sum, more)| *sum += more),
                Step::Mean { .. } => mean(source, written, from.shape, *layout),
            }
            buffers[to.buffer] = target;
        }
        Ok(())
    }

    /// Kernels of the operators.
    pub fn kernels(&self) -> Vec<String> {
        let kernel = |step: &Step| match step {
            Step::Run { operator, .. } => Some(operator.kernel_name().to_owned()),
            Step::Add { .. } | Step::Mean { .. } => None,
        };
        self.steps.iter().filter_map(kernel).collect()
    }
}

/// Gives values their buffers and takes them back after their last use.
struct Memory<'a> {
    nodes: &'a [Node],
    places: Vec<Option<Place>>,
    /// The last node that reads each value; the end of the list for the output.
    last_use: Vec<usize>,
    /// Elements of each buffer.
    sizes: Vec<usize>,
    free: Vec<usize>,
}

impl<'a> Memory<'a> {
    fn new(model: &'a Model) -> Self {
        let nodes = &model.spec.nodes;
        // A node reads the value before it, and an add one more. The input stays what it is from run to run.
        let mut last_use: Vec<usize> = (0..=nodes.len()).collect();
        last_use[0] = nodes.len();
        for (i, node) in nodes.iter().enumerate().filter(|(_, node)| node.op == "add") {
            if let Some(last) = last_use.get_mut(node.with) {
                *last = (*last).max(i);
            }
        }
        Self { nodes, places: vec![None; nodes.len() + 1], last_use, sizes: vec![], free: vec![] }
    }

    /// How many nodes from this one on are one block, so that nobody else reads what is between them: a separable block, an
    /// inverted residual with or without its sum, or a node on its own.
    fn block(&self, first: usize) -> usize {
        const BLOCKS: [&[&str]; 3] = [&["pw", "dw", "pw", "add"], &["pw", "dw", "pw"], &["dw", "pw"]];
        let is_block = |ops: &&&[&str]| {
            let nodes = self.nodes.get(first..first + ops.len()).unwrap_or_default();
            let inner = first + 1..first + ops.len();
            nodes.iter().map(|node| node.op.as_str()).eq(ops.iter().copied())
                && nodes.last().is_some_and(|last| last.op != "add" || last.with == first)
                && inner.into_iter().all(|value| self.last_use[value] == value)
        };
        BLOCKS.iter().find(is_block).map_or(1, |ops| ops.len())
    }

    fn place(&self, value: usize) -> Result<Place> {
        self.places.get(value).copied().flatten().with_context(|| format!("value {value} is not there"))
    }

    /// A free buffer for a value, as large as it needs.
    fn allot(&mut self, value: usize, shape: Shape) -> Result<Place> {
        let len = shape.len()?;
        let buffer = self.free.pop().unwrap_or_else(|| {
            self.sizes.push(0);
            self.sizes.len() - 1
        });
        self.sizes[buffer] = self.sizes[buffer].max(len);
        let place = Place { buffer, shape };
        self.places[value] = Some(place);
        Ok(place)
    }

    /// A value takes the place of another, which nobody reads any more.
    fn hand_over(&mut self, from: usize, to: usize) {
        self.places[to] = self.places[from].take();
    }

    /// Frees the buffers of values that no node from `next` on reads.
    fn release_until(&mut self, next: usize) {
        for value in 0..next {
            if self.last_use[value] < next {
                self.free.extend(self.places[value].take().map(|place| place.buffer));
            }
        }
    }
}

/// The operator for one node or for a block.
fn operator(model: &Model, nodes: &[Node], layout: Layout) -> Result<Box<dyn Operator>> {
    let ops: Vec<&str> = nodes.iter().map(|node| node.op.as_str()).collect();
    Ok(match (ops.as_slice(), nodes) {
        (["dw"], [node]) => {
            let (spec, [weights, bias]) = depthwise(model, node, layout)?;
            Box::new(Depthwise::new(&spec, Weights::torch(weights), Some(bias))?)
        }
        // A linear layer is a pointwise one on a map of one pixel.
        (["pw" | "fc"], [node]) => {
            let (spec, [weights, bias]) = pointwise(model, node, layout)?;
            Box::new(Pointwise::new(&spec, Weights::torch(weights), Some(bias))?)
        }
        (["conv"], [node]) => {
            let spec = Conv2dSpec::new(node.cin, node.cout, [node.k; 2]).stride([node.s; 2]);
            let spec = spec.padding(Padding::uniform(node.p)).layout(layout).activation(activation(node)?);
            let [weights, bias] = model.parameters(node, spec.weights_len()?)?;
            Box::new(Conv2d::new(&spec, Weights::torch(weights), Some(bias))?)
        }
        (["dw", "pw"], [first, second]) => {
            let (dw, first) = depthwise(model, first, layout)?;
            let (pw, second) = pointwise(model, second, layout)?;
            let parameters = [first, second];
            let weights = parameters.map(|[weights, _]| Weights::torch(weights));
            let bias = parameters.map(|[_, bias]| Some(bias));
            Box::new(Separable::new(&SeparableSpec::new(dw, pw), weights, bias)?)
        }
        (["pw", "dw", "pw", ..], [first, second, third, sum @ ..]) => {
            let (expand, first) = pointwise(model, first, layout)?;
            let (dw, second) = depthwise(model, second, layout)?;
            let (project, third) = pointwise(model, third, layout)?;
            let spec = InvertedResidualSpec::new(Some(expand), dw, project).residual(!sum.is_empty());
            let parameters = [first, second, third];
            let weights = parameters.map(|[weights, _]| Weights::torch(weights));
            Box::new(InvertedResidual::new(&spec, weights, parameters.map(|[_, bias]| Some(bias)))?)
        }
        _ => bail!("no operator for {ops:?}"),
    })
}

fn depthwise<'a>(model: &'a Model, node: &Node, layout: Layout) -> Result<(DepthwiseSpec, [&'a [f32]; 2])> {
    let spec = DepthwiseSpec::new(node.cin, [node.k; 2]).stride([node.s; 2]).padding(Padding::uniform(node.p));
    let spec = spec.layout(layout).activation(activation(node)?);
    Ok((spec, model.parameters(node, spec.weights_len()?)?))
}

fn pointwise<'a>(model: &'a Model, node: &Node, layout: Layout) -> Result<(PointwiseSpec, [&'a [f32]; 2])> {
    let spec = PointwiseSpec::new(node.cin, node.cout).stride([node.s; 2]).layout(layout);
    let spec = spec.activation(activation(node)?);
    Ok((spec, model.parameters(node, spec.weights_len()?)?))
}

fn activation(node: &Node) -> Result<Activation> {
    match node.act.as_str() {
        "" | "none" => Ok(Activation::Identity),
        "relu6" => Ok(Activation::Relu6),
        other => bail!("no activation {other:?}"),
    }
}

/// Calls `pixel` with the index of every element with channels first and with its index in this layout.
fn for_each_pixel(shape: Shape, layout: Layout, mut pixel: impl FnMut(usize, usize)) {
    let pixels = shape.h * shape.w;
    for c in 0..shape.c {
        for i in 0..pixels {
            let planar = c * pixels + i;
            pixel(planar, if layout == Layout::Hwc { i * shape.c + c } else { planar });
        }
    }
}

/// The mean of each channel.
fn mean(from: &[f32], to: &mut [f32], shape: Shape, layout: Layout) {
    let pixels = shape.h * shape.w;
    match layout {
        Layout::Hwc => {
            to.fill(0.0);
            for pixel in from.chunks_exact(shape.c) {
                to.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += value);
            }
            to.iter_mut().for_each(|sum| *sum /= pixels as f32);
        }
        _ => {
            let means = from.chunks_exact(pixels).map(|plane| plane.iter().sum::<f32>() / pixels as f32);
            to.iter_mut().zip(means).for_each(|(to, mean)| *to = mean);
        }
    }
}
