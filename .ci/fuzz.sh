#!/usr/bin/env bash
# Smoke test of the fuzz targets: some seconds (default 60 in all), from the committed corpus, with the address sanitizer.
# `bash .ci/fuzz.sh 3600` fuzzes for an hour. Needs a nightly compiler; says what it skipped.
#
# Only the portable kernels are built, because the others take too long to compile with instrumentation, and what fuzzing is
# to reach, checks, plans, packing and loop nests, is the same for all. `bash .ci/fuzz.sh 3600 all` builds every kernel.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. .ci/packages.sh

seconds=${1:-60}
targets=(specs_and_views runs)
work=${CARGO_TARGET_DIR:-$PWD/target}/fuzz

skip() {
    echo "skipped: $1"
    exit 0
}

has_toolchain nightly || skip "fuzzing: there is no nightly compiler"
[ "$(uname -sm)" = "Linux x86_64" ] || skip "fuzzing: the recipe is for x86-64 Linux"
command -v c++ >/dev/null || skip "fuzzing: there is no C++ compiler to build libFuzzer"
# The newest one when this was written.
cargo_install cargo-fuzz ^0.13.2 || skip "fuzzing: cargo-fuzz cannot be installed"

# Calls in place of inline checks: kernels with whole inline checks take much longer to compile.
flags=-Cllvm-args=-asan-instrumentation-with-call-threshold=0
if [ "${2:-}" = all ]; then
    build=$work/all
else
    build=$work/portable
    flags="$flags --cfg sepconv_portable_only"
fi

unset CARGO_TARGET_DIR
for target in "${targets[@]}"; do
    begun=$SECONDS
    RUSTFLAGS=$flags cargo +nightly fuzz build --codegen-units 16 --target-dir "$build" "$target"
    echo "$target: built in $((SECONDS - begun)) s"
    # What is found on the way goes to a folder of its own: the committed corpus stays small.
    found=$work/corpus/$target
    mkdir -p "$found"
    RUSTFLAGS=$flags cargo +nightly fuzz run --codegen-units 16 --target-dir "$build" "$target" "$found" "fuzz/corpus/$target" -- \
        -max_total_time=$((seconds / ${#targets[@]})) -max_len=512 -timeout=30 -rss_limit_mb=4096 -print_final_stats=1 \
        >"$work/$target.log" 2>&1 || { tail -n 100 "$work/$target.log"; exit 1; }
    grep -E '^(Done|stat::number_of_executed_units)' "$work/$target.log"
done
