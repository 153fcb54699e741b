#!/bin/bash
# Runs an x86-64 Linux program on an emulated Sapphire Rapids (AVX-512, AMX) with its own small Linux.
#   emulate.sh BINARY [ARGS...]   its stdout, stderr and exit status are the program's
#   emulate.sh --prepare          only installs and builds what that needs (once; about 2 minutes)
# 69 (of --prepare, too): a source or package that it is made of cannot be had here; 124: timed out; 125: the emulator failed; 126, 127: the program could not be started; 128+N: signal N.
# See README.md for the settings (EMU_*).
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
home=${EMU_HOME:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/x86-emulator}
bochs_version=3.0+dfsg-1
bochs_tar=bochs_3.0+dfsg.orig.tar.xz
bochs_sha256=78f6c73d4a6472d5130a87ab9dc306d02c7c71ed8e25b3a8ef642e2a7acd282b

note() { echo "emulate.sh: $*" >&2; }
die() { note "$*"; exit 125; }
unavailable() { note "$*"; exit 69; }

stamp() { cat "$here/emulate.sh" "$here"/src/*.* "$here"/src/amx/amx.c "$here"/src/amx/Makefile | sha256sum | cut -c1-16; }

# The source package's tarball of Debian 13, through apt with lists of its own.
get_bochs_source() {
    local d=$home/apt
    if [ -n "${EMU_BOCHS_TARBALL:-}" ]; then cp "$EMU_BOCHS_TARBALL" "$home/$bochs_tar"; fi
    if [ ! -f "$home/$bochs_tar" ]; then
        mkdir -p "$d/lists/partial" "$d/cache/archives/partial"
        local mirror
        mirror=$(apt-get indextargets --format '$(REPO_URI)' "Created-By: Packages" "Codename: bookworm" | head -1)
        echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" > "$d/list"
        local apt=(apt-get -qq -o Dir::Etc::sourcelist="$d/list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::Lists="$d/lists"
            -o Dir::Cache="$d/cache" -o APT::Sandbox::User=root -o Acquire::Retries=3 -o Acquire::IndexTargets::deb-src::DEP-11::DefaultEnabled=false)
        "${apt[@]}" update
        # Only the tarball is wanted: a mirror without the .dsc makes this command fail all the same.
        (cd "$home" && "${apt[@]}" source --download-only "bochs=$bochs_version") || true
        rm -rf "$d"
    fi
    [ -f "$home/$bochs_tar" ] || unavailable "cannot get $bochs_tar; put one in EMU_BOCHS_TARBALL"
    echo "$bochs_sha256  $home/$bochs_tar" | sha256sum -c --quiet - || die "$bochs_tar is not the expected one"
}

build_bochs() {
    get_bochs_source
    rm -rf "$home/bochs-src" && mkdir -p "$home/bochs-src"
    tar xf "$home/$bochs_tar" -C "$home/bochs-src" --strip-components=1
    sh "$here/src/patch-bochs.sh" "$home/bochs-src"
    (
        cd "$home/bochs-src"
        export CFLAGS="-O2 -fomit-frame-pointer" CXXFLAGS="-O2 -fomit-frame-pointer"
        ./configure --with-nogui --enable-cpu-level=6 --enable-x86-64 --enable-avx --enable-evex --enable-amx \
            --enable-vmx=2 --enable-cet --enable-protection-keys --enable-uintr --enable-memtype \
            --enable-all-optimizations --enable-trace-linking --disable-smp --disable-debugger --disable-plugins \
            --disable-docbook --disable-readline --disable-xpm --disable-show-ips
        make -j"$(nproc)"
    ) > "$home/bochs-build.log" 2>&1 || { tail -20 "$home/bochs-build.log" >&2; die "cannot build Bochs"; }
    strip -o "$home/bochs" "$home/bochs-src/bochs"
    cp "$here/src/patch-bochs.sh" "$home/bochs.patched"
    rm -rf "$home/bochs-src"
}

prepare() {
    mkdir -p "$home"
    exec 9> "$home/lock"
    flock 9
    [ "$(cat "$home/stamp" 2> /dev/null)" != "$(stamp)" ] || { exec 9>&-; return 0; }
    note "preparing $home"
    [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null || unavailable "needs root on Debian"
    local kernel
    apt-get -qq update || true
    kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: *linux-image-\(.*\)/\1/p' | head -1)
    [ -n "$kernel" ] || unavailable "no linux-image-cloud-amd64"
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends g++ make perl xz-utils \
        "linux-headers-$kernel" > "$home/apt.log" 2>&1 || { tail "$home/apt.log" >&2; unavailable "apt-get install failed"; }
    if [ ! -f "$home/vmlinuz-$kernel" ]; then
        (cd "$home" && rm -rf k ./linux-image-*.deb && apt-get -qq -o APT::Sandbox::User=root download "linux-image-$kernel" &&
            dpkg -x linux-image-*.deb k && mv "k/boot/vmlinuz-$kernel" . && rm -rf k ./linux-image-*.deb)
    fi
    cmp -s "$here/src/patch-bochs.sh" "$home/bochs.patched" || build_bochs

    local b=$home/build s=$here/src
    rm -rf "$b" && cp -r "$s" "$b"
    make -C "/usr/src/linux-headers-$kernel" M="$b/amx" modules > "$home/amx-build.log" 2>&1 ||
        { tail "$home/amx-build.log" >&2; die "cannot build amx.ko"; }
    strip --strip-debug -o "$home/amx.ko" "$b/amx/amx.ko"
    (
        cd "$b"
        gcc -m32 -march=i686 -ffreestanding -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
            -mno-sse -Os -Wall -c rom.c -o rom1.o
        gcc -m32 -c rom.S -o rom0.o
        ld -m elf_i386 -z noexecstack -T rom.ld -o rom.elf rom0.o rom1.o 2> /dev/null
        objcopy -O binary rom.elf "$home/rom.bin"
        gcc -O2 -Wall -Wno-unused-result -static init.c -o "$home/init"
        gcc -O2 -Wall emuhost.c -o "$home/emuhost"
    ) || die "cannot build the helpers"
    { printf '\x55\xaa\x01'; head -c 509 /dev/zero; } > "$home/vga.bin"
    rm -rf "$b"
    ln -sf "vmlinuz-$kernel" "$home/vmlinuz"
    stamp > "$home/stamp"
    exec 9>&-
    note "prepared in ${SECONDS} s"
}

prepare
[ "${1:-}" != --prepare ] || exit 0
[ $# -ge 1 ] || die "usage: emulate.sh BINARY [ARGS...]"
program=$(readlink -f "$1") && [ -f "$program" ] || { note "$1: not found"; exit 127; }
shift

run=$(mktemp -d "${TMPDIR:-/tmp}/emulate.XXXXXX")
pid=
trap '[ -z "$pid" ] || kill "$pid" 2> /dev/null; rm -rf "$run"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

printf '%s\0' "$program" "$@" > "$run/argv"
printf '%s\0' "$PWD" > "$run/cwd"
{
    printf '%s\0' PATH=/usr/bin:/bin HOME=/tmp TMPDIR=/tmp LANG=C.UTF-8
    env -0 | grep -zE '^(RUST_|CARGO_|PROPTEST_|QUICKCHECK_)' || true
    for v in ${EMU_ENV:-}; do [ -z "${!v+x}" ] || printf '%s=%s\0' "$v" "${!v}"; done
} > "$run/env"
list() { printf 'f %s %s\t%s\n' "$1" "$2" "$3"; }
{
    list 755 /init "$home/init"
    list 644 /emu/amx.ko "$home/amx.ko"
    for f in argv env cwd; do list 644 "/emu/$f" "$run/$f"; done
    : > "$run/empty"; list 644 "$PWD/.emulated" "$run/empty" # so that the folder is there
    list 755 "$program" "$program"
    { ldd "$program" 2> /dev/null || true; } | { grep -oE '/[^ ]+' || true; } | sort -u | while read -r lib; do list 755 "$lib" "$lib"; done
    IFS=:
    for p in ${EMU_FILES:-}; do find -L "$(readlink -f "$p")" -type f | while read -r f; do list "$(stat -Lc %a "$f")" "$f" "$f"; done; done
} | "$home/emuhost" disk "$run/disk.img" "$home/vmlinuz" "${EMU_MEM:-512}" \
    "quiet loglevel=3 console=ttyS0 acpi=off pci=off nokaslr nopti mitigations=off panic=-1 idle=halt tsc=reliable clearcpuid=600,580 cryptomgr.notests random.trust_cpu=on ${EMU_CMDLINE:-}"

cat > "$run/bochsrc" <<EOF
display_library: nogui
cpu: model=${EMU_CPU:-sapphire_rapids}, exclude_features="xsaves xsavec cet uintr la57 pks pku waitpkg vmx ${EMU_EXCLUDE:-}", count=1, ips=2200000000, reset_on_triple_fault=1
memory: guest=${EMU_MEM:-512}, host=${EMU_MEM:-512}
romimage: file=$home/rom.bin
vgaromimage: file=$home/vga.bin
vga: extension=none, update_freq=1
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=disk, path=$run/disk.img, mode=flat
boot: disk
floppy_bootsig_check: disabled=1
pci: enabled=0
clock: sync=none, time0=1700000000
com1: enabled=1, mode=file, dev=$run/console
parport1: enabled=1, file=$run/frames
port_e9_hack: enabled=1
mouse: enabled=0
log: $run/log
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
EOF
code=0
"$home/emuhost" run "$run/frames" "${EMU_TIMEOUT:-600}" "$run/output" "$home/bochs" -q -f "$run/bochsrc" &
pid=$!
wait "$pid" || code=$?
pid=
if [ "$code" = 125 ]; then
    note "the emulator stopped without the program's exit status:"
    tail -n 15 "$run/console" "$run/output" "$run/log" >&2 2> /dev/null || true
fi
[ -z "${EMU_KEEP:-}" ] || { note "kept $run"; trap - EXIT; }
exit "$code"
