# Packages from Debian, tools from the Rust registry and standard libraries by rustup, each by its ordinary client; sourced.

# Tools that are compiled once and used by every later run on the machine, outside of the checkout.
tools=${CI_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/sepconv-ci}
mkdir -p "$tools"
export PATH="$tools/bin:$PATH"

# apt_install PACKAGE...: fails where this is not root on Debian. One at a time, because steps run beside each other.
apt_install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    (
        flock 9
        export DEBIAN_FRONTEND=noninteractive
        if [ -z "$(find "$tools/lists" -mmin -60 2>/dev/null)" ]; then
            apt-get update -qq && touch "$tools/lists"
        fi
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    ) 9>"$tools/lock"
}

# cargo_install CRATE VERSION ARGUMENT...: a program of cargo's, unoptimised and without debug information: it is built once and used little.
cargo_install() {
    command -v "$1" >/dev/null && return
    local build
    build=$(mktemp -d)
    env -u RUSTFLAGS CARGO_TARGET_DIR="$build" CARGO_PROFILE_DEV_DEBUG=0 \
        cargo install "$1" --version "$2" "${@:3}" --locked --debug --quiet --root "$tools" || {
        rm -rf "$build"
        return 1
    }
    rm -rf "$build"
}

# has_toolchain NAME: whether rustup has this compiler, or can install it now.
has_toolchain() {
    command -v rustup >/dev/null || return 1
    rustup run "$1" rustc --version >/dev/null 2>&1 || rustup toolchain install "$1" --profile minimal --no-self-update >/dev/null 2>&1
}

# has_target NAME [TOOLCHAIN]: whether the compiler has this target's standard library, or rustup can add it now.
has_target() {
    command -v rustup >/dev/null && rustup target add ${2:+--toolchain "$2"} "$1" >/dev/null 2>&1
}
