#!/usr/bin/env bash
# What the library is made of and what it shows: licences, sources and duplicates of dependencies (cargo-deny), and the public API
# against docs/public-api.txt (cargo-public-api, which needs nightly). Says what it skipped.
# After a change of the API that is meant: `bash .ci/supply.sh update`, and commit the difference.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=${CARGO_TARGET_DIR:-$PWD/target}/supply
export PATH="$work/tools/bin:$PATH"

# install CRATE VERSION: a cargo plugin, unoptimised, for this script alone.
install() {
    command -v "$1" >/dev/null ||
        CARGO_TARGET_DIR="$work/build" CARGO_PROFILE_DEV_DEBUG=0 cargo install "$1" --version "^$2" --locked --debug --quiet --root "$work/tools"
}

check_dependencies() {
    if ! install cargo-deny 0.20.2; then
        echo "skipped: cargo-deny cannot be installed"
        return
    fi
    local manifest
    for manifest in Cargo.toml python/Cargo.toml benches/peers/Cargo.toml fuzz/Cargo.toml; do
        echo "--- $manifest"
        cargo deny --locked --manifest-path "$manifest" --config "$PWD/deny.toml" --workspace check licenses bans sources
    done
}

# Only the library's own items: what traits of the standard library add for every type is left out.
check_public_api() {
    if ! rustup run nightly rustc --version >/dev/null 2>&1; then
        echo "skipped: public API: there is no nightly compiler"
        return
    fi
    if ! install cargo-public-api 0.52.0; then
        echo "skipped: cargo-public-api cannot be installed"
        return
    fi
    if [ ! -e docs/public-api.txt ] && [ "${1:-}" != update ]; then
        echo "skipped: public API: there is no docs/public-api.txt yet; bash .ci/supply.sh update makes it"
        return
    fi
    local now=$work/public-api.txt
    cargo public-api --package sepconv --simplified --simplified --simplified >"$now"
    if [ "${1:-}" = update ]; then
        cp "$now" docs/public-api.txt
    elif ! diff -u docs/public-api.txt "$now"; then
        echo "the public API is not what docs/public-api.txt says; if that is meant: bash .ci/supply.sh update" >&2
        return 1
    fi
    echo "$(wc -l <"$now") public items, as docs/public-api.txt lists them"
}

mkdir -p "$work"
check_dependencies
check_public_api "${1:-}"
