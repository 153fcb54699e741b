//! The ceilings of a CPU: how fast one thread multiplies and adds, reads, writes and copies.
//!
//! Each function does a stated amount of work; time it to get a rate. They are what `sepconv info` measures with.

use crate::error::Result;
use crate::isa::Isa;
use sepconv_kernels::probe::{Probe, ProbeArgs};
use sepconv_kernels::registry::{self, Family};

/// Runs `rounds` of independent multiply-adds in registers and returns how many floating-point operations that was
/// (a multiply-add is two).
pub fn multiply_add(isa: Isa, rounds: usize) -> Result<u64> {
    let chains = run(isa, Probe::MulAdd, rounds, 1, &[], &mut [])?;
    Ok(2 * (rounds * chains * registry::lanes(isa)) as u64)
}

/// Reads every element so many times, up to the last multiple of 64. Returns the bytes read.
pub fn read(isa: Isa, from: &[f32], passes: usize) -> Result<u64> {
    run(isa, Probe::Read, 0, passes, from, &mut [])?;
    Ok(bytes(from.len(), passes))
}

/// Writes every element so many times, up to the last multiple of 64. Returns the bytes written.
pub fn write(isa: Isa, to: &mut [f32], passes: usize) -> Result<u64> {
    let len = to.len();
    run(isa, Probe::Write, 0, passes, &[], to)?;
    Ok(bytes(len, passes))
}

/// Copies every element of the shorter slice so many times, up to the last multiple of 64. Returns the bytes read and written
/// together.
pub fn copy(isa: Isa, from: &[f32], to: &mut [f32], passes: usize) -> Result<u64> {
    let len = from.len().min(to.len());
    run(isa, Probe::Copy, 0, passes, &from[..len], &mut to[..len])?;
    Ok(2 * bytes(len, passes))
}

const fn bytes(len: usize, passes: usize) -> u64 {
    (len / 64 * 64 * size_of::<f32>()) as u64 * passes as u64
}

/// Runs the probe kernel of an instruction set so many times; returns its number of chains of multiply-adds.
fn run(isa: Isa, what: Probe, rounds: usize, passes: usize, from: &[f32], to: &mut [f32]) -> Result<usize> {
    let isa = isa.require()?;
    // Room for a vector of any instruction set.
    let mut sink = [0.0f32; 64];
    let writes = matches!(what, Probe::Write | Probe::Copy);
    let len = if writes { to.len() } else { from.len() } / 64 * 64;
    let to = if writes { to.as_mut_ptr() } else { sink.as_mut_ptr() };
    let args = ProbeArgs { what, rounds, from: from.as_ptr(), to, len };
    let kernel = registry::Probe::KERNELS.iter().find(|kernel| kernel.isa == isa);
    let kernel = kernel.expect("every instruction set has a probe kernel: the registry's test says so");
    // SAFETY: `require` says that the CPU has the kernel's features; `len` floats are inside the slices that `what`
    // uses, and `sink` holds the vector that the others write.
    (0..passes).for_each(|_| unsafe { (kernel.run)(&args) });
    Ok(kernel.shape.chains)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_probe_does_the_work_that_it_states() {
        let from: Vec<f32> = (0..200u16).map(f32::from).collect();
        for &isa in Isa::available() {
            let work = multiply_add(isa, 10).unwrap();
            assert!(work >= 2 * 10 * registry::lanes(isa) as u64 && work.is_multiple_of(20), "{isa}: {work}");
            assert_eq!(read(isa, &from, 3), Ok(3 * 4 * 192));
            let mut to = vec![-1.0; 200];
            assert_eq!(copy(isa, &from, &mut to, 1), Ok(2 * 4 * 192));
            assert_eq!(to[..192], from[..192]);
            assert_eq!(to[192..], [-1.0; 8]);
            assert_eq!(write(isa, &mut to, 2), Ok(2 * 4 * 192));
            assert_eq!((to[..192].iter().all(|&x| x == to[0]), to[0] != -1.0, to[192]), (true, true, -1.0), "{isa}");
        }
    }
}
