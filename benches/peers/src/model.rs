//! The harness's model files: a list of nodes in JSON, weights, input and expected output as plain little-endian `f32`.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::fs;
use std::path::Path;

/// One model: its description and its numbers.
pub struct Model {
    /// What `NAME.json` says.
    pub spec: Spec,
    /// Weights and biases of all nodes, where the nodes' offsets say.
    pub weights: Vec<f32>,
    /// Input, channels first.
    pub input: Vec<f32>,
    /// Expected output, channels first.
    pub reference: Vec<f32>,
}

/// The description of a model.
#[derive(Debug, Deserialize)]
pub struct Spec {
    pub name: String,
    /// Layer that the model repeats.
    pub layer: String,
    /// What the summary puts it under.
    pub group: String,
    /// How often the layer is repeated.
    pub copies: usize,
    /// Channels, height, width of the input.
    #[serde(rename = "in")]
    pub input: [usize; 3],
    /// Multiply-adds.
    pub macs: f64,
    /// In the order in which they run; node `i` makes value `i + 1`, value 0 is the input.
    pub nodes: Vec<Node>,
}

/// One node. Nodes without weights leave most of the fields out.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub struct Node {
    /// `dw`, `pw`, `conv`, `add`, `gap` or `fc`.
    pub op: String,
    pub cin: usize,
    pub cout: usize,
    /// Kernel, stride and padding, the same on both axes and all sides.
    pub k: usize,
    pub s: usize,
    pub p: usize,
    /// `relu6`, or `none` or nothing.
    pub act: String,
    /// The other value of an `add`.
    pub with: usize,
    /// Offsets in elements of `NAME.w.bin`.
    pub w_off: usize,
    pub b_off: usize,
}

impl Default for Node {
    fn default() -> Self {
        let [op, act] = [const { String::new() }; 2];
        Self { op, cin: 0, cout: 0, k: 1, s: 1, p: 0, act, with: 0, w_off: 0, b_off: 0 }
    }
}

/// Names of all models in a folder.
pub fn names(folder: &Path) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Entry {
        name: String,
    }
    let path = folder.join("index.json");
    let bytes = fs::read(&path).with_context(|| format!("cannot read {path:?}"))?;
    let entries: Vec<Entry> = serde_json::from_slice(&bytes).with_context(|| format!("{path:?}"))?;
    Ok(entries.into_iter().map(|entry| entry.name).collect())
}

impl Model {
    /// Reads the four files of a model.
    pub fn load(folder: &Path, name: &str) -> Result<Self> {
        let read = |ending: &str| {
            let path = folder.join(format!("{name}.{ending}"));
            fs::read(&path).with_context(|| format!("cannot read {path:?}"))
        };
        let floats = |ending: &str| read(ending).map(|bytes| from_bytes(&bytes));
        Ok(Self {
            spec: serde_json::from_slice(&read("json")?)?,
            weights: floats("w.bin")?,
            input: floats("in.bin")?,
            reference: floats("ref.bin")?,
        })
    }

    /// Weights (output channels first) and bias of a node with so many weights.
    pub fn parameters(&self, node: &Node, weights: usize) -> Result<[&[f32]; 2]> {
        let part = |from: usize, len: usize| self.weights.get(from..from.checked_add(len)?);
        match (part(node.w_off, weights), part(node.b_off, node.cout)) {
            (Some(weights), Some(bias)) => Ok([weights, bias]),
            _ => bail!("the weights of a node {:?} lie beyond the end of the file", node.op),
        }
    }
}

fn from_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|chunk| f32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]])).collect()
}
