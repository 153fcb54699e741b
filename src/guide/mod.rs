//! The guide: which layout, when to fuse, threads, workspaces, determinism, dispatch.
//!
//! | question | page |
//! |---|---|
//! | HWC or CHW? How are views, crops and frameworks' tensors passed? | [`layout`] |
//! | Separable, inverted residual, or the parts one by one? | [`fusion`] |
//! | How many threads, and whose? | [`threads`] |
//! | Who allocates what, and when? | [`workspaces`] |
//! | Which results have the same bits? How large is an error? | [`determinism`] |
//! | Which instruction set runs, and how is another one forced? | [`dispatch`] |
//!
//! A result takes three steps:
//!
//! ```text
//!  spec ────new──▶ operator ────run──▶ output
//!  plain data      weights packed,     any map size and batch,
//!  checked         immutable, shared   nothing is allocated
//! ```
//!
//! Make the spec and the operator once. Run the operator as often as you like, from as many threads as you like.

/// Which layout: HWC or CHW.
pub mod layout {
    #![doc = include_str!("layout.md")]
}

/// When to fuse.
pub mod fusion {
    #![doc = include_str!("fusion.md")]
}

/// Threads: how many, and whose.
pub mod threads {
    #![doc = include_str!("threads.md")]
}

/// Workspaces: who allocates what, and when.
pub mod workspaces {
    #![doc = include_str!("workspaces.md")]
}

/// Determinism: which results have the same bits, and how large an error is.
pub mod determinism {
    #![doc = include_str!("determinism.md")]
}

/// Dispatch: which instruction set runs, and how another one is forced.
pub mod dispatch {
    #![doc = include_str!("dispatch.md")]
}
