# A test of .ci/rotation: the table is about steps and files that exist, and the rule does what docs/testing.md says; sourced by .ci/run.

test_rotation() {
    check_table
    check_rule
    bash .ci/run --list
}

# Names are steps, turns are below their number, and every pattern has files: one that has none would never be noticed.
check_table() {
    local row fields file
    while IFS= read -r row; do
        read -r -a fields <<<"$row"
        grep -q "^${fields[0]} " <<<"$(steps)" || [ "${fields[0]}" = aarch64-models ] ||
            fails "no step is called ${fields[0]}"
        [ "${fields[1]%/*}" -lt "${fields[1]#*/}" ] || fails "${fields[0]}: the turn ${fields[1]} never comes"
        for file in "${fields[@]:2}"; do
            [[ $file == !* ]] || [ -n "$(git ls-files --cached --others --exclude-standard -- "$file" | head -n 1)" ] ||
                fails "${fields[0]}: no file is called $file"
        done
    done < <(rotation_table)
}

# In a repository of its own: ten commits a day apart, of which the last two change a/x and b/x.
check_rule() {
    local folder day
    folder=$(mktemp -d)
    (
        set -e
        unset CI_ALL CI_BASE GIT_DIR GIT_WORK_TREE
        rotation_table() {
            printf '%s\n' "turn 0/5 b" "changed 1/5 a" "older 1/5 b" "flag 1/5 !no_such_flag b" "late 3/5 b"
        }
        export GIT_AUTHOR_NAME=ci GIT_AUTHOR_EMAIL=ci@localhost GIT_COMMITTER_NAME=ci GIT_COMMITTER_EMAIL=ci@localhost
        git init --quiet --initial-branch=main "$folder/origin"
        cd "$folder/origin"
        mkdir a b
        for day in 1 2 3 4 5 6 7 8 9 10; do
            if [ "$day" -eq 10 ]; then echo "$day" >a/x; else echo "$day" >b/x; fi
            git add . && GIT_COMMITTER_DATE="2026-01-${day}T12:00:00Z" git commit --quiet --message "$day"
        done
        git clone --quiet "$folder/origin" "$folder/whole"
        git clone --quiet --depth 3 "file://$folder/origin" "$folder/shallow"

        cd "$folder/whole"
        rotation_start
        expect runs turn "its turn"
        expect runs changed "its files changed"
        expect rests older "turn 1 of 5, this is 0"
        expect runs flag "no no_such_flag"
        expect runs unlisted always
        CI_ALL=1 expect runs older "CI_ALL is set"
        # A base that is named goes further back: the change is more.
        CI_BASE=$(git rev-parse HEAD~3) && export CI_BASE
        rotation_start
        expect runs older "its files changed"
        unset CI_BASE
        # A branch is a change since it left main, however old; what is not committed counts.
        git checkout --quiet -b branch HEAD~2 && mkdir -p a && echo more >a/x && git add . && git commit --quiet --message more
        rotation_start
        expect rests older "this is 4"
        echo changed >b/x
        expect runs older "its files changed"
        # Neither turns nor changes can be told from a part of the history.
        cd "$folder/shallow"
        rotation_start
        expect runs older "not known"
    )
    rm -rf "$folder"
}

# expect runs|rests NAME REASON
expect() {
    local says=rests
    ! due "$2" || says=runs
    [ "$says" = "$1" ] && [[ $reason == *"$3"* ]] || fails "$2 $says because of '$reason', not $1 because of '$3'"
}

fails() {
    echo "rotation: $1" >&2
    exit 1
}
