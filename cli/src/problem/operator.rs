//! From a piece of work to something that runs: the library's operator, its reference, and the threads to run on.

use super::data::Parameters;
use super::work::Work;
use sepconv::reference::{self, Number};
use sepconv::{Conv2d, Depthwise, Executor, Isa, Operator, Pointwise, Rayon, Result, Separable, Serial, TensorRef};

/// The library's operator for this work, made for one instruction set.
pub fn build(work: &Work, parameters: &Parameters, isa: Isa) -> Result<Box<dyn Operator>> {
    let (weights, bias) = (|i| parameters.stage_weights(i), |i| parameters.stage_bias(i));
    Ok(match work {
        Work::Depthwise(spec) => Box::new(Depthwise::with_isa(spec, weights(0), bias(0), isa)?),
        Work::Pointwise(spec) => Box::new(Pointwise::with_isa(spec, weights(0), bias(0), isa)?),
        Work::Conv2d(spec) => Box::new(Conv2d::with_isa(spec, weights(0), bias(0), isa)?),
        Work::Separable(spec) => {
            Box::new(Separable::with_isa(spec, [weights(0), weights(1)], [bias(0), bias(1)], isa)?)
        }
    })
}

/// The library's naive scalar path for this work.
pub fn reference<T: Number>(work: &Work, parameters: &Parameters, input: &TensorRef<'_>) -> Result<Vec<T>> {
    let (weights, bias) = (|i| parameters.stage_weights(i), |i| parameters.stage_bias(i));
    match work {
        Work::Depthwise(spec) => reference::depthwise(spec, input, weights(0), bias(0)),
        Work::Pointwise(spec) => reference::pointwise(spec, input, weights(0), bias(0)),
        Work::Conv2d(spec) => reference::conv2d(spec, input, weights(0), bias(0)),
        Work::Separable(spec) => reference::separable(spec, input, [weights(0), weights(1)], [bias(0), bias(1)]),
    }
}

/// The threads that a run uses.
pub enum Crew {
    /// The calling thread.
    One(Serial),
    /// A rayon pool.
    Pool(Rayon),
}

impl Crew {
    /// One thread is the calling one; more are a pool.
    pub fn new(threads: usize) -> Result<Self> {
        if threads == 1 { Ok(Self::One(Serial)) } else { Rayon::new(threads).map(Self::Pool) }
    }

    /// How many there are.
    pub fn threads(&self) -> usize {
        self.executor().threads()
    }

    /// As the library wants it.
    pub fn executor(&self) -> &dyn Executor {
        match self {
            Self::One(serial) => serial,
            Self::Pool(pool) => pool,
        }
    }

    /// Calls `work` from inside the pool, so that the runs in it need not enter the pool one by one.
    pub fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match self {
            Self::One(_) => work(),
            Self::Pool(pool) => pool.install(work),
        }
    }
}
