# What the compiler made of the kernels; sourced by .ci/run.

# Both architectures at once, because the compiler's front end takes a while of each on one core; then what a model says of NEON.
asm_gates() {
    local host=x86_64 gates=()
    if [ "$(uname -m)" = $host ]; then
        gates+=("cargo run --quiet --package xtask -- asm-gate $host")
    else
        skip "asm gate of $host: it reads what this machine's compiler makes, for $(uname -m)"
    fi
    # Built before the two of them ask for it.
    cargo build --quiet --package xtask
    ! install_cross_tools || gates+=("env RUSTC=/usr/bin/rustc cargo run --quiet --package xtask -- asm-gate aarch64")
    at_once "${gates[@]}"
    ! have_cross_tools || RUSTC=/usr/bin/rustc cargo run --quiet --package xtask -- mca
}
