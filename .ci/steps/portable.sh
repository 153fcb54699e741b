# The portable kernels where there are no others: 32 bits, and big-endian, emulated by QEMU; sourced by .ci/run.

# The compiler's target of each, the emulated model, and how much of the suite runs there.
declare -A PORTABLE_TARGETS=([arm]=armv7-unknown-linux-gnueabihf [ppc64]=powerpc64-unknown-linux-gnu)
declare -A PORTABLE_MODELS=([arm]="max all" [ppc64]="power9 kernels")
declare -A PORTABLE_PACKAGES=([arm]="gcc-arm-linux-gnueabihf libc6-dev-armhf-cross"
    [ppc64]="gcc-powerpc64-linux-gnu libc6-dev-ppc64-cross")
# What the compiler may use beyond the target's oldest CPU; docs/testing.md ("What was found") says why ppc64 has to have it.
declare -A PORTABLE_FLAGS=([arm]="" [ppc64]="-C target-cpu=pwr8")

# cargo_portable ARCH ARGUMENT...
cargo_portable() {
    local arch=$1 flags="$RUSTFLAGS ${PORTABLE_FLAGS[$1]}"
    shift
    RUSTFLAGS=$flags CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER=arm-linux-gnueabihf-gcc \
        CARGO_TARGET_POWERPC64_UNKNOWN_LINUX_GNU_LINKER=powerpc64-linux-gnu-gcc \
        CARGO_PROFILE_DEV_DEBUG=0 cargo "$@" --target "${PORTABLE_TARGETS[$arch]}" --target-dir "$target/$arch"
}

# test_on_portable ARCH. Debian's standard library for these is missing or older than the crate allows; rustup has one.
test_on_portable() {
    local arch=$1 binaries
    install_cross_tools || return 0
    if ! has_target "${PORTABLE_TARGETS[$arch]}"; then
        skip "portable kernels on $arch: no rustup that has its standard library"
        return
    fi
    # shellcheck disable=SC2086
    if ! apt_install ${PORTABLE_PACKAGES[$arch]}; then
        skip "portable kernels on $arch: Debian's linker cannot be installed"
        return
    fi
    binaries=$(library_tests cargo_portable "$arch" test --package sepconv --package sepconv-kernels --lib --tests | paste -sd' ')
    # shellcheck disable=SC2086
    emulate "$arch" ${PORTABLE_MODELS[$arch]} portable - $binaries
}
