#!/usr/bin/env bash
# The library's tests under the address sanitizer. Needs a nightly compiler; says what it skipped.
#   bash .ci/sanitizer.sh portable   tests about memory, with the portable kernels: checks, plans, packing, loop nests
#   bash .ci/sanitizer.sh kernels    the same, and those that execute every kernel, with all kernels
#   bash .ci/sanitizer.sh all        the whole suite with all kernels
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. .ci/packages.sh

what=${1:-kernels}
name=x86_64-unknown-linux-gnu
target=${CARGO_TARGET_DIR:-$PWD/target}
# Every kernel is executed by the first two; the others are about borders, gaps, scratch and threads.
modules=(every_kernel:: depthwise_windows:: garbage:: inverted:: sharing:: special_values:: uninitialised::)

skip() {
    echo "skipped: $1"
    exit 0
}

has_toolchain nightly || skip "address sanitizer: there is no nightly compiler"
[ "$(uname -sm)" = "Linux x86_64" ] || skip "address sanitizer: the recipe is for x86-64 Linux"

# Leaks cannot be searched for where the system does not let one process look into another, as in many containers.
export ASAN_OPTIONS=detect_leaks=0
# Build scripts and macros run on the host and need no sanitizer: with --target, the flags are not theirs.
# Calls in place of inline checks: kernels with inline checks, one for every lane of a mask, take much longer to compile.
export RUSTFLAGS="-Zsanitizer=address -Cllvm-args=-asan-instrumentation-with-call-threshold=0"
folder=$target/sanitizer-all
case $what in
    portable)
        RUSTFLAGS="$RUSTFLAGS --cfg sepconv_portable_only"
        folder=$target/sanitizer
        ;;
    kernels) ;;
    all) modules=() ;;
    *) echo "portable, kernels or all, not $what" >&2; exit 2 ;;
esac
# Line numbers in the reports; optimised a little, because intrinsics that are not inlined take hours, and not more, because
# instrumented kernels take long to compile.
export CARGO_INCREMENTAL=0 CARGO_PROFILE_TEST_OPT_LEVEL=1 CARGO_PROFILE_DEV_OPT_LEVEL=1
export CARGO_PROFILE_TEST_DEBUG=line-tables-only CARGO_PROFILE_DEV_DEBUG=line-tables-only
cargo +nightly test --target "$name" --target-dir "$folder" --package sepconv --test suite -- "${modules[@]}"
