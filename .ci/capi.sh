#!/usr/bin/env bash
# Installs the C library with cargo-c into a folder of its own and uses it as a stranger would: symbols, soname, pkg-config,
# CMake, both examples and the checks of the C++ wrapper with gcc and g++, natively and under valgrind. Says what it skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. .ci/packages.sh

target=${CARGO_TARGET_DIR:-$PWD/target}
work=$target/capi
prefix=$work/stage/usr/local
skip() {
    echo "skipped: $1"
}

install_packages() {
    local missing=() pair
    for pair in gcc:gcc g++:g++ pkg-config:pkg-config cmake:cmake valgrind:valgrind make:make; do
        command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
    done
    [ ${#missing[@]} -eq 0 ] || apt_install "${missing[@]}" || echo "cannot install ${missing[*]}"
}

# The last cargo-c that Rust 1.89 can build, and of it only the one program.
install_cargo_c() {
    command -v cargo-cinstall >/dev/null && return
    pkg-config --exists openssl || apt_install libssl-dev
    # Its program has another name than the crate.
    cargo_install cargo-c 0.10.18 --bin cargo-cinstall
}

install_library() {
    rm -rf "$work/stage"
    CARGO_TARGET_DIR="$work/cargo" cargo cinstall --locked --manifest-path capi/Cargo.toml --prefix /usr/local --libdir /usr/local/lib \
        --destdir "$work/stage"
    local file
    for file in include/sepconv.h include/sepconv.hpp lib/libsepconv.a lib/libsepconv.so lib/pkgconfig/sepconv.pc \
        share/cmake/sepconv/sepconv-config.cmake; do
        [ -e "$prefix/$file" ] || { echo "not installed: $file" >&2; exit 1; }
    done
}

# Nothing but sepconv_ leaves the shared library; of the static one's symbols, nothing else is a name that C code may have.
check_symbols() {
    local foreign
    readelf -d "$prefix/lib/libsepconv.so" | grep -F 'soname: [libsepconv.so.0.1]'
    foreign=$(nm -D --defined-only "$prefix/lib/libsepconv.so" | awk '{print $3}' | grep -v '^sepconv_' || true)
    [ -z "$foreign" ] || { echo "foreign symbols in libsepconv.so: $foreign" >&2; exit 1; }
    foreign=$(nm -g --defined-only "$prefix/lib/libsepconv.a" 2>/dev/null | awk 'NF == 3 {print $3}' |
        grep -vE '^(sepconv_|_ZN|_R|__|anon\.|DW\.ref\.|rust_)' || true)
    [ -z "$foreign" ] || { echo "foreign symbols in libsepconv.a: $foreign" >&2; exit 1; }
    # What the header declares is what is exported.
    diff <(nm -D --defined-only "$prefix/lib/libsepconv.so" | awk '{print $3}' | sort) \
        <(gcc -E -P "$prefix/include/sepconv.h" | grep -oE 'sepconv_[a-z0-9_]+ *\(' | tr -d ' (' | sort -u)
    echo "$(nm -D --defined-only "$prefix/lib/libsepconv.so" | wc -l) exported symbols, all sepconv_"
}

run_example() {
    echo "--- $1"
    LD_LIBRARY_PATH="$prefix/lib" "$work/$1"
    if command -v valgrind >/dev/null; then
        LD_LIBRARY_PATH="$prefix/lib" valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite,possible \
            --errors-for-leak-kinds=definite,possible "$work/$1" >/dev/null
        echo "valgrind: clean"
    else
        skip "valgrind on $1: there is none"
    fi
}

build_examples() {
    export PKG_CONFIG_PATH="$prefix/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$work/stage"
    local warnings="-Wall -Wextra -Wpedantic -Werror -O2"
    # shellcheck disable=SC2046,SC2086
    gcc -std=c11 $warnings -o "$work/block_c" capi/examples/mobilenet_block.c $(pkg-config --cflags --libs sepconv) -lpthread
    # shellcheck disable=SC2046,SC2086
    g++ -std=c++17 $warnings -o "$work/block_cpp" capi/examples/mobilenet_block.cpp $(pkg-config --cflags --libs sepconv) -lpthread
    # shellcheck disable=SC2046,SC2086
    g++ -std=c++17 $warnings -o "$work/wrapper" capi/tests/wrapper.cpp $(pkg-config --cflags --libs sepconv)
    # The C header in C++, and the oldest C and newest C++ that the compilers have.
    echo '#include <sepconv.h>' | g++ -std=c++20 -x c++ -fsyntax-only -Wall -Wextra -Werror -I"$prefix/include" -
    echo '#include <sepconv.h>' | gcc -std=c99 -x c -fsyntax-only -Wall -Wextra -Werror -I"$prefix/include" -
    unset PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
    run_example block_c
    run_example block_cpp
    run_example wrapper
}

# A C++ exception that a caller lets loose in its callback ends the process with a message; it is not undefined.
check_foreign_exception() {
    local said
    if said=$(LD_LIBRARY_PATH="$prefix/lib" "$work/wrapper" throw 2>&1); then
        echo "an exception went through the library: $said" >&2
        exit 1
    fi
    grep -F "cannot catch foreign exceptions" <<<"$said"
}

use_cmake() {
    command -v cmake >/dev/null || { skip "CMake: there is none"; return; }
    rm -rf "$work/cmake"
    cmake -S capi/examples -B "$work/cmake" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
    cmake --build "$work/cmake" >/dev/null
    ctest --test-dir "$work/cmake" --output-on-failure | tail -n 4
}

mkdir -p "$work"
install_packages
for tool in gcc g++ pkg-config; do
    command -v "$tool" >/dev/null || { skip "the C library: no $tool"; exit 0; }
done
install_cargo_c
install_library
check_symbols
build_examples
check_foreign_exception
use_cmake
