#!/usr/bin/env bash
# Builds the Python package as `pip install ./python` does, in a virtual environment of its own, and tests it.
#   bash .ci/python.sh         everything that needs no torch
#   bash .ci/python.sh torch   what does, with torch installed beside it
# Says what it skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. .ci/packages.sh

target=${CARGO_TARGET_DIR:-$PWD/target}
work=$target/python
export CARGO_TARGET_DIR="$work/cargo" PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
# torch from PyPI brings CUDA libraries, without which it does not start: 5.4 GB installed, and as much again while it unpacks.
torch_gigabytes=11

skip() {
    echo "skipped: $1"
}

find_python() {
    if ! python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
        echo "no Python 3.10 with venv: installing Debian's"
        apt_install python3 python3-venv || true
    fi
    python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null
}

check_sources() {
    local manifest=python/Cargo.toml
    if cargo fmt --version >/dev/null 2>&1; then
        cargo fmt --manifest-path "$manifest" --check
    fi
    if cargo clippy --version >/dev/null 2>&1; then
        PYO3_PYTHON=$(command -v python3) cargo clippy --locked --release --manifest-path "$manifest" -- -D warnings
    fi
}

build() {
    [ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --upgrade pip
    rm -rf "$work/wheels"
    "$work/venv/bin/pip" wheel --quiet --no-deps --wheel-dir "$work/wheels" ./python
    ls "$work/wheels"/sepconv-*-abi3-*.whl
    "$work/venv/bin/pip" install --quiet --force-reinstall --no-deps "$work/wheels"/sepconv-*.whl
    "$work/venv/bin/pip" install --quiet numpy pytest hypothesis onnx dask distributed mypy
}

# Fails where there is no room for it.
install_torch() {
    ! "$work/venv/bin/python" -c 'import torch' 2>/dev/null || return 0
    local free
    free=$(($(df --output=avail -k "$work" | tail -n 1) / 1048576))
    if [ "$free" -lt "$torch_gigabytes" ]; then
        skip "sepconv.torch: torch needs $torch_gigabytes GB to install, $free GB are free"
        return 1
    fi
    # What pip unpacks on the way goes where the room was counted.
    mkdir -p "$work/tmp"
    TMPDIR=$work/tmp "$work/venv/bin/pip" install --quiet --no-cache-dir torch
    rm -rf "$work/tmp"
}

run_tests() {
    # What the stubs say is what there is.
    "$work/venv/bin/python" -m mypy.stubtest sepconv._native --ignore-missing-stub --mypy-config-file /dev/null
    "$work/venv/bin/python" -m mypy --strict --config-file /dev/null --cache-dir "$work/mypy" python/tests/typed_use.py
    "$work/venv/bin/python" -m pytest -q -p no:cacheprovider python/tests
    "$work/venv/bin/python" -m sepconv.bench --min-time 0.02
}

# Those that have torch in their names; the bench compares with it where it is.
run_torch_tests() {
    "$work/venv/bin/python" -c 'import torch; print("torch", torch.__version__)'
    "$work/venv/bin/python" -m pytest -q -p no:cacheprovider -k torch python/tests
    "$work/venv/bin/python" -m sepconv.bench --min-time 0.02
}

mkdir -p "$work"
find_python || { skip "the Python package: no Python 3.10 with venv"; exit 0; }
python3 --version
if [ "${1:-}" = torch ]; then
    if ! "$work/venv/bin/python" -c 'import sepconv' 2>/dev/null; then
        build
    fi
    if install_torch; then
        run_torch_tests
    fi
else
    check_sources
    build
    run_tests
fi
