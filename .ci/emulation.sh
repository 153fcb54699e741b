# Steps of .ci/run that run tests on emulated CPUs; sourced by it. docs/dispatch.md has the matrix and the rule for its subset.

A64=aarch64-unknown-linux-gnu
A64_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
matrix=()

# Debian's compiler has a standard library for aarch64, rustup's needs another download.
install_cross_tools() {
    local version
    if [ "$(uname -m)" != x86_64 ]; then
        skip "emulated CPUs: the recipe is for x86-64 hosts, this is $(uname -m)"
        return
    fi
    if have_cross_tools; then
        emulators=yes
        return
    fi
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        skip "emulated CPUs: their tools are missing, and only root on Debian can install them here"
        return
    fi
    export DEBIAN_FRONTEND=noninteractive
    dpkg --add-architecture arm64
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends \
        rustc-web gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user llvm-22 >/dev/null
    version=$(dpkg-query -W -f '${Version}' rustc-web)
    # Installed as a package it would pull in half a foreign system.
    (cd /var/tmp && apt-get download -qq "libstd-rust-web-dev:arm64=$version" &&
        dpkg -x libstd-rust-web-dev_*_arm64.deb / && rm libstd-rust-web-dev_*_arm64.deb)
    have_cross_tools
    emulators=yes
}

have_cross_tools() {
    local tool
    for tool in qemu-aarch64 qemu-x86_64 aarch64-linux-gnu-gcc llvm-mca-22 /usr/bin/rustc; do
        command -v "$tool" >/dev/null || return 1
    done
    [ -d "$(/usr/bin/rustc --print target-libdir --target $A64)" ]
}

# cargo for aarch64, with test programs that record the kernels that they call.
cargo_a64() {
    RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
        CARGO_PROFILE_TEST_DEBUG=0 CARGO_PROFILE_DEV_DEBUG=0 RUSTFLAGS="--cfg sepconv_record_kernels" \
        cargo "$@" --target $A64 --target-dir target/a64
}

# executables COMMAND...: builds tests with a cargo command, and prints where those of the library are.
executables() {
    "$@" --no-run 2>&1 | tee >(cat >&2) | grep -v 'unittests src/main.rs\|tests/cli/' | sed -n 's/.*Executable .*(\(.*\))$/\1/p'
}

# Tests that vary what must not change a result, or draw problems at random: executed natively, and no kernel is theirs alone.
NATIVE_ONLY=(--skip invariance:: --skip properties::)
# On further models with the same instruction sets: modules that execute every kernel, also at borders and with special values.
EVERY_KERNEL=(every_kernel:: depthwise_windows:: special_values:: uninitialised::)

# emulate ARCH MODEL EXTENT ISAS FEATURES RUNNER BINARY...: runs test programs on an emulated CPU. ISAS must be what is
# detected, the last of them used; FEATURES what else the CPU has; all kernels of ISAS must have run in the end.
emulate() {
    local arch=$1 model=$2 extent=$3 isas=$4 features=$5 runner=$6 binary log names begun=$SECONDS
    shift 6
    log=$(mktemp)
    names=$(mktemp)
    export SEPCONV_TEST_RUNNER="$runner -cpu $model" SEPCONV_RECORD_KERNELS=$names
    export SEPCONV_EXPECT="detected=$isas used=${isas##*,} features=$features"
    echo "$arch $model: $SEPCONV_EXPECT"
    for binary; do
        # The emulator itself needs more address space than that test allows.
        local chosen=(--skip a_pool_that_cannot_be_made_is_an_error)
        case $binary in
            */suite-*)
                chosen=("${NATIVE_ONLY[@]}")
                [ "$extent" = all ] || chosen=("${EVERY_KERNEL[@]}")
                ;;
        esac
        if ! $SEPCONV_TEST_RUNNER "$binary" "${chosen[@]}" >"$log" 2>&1; then
            cat "$log"
            return 1
        fi
        grep '^test result' "$log"
        cat "$log" >>"$names.log"
    done
    unset SEPCONV_TEST_RUNNER SEPCONV_EXPECT SEPCONV_RECORD_KERNELS
    cargo run --quiet --package xtask -- kernels-ran "$arch" "$isas" "$names" | tee "$log"
    local passed
    passed=$(sed -n 's/^test result: ok. \([0-9]*\) passed.*/\1/p' "$names.log" | paste -sd+)
    matrix+=("$(printf '%-8s %-14s %-14s %4s tests  %s  %d s' "$arch" "$model" "$isas" "$((passed))" \
        "$(grep ran "$log" | sed 's/ kernels ran//' | paste -sd,)" "$((SECONDS - begun))")")
    rm "$log" "$names" "$names.log"
}

test_on_aarch64() {
    [ "${emulators:-}" = yes ] || return 0
    local binaries
    # Together with the program, so that both take the same library.
    binaries=$(executables cargo_a64 test --package sepconv --package sepconv-cli --lib --bins --tests)
    emulate aarch64 max all portable,neon neon,fp16,dotprod,i8mm,bf16,sve,sve2 "$A64_RUNNER" $binaries
    emulate aarch64 neoverse-n1 kernels portable,neon neon,fp16,dotprod "$A64_RUNNER" $binaries
    emulate aarch64 cortex-a53 kernels portable,neon neon "$A64_RUNNER" $binaries
}

# Random problems, by the program itself.
verify_on_aarch64() {
    [ "${emulators:-}" = yes ] || return 0
    local isa
    for isa in neon portable; do
        $A64_RUNNER -cpu max target/a64/$A64/debug/sepconv verify --isa $isa --count 2000
    done
}

# The native test programs, on CPUs with less than this one.
test_on_x86_64() {
    [ "${emulators:-}" = yes ] || return 0
    local binaries
    binaries=$(executables cargo_recording test --package sepconv --lib --tests)
    emulate x86_64 Haswell all portable,avx2 fma,avx2,f16c qemu-x86_64 $binaries
    emulate x86_64 Haswell,-fma kernels portable avx2,f16c qemu-x86_64 $binaries
    emulate x86_64 Nehalem kernels portable "" qemu-x86_64 $binaries
    emulate x86_64 qemu64 kernels portable "" qemu-x86_64 $binaries
}

asm_gate_aarch64() {
    [ "${emulators:-}" = yes ] || return 0
    RUSTC=/usr/bin/rustc cargo run --quiet --package xtask -- asm-gate aarch64
    RUSTC=/usr/bin/rustc cargo run --quiet --package xtask -- mca
}

show_matrix() {
    printf '%s\n' "${matrix[@]:-no CPU was emulated}"
}
