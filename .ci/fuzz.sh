#!/usr/bin/env bash
# Smoke test of the fuzz targets: each for some seconds (default 60 in all), from the committed corpus, with the address
# sanitizer. `bash .ci/fuzz.sh 3600` fuzzes for an hour. Needs a nightly compiler; says what it skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-60}
targets=(specs_and_views runs)
work=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
# The newest one when this was written.
cargo_fuzz=0.13.2

skip() {
    echo "skipped: $1"
    exit 0
}

command -v rustup >/dev/null && rustup run nightly rustc --version >/dev/null 2>&1 || skip "fuzzing: there is no nightly compiler"
[ "$(uname -sm)" = "Linux x86_64" ] || skip "fuzzing: the recipe is for x86-64 Linux"
export PATH="$work/tools/bin:$PATH"
command -v cargo-fuzz >/dev/null ||
    CARGO_TARGET_DIR="$work/cargo-fuzz" cargo install cargo-fuzz --version "^$cargo_fuzz" --locked --debug --quiet --root "$work/tools"

unset CARGO_TARGET_DIR
for target in "${targets[@]}"; do
    # What is found on the way goes to a folder of its own: the committed corpus stays small.
    mkdir -p "$work/corpus/$target" "fuzz/corpus/$target"
    cargo +nightly fuzz run --target-dir "$work/target" "$target" "$work/corpus/$target" "fuzz/corpus/$target" -- \
        -max_total_time=$((seconds / ${#targets[@]})) -rss_limit_mb=4096 -print_final_stats=1 2>&1 |
        tee "$work/$target.log" | grep -E '^stat::number_of_executed_units|panicked|ERROR|SUMMARY|Test unit|DONE' ||
        { cat "$work/$target.log"; exit 1; }
done
