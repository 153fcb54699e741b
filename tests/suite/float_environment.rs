//! Runs leave the floating-point environment as they found it: rounding mode, flushing of denormals, exception masks.

use crate::support::executors::Reverse;
use crate::support::subjects;
use sepconv::{Executor, Serial};

/// The bits of the control register that say how numbers are computed; the flags of what has happened so far left out.
#[cfg(target_arch = "x86_64")]
fn control() -> u64 {
    let mut register = 0u32;
    // SAFETY: stores MXCSR, which every x86-64 CPU has, into a variable of its size.
    unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut register, options(nostack, preserves_flags)) };
    // Bits 0 to 5 are the sticky flags.
    u64::from(register) & !0x3f
}

/// As above: FPCR has no flags, they are in another register.
#[cfg(target_arch = "aarch64")]
fn control() -> u64 {
    let register: u64;
    // SAFETY: reads a register that user programs may read.
    unsafe { std::arch::asm!("mrs {}, fpcr", out(reg) register, options(nomem, nostack, preserves_flags)) };
    register
}

/// Where there is no way to read it, what it does: rounding to nearest, and denormals kept.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn control() -> u64 {
    let (third, denormal) = (1.0 / std::hint::black_box(3.0f32), std::hint::black_box(f32::MIN_POSITIVE) / 2.0);
    u64::from(third.to_bits()) << 32 | u64::from(denormal.to_bits())
}

#[test]
fn is_left_as_it_was_found() {
    let before = control();
    for subject in subjects() {
        let executors: [&dyn Executor; 2] = [&Serial, &Reverse { threads: 3 }];
        for executor in executors {
            subject.run(&mut subject.workspace(3), executor);
            assert_eq!(control(), before, "{}", subject.name);
        }
    }
}
