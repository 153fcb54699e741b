# AVX-512 on a CPU without it: every kernel, and one pass over every operator, on an emulated one; sourced by .ci/run.
# .ci/emulator is a tool of its own; its README says what the emulation itself gets wrong.

# The first without VNNI, the second with it.
AVX512_MODELS=(corei7_skylake_x sapphire_rapids)

test_on_avx512() {
    local code=0 rows model runs=()
    if [ "$(uname -m)" != x86_64 ]; then
        skip "emulated AVX-512: the recipe is for x86-64 hosts, this is $(uname -m)"
        return
    fi
    bash .ci/emulator/emulate.sh --prepare || code=$?
    if [ "$code" -eq 69 ]; then
        skip "emulated AVX-512: the emulator's source, or a package that it needs, cannot be had here"
        return
    fi
    [ "$code" -eq 0 ]
    rows=$(library_tests cargo test --workspace --quiet | grep '/every_row-')
    mkdir -p "$target/avx512"
    # The emulated memory holds the programs: without debug information they are a tenth.
    strip -o "$target/avx512/every_row" "$rows"
    strip -o "$target/avx512/sepconv" "$target/debug/sepconv"
    for model in "${AVX512_MODELS[@]}"; do
        runs+=("on_avx512 $model")
    done
    at_once "${runs[@]}"
}

# on_avx512 MODEL: one boot for each program. Random problems take the levels in turn, AVX-512 among them.
on_avx512() {
    local begun=$SECONDS
    export EMU_CPU=$1 EMU_TIMEOUT=1200 EMU_MEM=1024 EMU_ENV="SEPCONV_ISA SEPCONV_EVERY_ROW" SEPCONV_EVERY_ROW=brief
    echo "--- $1"
    .ci/emulator/emulate.sh "$target/avx512/sepconv" verify --count 100
    SEPCONV_ISA=avx512 .ci/emulator/emulate.sh "$target/avx512/every_row"
    printf '%-8s %-16s portable,avx2,avx512  every row of avx512, 100 random problems  %d s\n' \
        x86_64 "$1" "$((SECONDS - begun))" >>"$matrix"
}
