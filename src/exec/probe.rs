//! The ceilings of a CPU: how fast one thread multiplies and adds, reads, writes and copies.
//!
//! Each function does a stated amount of work; time it to get a rate. They are what `sepconv info` measures with.

use crate::buffer::AlignedBuffer;
use crate::error::Result;
use crate::isa::Isa;
use crate::kernels::probe::{Probe, ProbeArgs};
use crate::kernels::registry::{self, KERNELS, KernelFn, KernelKind};

/// Runs `rounds` of independent multiply-adds in registers and returns how many floating-point operations that was
/// (a multiply-add is two).
pub fn multiply_add(isa: Isa, rounds: usize) -> Result<u64> {
    let chains = run(isa, Probe::MulAdd, rounds, &[], &mut [])?;
    Ok(2 * (rounds * chains * registry::lanes(isa)) as u64)
}

/// Reads every element once, up to the last multiple of 64. Returns the bytes read.
pub fn read(isa: Isa, from: &[f32]) -> Result<u64> {
    run(isa, Probe::Read, 0, from, &mut [])?;
    Ok(bytes(from.len()))
}

/// Writes every element once, up to the last multiple of 64. Returns the bytes written.
pub fn write(isa: Isa, to: &mut [f32]) -> Result<u64> {
    let len = to.len();
    run(isa, Probe::Write, 0, &[], to)?;
    Ok(bytes(len))
}

/// Copies every element of the shorter slice, up to the last multiple of 64. Returns the bytes read and written together.
pub fn copy(isa: Isa, from: &[f32], to: &mut [f32]) -> Result<u64> {
    let len = from.len().min(to.len());
    run(isa, Probe::Copy, 0, &from[..len], &mut to[..len])?;
    Ok(2 * bytes(len))
}

const fn bytes(len: usize) -> u64 {
    (len / 64 * 64 * size_of::<f32>()) as u64
}

/// Runs the probe kernel of an instruction set; returns its number of chains of multiply-adds.
fn run(isa: Isa, what: Probe, rounds: usize, from: &[f32], to: &mut [f32]) -> Result<usize> {
    let isa = isa.require()?;
    let mut sink = AlignedBuffer::zeroed(64);
    let writes = matches!(what, Probe::Write | Probe::Copy);
    let len = if writes { to.len() } else { from.len() } / 64 * 64;
    let to = if writes { to.as_mut_ptr() } else { sink.as_mut_slice().as_mut_ptr() };
    let args = ProbeArgs { what, rounds, from: from.as_ptr(), to, len };
    for kernel in KERNELS.iter().filter(|kernel| kernel.isa == isa) {
        if let (KernelKind::Probe { chains }, KernelFn::Probe(run)) = (kernel.kind, kernel.run) {
            // SAFETY: `require` says that the CPU has the kernel's features; `len` floats are inside the slices that `what`
            // uses, and `sink` holds the vector that the others write.
            unsafe { run(&args) };
            return Ok(chains);
        }
    }
    unreachable!("every instruction set has a probe kernel: the registry's test says so")
}
