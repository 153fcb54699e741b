# What the step files share; sourced by .ci/run. No step is defined here.

# Lines of the table: seconds and steps; what was skipped, with its reason.
times=()
skipped=()
failed=()

skip() {
    echo "skipped: $1"
    skipped+=("$1")
}

# note NAME BEGUN: the time that a step took since then, for its log and for the table.
note() {
    printf -- '--- %s: %d s\n' "$1" "$((SECONDS - $2))"
    times+=("$(printf '%5d s  %s' "$((SECONDS - $2))" "$1")")
}

# step NAME COMMAND...: a heading, the command, its time. To be called plainly: in a condition, errors would go unnoticed.
step() {
    local begun=$SECONDS
    current=$1 current_begun=$begun
    printf '\n=== %s\n' "$1"
    "${@:2}"
    note "$1" "$begun"
    current=
}

# steps_at_once 'NAME COMMAND...'...: as many at a time as there are cores. What one does on a single core, or while it waits for a
# registry, would leave the others idle. Each says what it has to say when all are done.
steps_at_once() {
    local logs name row number=0 code
    local -A pids=()
    logs=$(mktemp -d)
    printf '\n=== at once: %s\n' "$(printf '%s\n' "$@" | cut -d' ' -f1 | paste -sd, | sed 's/,/, /g')"
    for row; do
        while [ "$(jobs -pr | wc -l)" -ge "$(nproc)" ]; do
            wait -n || true
        done
        name=${row%% *}
        number=$((number + 1))
        # shellcheck disable=SC2086
        (set -e; SECONDS=0; ${row#* }; echo "$SECONDS" >"$logs/$number.seconds") >"$logs/$number" 2>&1 &
        pids[$number]=$!
    done
    number=0
    for row; do
        number=$((number + 1)) code=0
        wait "${pids[$number]}" || code=$?
        printf '\n=== %s\n' "${row%% *}"
        cat "$logs/$number"
        take_skipped "$logs/$number"
        if [ "$code" -eq 0 ]; then
            times+=("$(printf '%5d s  %s (beside others)' "$(cat "$logs/$number.seconds")" "${row%% *}")")
        else
            times+=("    -    ${row%% *}, which failed")
            failed+=("${row%% *}")
        fi
    done
    rm -r "$logs"
    [ "${#failed[@]}" -eq 0 ]
}

# A command in a shell of its own cannot add to the table what it skipped: its lines are read.
take_skipped() {
    local line
    while IFS= read -r line; do
        skipped+=("${line#skipped: }")
    done < <(grep -h '^skipped: ' "$@" || true)
}

# at_once COMMAND...: parts of one step, as many at a time as there are cores; prints what they said in the order given.
at_once() {
    local logs command number=10 code=0
    logs=$(mktemp -d)
    for command; do
        while [ "$(jobs -pr | wc -l)" -ge "$(nproc)" ]; do
            wait -n || code=1
        done
        $command >"$logs/$number" 2>&1 &
        number=$((number + 1))
    done
    while [ -n "$(jobs -p)" ]; do
        wait -n || code=1
    done
    cat "$logs"/*
    take_skipped "$logs"/*
    rm -r "$logs"
    return "$code"
}

# The table, also of a run that failed.
print_table() {
    local code=$1
    [ -z "$current" ] || failed+=("$current")
    printf '\n=== seconds of each step\n'
    [ "${#times[@]}" -eq 0 ] || printf '%s\n' "${times[@]}"
    [ -z "$current" ] || printf '%5d s  %s, which failed\n' "$((SECONDS - current_begun))" "$current"
    printf '%5d s  in all\n' "$SECONDS"
    if [ "${#skipped[@]}" -eq 0 ]; then
        echo "skipped: nothing"
    else
        printf 'skipped: %s\n' "${skipped[@]}"
    fi
    if [ "$code" -eq 0 ]; then
        echo "CI: all steps passed"
    else
        echo "CI: FAILED: ${failed[*]:-before the first step}" >&2
    fi
}

# released COMMAND...: with the flags of a user's build.
released() {
    env -u RUSTFLAGS "$@"
}

# library_tests CARGO...: the test programs of the library and its kernels; the command says how they are built, and they are there afterwards.
library_tests() {
    "$@" --no-run --message-format=json | grep "\"manifest_path\":\"$PWD/\(kernels/\)\?Cargo.toml\"" |
        grep '"overflow_checks":[a-z]*,"test":true}' | grep -o '"executable":"[^"]*"' | cut -d'"' -f4
}
