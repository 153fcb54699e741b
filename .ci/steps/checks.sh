# The machine, and what needs no kernel to run; sourced by .ci/run.

# Rust where there is none: Debian's current toolchain, which it keeps for web browsers.
install_toolchain() {
    if [ -f "$HOME/.cargo/env" ] && ! command -v cargo >/dev/null; then
        . "$HOME/.cargo/env"
    fi
    if command -v cargo >/dev/null; then
        return
    fi
    echo "no cargo: installing Debian's rustc-web, cargo-web and a C linker"
    apt_install rustc-web cargo-web gcc libc6-dev
    # Without these two their steps are skipped, and said to be.
    apt_install rustfmt-web rust-web-clippy || true
}

show_machine() {
    rustc --version
    cargo --version
    echo "cores: $(nproc)"
    grep -m1 '^model name' /proc/cpuinfo || true
    local flag
    for flag in avx2 fma avx512f avx512bw avx512vl avx512dq avx512_vnni; do
        if cpu_has "$flag"; then echo "$flag: yes"; else echo "$flag: no"; fi
    done
    df -h --output=avail "$PWD" | tail -n 1 | sed 's/^ */free disk: /'
}

# cpu_has FLAG...: by the names of /proc/cpuinfo.
cpu_has() {
    local flag flags
    flags=" $(grep -m1 '^flags' /proc/cpuinfo || true) "
    for flag; do
        [[ $flags == *" $flag "* ]] || return 1
    done
}

check_format() {
    if cargo fmt --version >/dev/null 2>&1; then
        cargo fmt --all --check
    else
        skip "format: this toolchain has no rustfmt"
    fi
}

check_lints() {
    if cargo clippy --version >/dev/null 2>&1; then
        cargo clippy --workspace --all-targets --all-features -- -D warnings
        cargo clippy --package sepconv --all-targets --no-default-features -- -D warnings
    else
        skip "lints: this toolchain has no clippy"
    fi
}

check_docs() {
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
}

check_readme() {
    cargo run --quiet --package xtask -- readme
}

# Arrows between modules, and what documents repeat of the code.
check_repository() {
    cargo run --quiet --package xtask -- arrows
    cargo run --quiet --package xtask -- tables
}

# What the kernels of the release build cost; counts, which are the same on every machine.
check_build_cost() {
    released cargo run --quiet --package xtask -- build-cost
}
