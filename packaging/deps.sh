#!/usr/bin/env bash
# Installs the Debian packages that a task needs; says nothing when all of them are there.
#   deps.sh [build] [run] [test] [bench]      default: all four
# A package written as NAME:COMMAND counts as there when COMMAND is, however it was installed (Docker brings its own runc).
set -euo pipefail

build=(make:make gcc:gcc g++:g++ libc6-dev pkg-config:pkg-config python3:python3
    libssl-dev libisal-dev libzstd-dev libsqlite3-dev libseccomp-dev
    libprotobuf-c-dev musl-tools:musl-gcc)
run=(runc:runc busybox-static:busybox python3:python3)
test=(runc:runc crun:crun runsc:runsc containerd:containerd-shim-runc-v1 busybox-static:busybox skopeo:skopeo umoci:umoci openssl:openssl
    docker-registry:docker-registry criu:criu zstd:zstd containernetworking-plugins:/usr/lib/cni/bridge python3:python3
    qemu-system-x86:qemu-system-x86_64 cpio:cpio e2fsprogs:mke2fs
    zsh:zsh fish:fish python3-grpcio python3-protobuf python3-websocket
    protobuf-compiler:protoc libprotobuf-dev protobuf-c-compiler:protoc-c)
bench=(runc:runc crun:crun containerd:containerd busybox-static:busybox hyperfine:hyperfine)

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Debian keeps some of the programs in sbin, which a user's PATH may lack.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

missing=()
[ $# -gt 0 ] || set -- build run test bench
for group in "$@"; do
    case $group in build | run | test | bench) ;; *) echo "deps.sh: unknown group \"$group\"" >&2; exit 2 ;; esac
    declare -n entries=$group
    for entry in "${entries[@]}"; do
        package=${entry%%:*}
        command=${entry#"$package"}
        command=${command#:}
        if [ -n "$command" ] && command -v "$command" >/dev/null; then continue; fi
        if installed "$package"; then continue; fi
        missing+=("$package")
    done
    unset -n entries
done
[ ${#missing[@]} -gt 0 ] || exit 0
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)

if ! command -v apt-get >/dev/null; then
    echo "deps.sh: these Debian packages (or what your system calls them) are needed: ${missing[*]}" >&2
    exit 1
fi
install=(apt-get install -y -qq --no-install-recommends --no-remove "${missing[@]}")
if [ "$(id -u)" -ne 0 ]; then
    echo "deps.sh: packages are missing; install them with: sudo ${install[*]/-qq /}" >&2
    exit 1
fi
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { apt-get update -qq && "${install[@]}"; } >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    echo "deps.sh: installing failed: ${missing[*]}" >&2
    exit 1
fi
