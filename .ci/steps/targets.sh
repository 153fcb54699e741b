# Other targets and the oldest compiler; sourced by .ci/run.

# What rust-version states.
oldest_version() {
    sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml
}

# The library and its tests with the oldest compiler, type-checked with all kernels; the test programs then run with portable ones.
cargo_oldest() {
    cargo "+$(oldest_version).0" "$@" --package sepconv --target-dir "$target/oldest"
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

# Tests that cannot run there: they start threads, or catch a panic, which ends the program.
WASM_SKIPPED=(invariance::every_operator_on_one_to_eight_threads invariance::more_threads_than_work invariance::number_of_threads
    sharing::a_clone_outlives_the_original sharing::a_panic_of_the_executor_is_passed_on
    sharing::eight_threads_run_one_operator_thousands_of_times sharing::executors_that_misbehave_break_nothing
    sharing::threads_share_one_operator_with_a_workspace_each)

# The library's suite under Node.js, on one thread and without an executor of threads: with 128-bit vectors, and without any.
# Of Node.js's two compilers the simple one: the other one of version 20 ends with a fault after properties::depthwise has passed.
test_wasm() {
    local name=wasm32-wasip1 features
    if ! has_target "$name"; then
        skip "WebAssembly: no rustup that has $name"
        return
    fi
    if ! command -v node >/dev/null && ! apt_install nodejs; then
        skip "WebAssembly: no Node.js to run it"
        return
    fi
    for features in +simd128 -simd128; do
        echo "--- target-feature=$features"
        # shellcheck disable=SC2046
        RUSTFLAGS="$RUSTFLAGS -C target-feature=$features" CARGO_PROFILE_DEV_DEBUG=0 \
            CARGO_TARGET_WASM32_WASIP1_RUNNER="node --no-warnings --liftoff-only $PWD/.ci/wasi.mjs" \
            cargo test --package sepconv --no-default-features --test suite --target "$name" --target-dir "$target/wasm" \
            -- $(printf -- '--skip %s ' "${WASM_SKIPPED[@]}")
    done
}
