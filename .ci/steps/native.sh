# Tests on this machine's CPU, of development builds and of what users build; sourced by .ci/run.

# The library's tests once for each instruction set, forced; the program says which ones are here. All kernels have to run.
test_each_isa() {
    local binaries binary rows row isa here=() names counts
    names=$(mktemp)
    binaries=$(library_tests cargo test --workspace --quiet)
    rows=$("$target/debug/sepconv" info --output json | tr -d ' \n' | grep -o '{"name":"[a-z0-9]*","available":[a-z]*}')
    for row in $rows; do
        isa=$(sed 's/.*"name":"\([a-z0-9]*\)".*/\1/' <<<"$row")
        case $row in
            *'"available":true'*)
                echo "instruction set: $isa"
                for binary in $binaries; do
                    SEPCONV_RECORD_KERNELS=$names SEPCONV_ISA=$isa "$binary" --quiet
                done
                here+=("$isa")
                ;;
            *) skip "tests forced to $isa: the CPU does not have it" ;;
        esac
    done
    counts=$(cargo run --quiet --package xtask -- kernels-ran "$(uname -m)" "$(IFS=,; echo "${here[*]}")" "$names") || {
        echo "$counts"
        return 1
    }
    echo "$counts"
    printf '%-8s %-14s forced in turn: %s\n' "$(uname -m)" native "$(paste -sd, <<<"$counts")" >>"$matrix"
    rm "$names"
}

# Nothing that a feature changes is in a kernel: the portable ones do, which take a third of the time to compile. The unit tests are the same
# ones as with the default features.
test_without_features() {
    RUSTFLAGS="$RUSTFLAGS --cfg sepconv_portable_only" cargo test --package sepconv --no-default-features --test '*' \
        --target-dir "$target/featureless"
}

# The programs and benches as users build them, and the program of benches/peers, which is a workspace of its own.
build_released() {
    released cargo build --release --workspace --bins --bench '*'
    cargo check --locked --manifest-path benches/peers/Cargo.toml --target-dir "$target"
}

# released_program ARGUMENT...: the program as users have it.
released_program() {
    [ -x "$target/release/sepconv" ] || released cargo build --release --package sepconv-cli
    "$target/release/sepconv" "$@"
}

# Another fortieth each time: the commits up to HEAD say which.
check_lattice() {
    local shard=$((${rotation_commits:-0} % 40 + 1))
    echo "shard $shard of 40"
    released cargo run --quiet --release --package lattice -- --shard "$shard/40"
}
