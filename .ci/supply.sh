#!/usr/bin/env bash
# What the library is made of and what it shows. Says what it skipped.
#   bash .ci/supply.sh dependencies   licences, sources and duplicates of dependencies (cargo-deny)
#   bash .ci/supply.sh public-api     the public API against docs/public-api.txt (cargo-public-api, which needs nightly)
#   bash .ci/supply.sh update         writes that list, after a change of the API that is meant; commit the difference
#   bash .ci/supply.sh                the first two
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. .ci/packages.sh

target=${CARGO_TARGET_DIR:-$PWD/target}

check_dependencies() {
    if ! cargo_install cargo-deny ^0.20.2; then
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
    if ! has_toolchain nightly; then
        echo "skipped: public API: there is no nightly compiler"
        return
    fi
    if ! cargo_install cargo-public-api ^0.52.0; then
        echo "skipped: cargo-public-api cannot be installed"
        return
    fi
    if [ ! -e docs/public-api.txt ] && [ "${1:-}" != update ]; then
        echo "skipped: public API: there is no docs/public-api.txt yet; bash .ci/supply.sh update makes it"
        return
    fi
    local now=$target/public-api/list.txt
    mkdir -p "$target/public-api"
    CARGO_TARGET_DIR=$target/public-api cargo public-api --package sepconv --simplified --simplified --simplified >"$now"
    if [ "${1:-}" = update ]; then
        cp "$now" docs/public-api.txt
    elif ! diff -u docs/public-api.txt "$now"; then
        echo "the public API is not what docs/public-api.txt says; if that is meant: bash .ci/supply.sh update" >&2
        return 1
    fi
    echo "$(wc -l <"$now") public items, as docs/public-api.txt lists them"
}

case ${1:-} in
    dependencies) check_dependencies ;;
    public-api | update) check_public_api "$1" ;;
    "")
        check_dependencies
        check_public_api
        ;;
    *) echo "dependencies, public-api or update, not $1" >&2; exit 2 ;;
esac
