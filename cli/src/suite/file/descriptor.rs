//! Scans one problem line into keys with numbers; what they mean together is decided elsewhere.

use anyhow::{Result, bail};
use sepconv::Activation;

/// Keys of a problem, in no particular order. Longer names would have to stand before their prefixes.
const KEYS: [&str; 16] =
    ["mb", "ic", "oc", "ih", "iw", "oh", "ow", "kh", "kw", "sh", "sw", "dh", "dw", "ph", "pw", "g"];

/// No size, stride or padding of a real problem is larger; products of two still fit a machine word.
const LARGEST: usize = 1 << 24;

const ACTIVATIONS: [(&str, Activation); 6] = [
    ("identity", Activation::Identity),
    ("relu", Activation::Relu),
    ("relu6", Activation::Relu6),
    ("leaky-relu", Activation::LeakyRelu { slope: 0.01 }),
    ("hard-swish", Activation::HardSwish),
    ("silu", Activation::Silu),
];

/// One problem as it stands on the line.
#[derive(Debug, Default)]
pub(super) struct Descriptor {
    numbers: Vec<(&'static str, usize)>,
    /// What stands between the quotes of `n"..."`.
    pub name: Option<String>,
    /// The activation named after the keys.
    pub activation: Activation,
}

impl Descriptor {
    /// The number of a key, if it was given.
    pub fn get(&self, key: &str) -> Option<usize> {
        self.numbers.iter().find(|(known, _)| *known == key).map(|&(_, number)| number)
    }
}

/// A position on a line.
pub(super) struct Scanner<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub const fn new(line: &'a str) -> Self {
        Self { line, at: 0 }
    }

    /// What has not been scanned.
    pub fn rest(&self) -> &'a str {
        self.line.get(self.at..).unwrap_or_default()
    }

    /// Skips white space; true if nothing or a comment follows.
    pub fn at_end(&mut self) -> bool {
        self.at = self.line.len() - self.rest().trim_start().len();
        self.rest().is_empty() || self.rest().starts_with('#')
    }

    /// The line up to here, that is without its comment once everything is scanned.
    pub fn text_before_comment(&self) -> &'a str {
        self.line.get(..self.at).unwrap_or(self.line).trim()
    }

    /// Skips a `+` that joins two problems.
    pub fn take_plus(&mut self) -> bool {
        let found = !self.at_end() && self.rest().starts_with('+');
        self.at += usize::from(found);
        found
    }

    /// Keys with numbers, then perhaps an activation.
    pub fn descriptor(&mut self) -> Result<Descriptor> {
        let mut descriptor = Descriptor::default();
        if self.at_end() || self.rest().starts_with('+') {
            bail!("a problem must stand before and after `+`");
        }
        while let Some(first) = self.rest().chars().next().filter(|c| !c.is_whitespace() && !"+#".contains(*c)) {
            if first == '_' {
                self.at += 1;
            } else if self.rest().starts_with("n\"") {
                descriptor.name = Some(self.name()?);
            } else {
                let (key, number) = self.key_and_number()?;
                if descriptor.get(key).is_some() {
                    bail!("the key {key:?} stands here twice");
                }
                descriptor.numbers.push((key, number));
            }
        }
        if !self.at_end() && !self.rest().starts_with('+') {
            descriptor.activation = self.activation()?;
        }
        Ok(descriptor)
    }

    fn name(&mut self) -> Result<String> {
        let quoted = &self.rest()[2..];
        let Some(end) = quoted.find('"') else { bail!("the name {quoted:?} has no closing quote") };
        self.at += 2 + end + 1;
        Ok(quoted[..end].to_owned())
    }

    fn key_and_number(&mut self) -> Result<(&'static str, usize)> {
        let rest = self.rest();
        let Some(&key) = KEYS.iter().find(|key| rest.starts_with(**key)) else {
            let letters: String = rest.chars().take_while(|c| c.is_alphabetic()).collect();
            let shown = if letters.is_empty() { rest } else { &letters };
            bail!("unknown key {shown:?}; the keys are {} and n\"...\"", KEYS.join(", "));
        };
        let after = &rest[key.len()..];
        let digits = &after[..after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len()];
        if digits.is_empty() {
            bail!("the key {key:?} needs a number");
        }
        let Some(number) = digits.parse().ok().filter(|&number: &usize| number <= LARGEST) else {
            bail!("{key}{digits} is too large; the largest number is {LARGEST}");
        };
        self.at += key.len() + digits.len();
        Ok((key, number))
    }

    fn activation(&mut self) -> Result<Activation> {
        let rest = self.rest();
        let word = &rest[..rest.find(|c: char| c.is_whitespace() || "+#".contains(c)).unwrap_or(rest.len())];
        let Some((_, activation)) = ACTIVATIONS.iter().find(|(name, _)| *name == word) else {
            let names = ACTIVATIONS.map(|(name, _)| name).join(", ");
            bail!("unknown activation {word:?}; known are {names}");
        };
        self.at += word.len();
        Ok(*activation)
    }
}
