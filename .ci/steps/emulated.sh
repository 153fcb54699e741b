# Steps that run tests on CPUs emulated by QEMU; sourced by .ci/run. docs/dispatch.md has the matrix and the rule for its subset.

A64=aarch64-unknown-linux-gnu
declare -A RUNNERS=([x86_64]=qemu-x86_64 [aarch64]="qemu-aarch64 -L /usr/aarch64-linux-gnu"
    [arm]="qemu-arm -L /usr/arm-linux-gnueabihf" [ppc64]="qemu-ppc64 -L /usr/powerpc64-linux-gnu")

# Debian's compiler has a standard library for aarch64, rustup's needs another download. One at a time: steps run beside each other.
install_cross_tools() {
    if [ "$(uname -m)" != x86_64 ]; then
        skip "emulated CPUs: the recipe is for x86-64 hosts, this is $(uname -m)"
        return 1
    fi
    ! have_cross_tools || return 0
    if [ "$(id -u)" != 0 ] || ! command -v dpkg >/dev/null; then
        skip "emulated CPUs: their tools are missing, and only root on Debian can install them here"
        return 1
    fi
    (flock 8 && fetch_cross_tools) 8>"$tools/cross-lock"
    have_cross_tools || exit 1
}

fetch_cross_tools() {
    local version
    ! have_cross_tools || return 0
    dpkg --add-architecture arm64
    rm -f "$tools/lists"
    apt_install rustc-web gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user llvm-22
    version=$(dpkg-query -W -f '${Version}' rustc-web)
    # Installed as a package it would pull in half a foreign system.
    (cd /var/tmp && apt-get download -qq "libstd-rust-web-dev:arm64=$version" &&
        dpkg -x libstd-rust-web-dev_*_arm64.deb / && rm libstd-rust-web-dev_*_arm64.deb)
}

have_cross_tools() {
    local tool
    for tool in qemu-aarch64 qemu-x86_64 aarch64-linux-gnu-gcc llvm-mca-22 /usr/bin/rustc; do
        command -v "$tool" >/dev/null || return 1
    done
    [ -d "$(/usr/bin/rustc --print target-libdir --target $A64)" ]
}

# cargo for aarch64. Checks that the native tests have already made cost half of the time to compile: they are left out here.
cargo_a64() {
    RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
        CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_DEBUG_ASSERTIONS=false CARGO_PROFILE_DEV_OVERFLOW_CHECKS=false \
        cargo "$@" --target $A64 --target-dir "$target/a64"
}

# Tests that vary what must not change a result, or draw problems at random: executed natively, and no kernel is theirs alone.
# Those with forbidden pages, too: under qemu-x86_64 they end in a fault that no native run shows; why was not found out.
NATIVE_ONLY=(--skip invariance:: --skip sharing:: --skip metamorphic:: --skip properties:: --skip guard_pages:: --skip pages::)
# On further models with the same instruction sets: modules that execute every kernel, also at borders and with special values.
EVERY_KERNEL=(every_kernel:: depthwise_windows:: special_values:: uninitialised::)

# emulate ARCH MODEL EXTENT ISAS FEATURES BINARY...: runs test programs on an emulated CPU. ISAS must be what is detected, the
# last of them used; FEATURES what else the CPU has, - for nothing; all kernels of ISAS must have run in the end.
emulate() {
    local arch=$1 model=$2 extent=$3 isas=$4 features=${5#-} binary log names passed begun=$SECONDS
    shift 5
    log=$(mktemp)
    names=$(mktemp)
    export SEPCONV_TEST_RUNNER="${RUNNERS[$arch]} -cpu $model" SEPCONV_RECORD_KERNELS=$names
    export SEPCONV_EVERY_ROW=brief
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
    unset SEPCONV_TEST_RUNNER SEPCONV_EXPECT SEPCONV_RECORD_KERNELS SEPCONV_EVERY_ROW
    cargo run --quiet --package xtask -- kernels-ran "$arch" "$isas" "$names" >"$log" || {
        cat "$log"
        return 1
    }
    cat "$log"
    passed=$(sed -n 's/^test result: ok. \([0-9]*\) passed.*/\1/p' "$names.log" | paste -sd+)
    printf '%-8s %-14s %-14s %4s tests  %s  %d s\n' "$arch" "$model" "$isas" "$((passed))" \
        "$(sed 's/ kernels ran//' "$log" | paste -sd,)" "$((SECONDS - begun))" >>"$matrix"
    rm "$log" "$names" "$names.log"
}

# verify ISA: random problems on aarch64, by the program itself.
verify() {
    local begun=$SECONDS
    ${RUNNERS[aarch64]} -cpu max "$target/a64/$A64/debug/sepconv" verify --isa "$1" --count 2000
    printf '%-8s %-14s %-14s 2000 random problems  %d s\n' aarch64 max "$1" "$((SECONDS - begun))" >>"$matrix"
}

# On the newest model all of it; what older ones lack is detection's matter, and that is in the rotation.
test_on_aarch64() {
    install_cross_tools || return 0
    local binaries runs
    # Together with the program, so that both take the same library.
    binaries=$(library_tests cargo_a64 test --package sepconv --package sepconv-kernels --package sepconv-cli --lib --bins --tests | paste -sd' ')
    runs=("emulate aarch64 max all portable,neon neon,fp16,dotprod,i8mm,bf16,sve,sve2 $binaries" "verify portable" "verify neon")
    if due aarch64-models; then
        runs+=("emulate aarch64 neoverse-n1 kernels portable,neon neon,fp16,dotprod $binaries"
            "emulate aarch64 cortex-a53 kernels portable,neon neon $binaries")
    else
        skip "aarch64-models: $reason"
    fi
    at_once "${runs[@]}"
}

# The native test programs, on CPUs with less than this one.
test_on_x86_64() {
    install_cross_tools || return 0
    local binaries
    binaries=$(library_tests cargo test --workspace --quiet | paste -sd' ')
    at_once "emulate x86_64 Haswell all portable,avx2 fma,avx2,f16c $binaries" \
        "emulate x86_64 Haswell,-fma kernels portable avx2,f16c $binaries" \
        "emulate x86_64 Nehalem kernels portable - $binaries" \
        "emulate x86_64 qemu64 kernels portable - $binaries"
}
