# Other targets and the oldest compiler; sourced by .ci/run.

# What rust-version states.
oldest_version() {
    sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml
}

# The library and its tests with the oldest compiler, type-checked with all kernels; the test programs then run with portable ones.
cargo_oldest() {
    cargo "+$(oldest_version).0" "$@" --package sepconv --package sepconv-kernels --target-dir "$target/oldest"
}

has_oldest() {
    has_toolchain "$(oldest_version).0" && return
    skip "the oldest compiler: no rustup that has $(oldest_version).0"
    return 1
}

check_oldest() {
    has_oldest || return 0
    cargo_oldest check --lib --tests --examples
    cargo_oldest check --lib --no-default-features
}

test_oldest() {
    has_oldest || return 0
    RUSTFLAGS="$RUSTFLAGS --cfg sepconv_portable_only" cargo_oldest test --lib --tests
}

# Library, C library and program; nothing is linked, so that no foreign linker is needed.
check_targets() {
    local name
    for name in x86_64-pc-windows-msvc aarch64-apple-darwin x86_64-apple-darwin; do
        if has_target "$name"; then
            echo "$name"
            cargo check --quiet --package sepconv --package sepconv-capi --package sepconv-cli --target "$name" --target-dir "$target/check"
        else
            skip "type check for $name: no rustup that has its standard library"
        fi
    done
}

# The suite's core under Node.js, on one thread and without an executor of threads: with 128-bit vectors, and without any. What is
# left out (NATIVE_ONLY) is also what starts threads or catches a panic, which is not to be had there.
test_wasm() {
    local name=wasm32-wasip1
    if ! has_target "$name"; then
        skip "WebAssembly: no rustup that has $name"
        return
    fi
    if ! command -v node >/dev/null && ! apt_install nodejs; then
        skip "WebAssembly: no Node.js to run it"
        return
    fi
    build_wasm -simd128
    build_wasm +simd128
    at_once "run_wasm -simd128" "run_wasm +simd128"
}

# cargo_wasm FEATURE ARGUMENT...
cargo_wasm() {
    RUSTFLAGS="$RUSTFLAGS -C target-feature=$1" CARGO_PROFILE_DEV_DEBUG=0 \
        cargo "${@:2}" --package sepconv --no-default-features --test suite --target wasm32-wasip1 --target-dir "$target/wasm"
}

build_wasm() {
    cargo_wasm "$1" test --no-run
}

# Of Node.js's two compilers the simple one: the other one of version 20 ended with a fault after properties::depthwise had passed.
run_wasm() {
    local suite
    suite=$(library_tests cargo_wasm "$1" test --quiet)
    echo "--- target-feature=$1"
    node --no-warnings --liftoff-only .ci/wasi.mjs "$suite" "${NATIVE_ONLY[@]}"
}
