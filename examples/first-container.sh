#!/usr/bin/env bash
# What `make run` does: an image from Debian's busybox, a manager if none runs, and a container that shows what it is.
# Uses the programs that `make build` made, or those in the folder SWCTR_BIN. With SWCTR_DEMO, a folder, it uses the
# manager that stands there, whatever else runs.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD

fail() {
    echo "first-container: $*" >&2
    exit 1
}

if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail 'containers need root, and there is no sudo; run this as root'
    echo 'containers need root: going on with sudo'
    exec sudo --preserve-env=SWCTR_ADDRESS,SWCTR_BIN,SWCTR_DEMO "$here/examples/first-container.sh" "$@"
fi

bin=${SWCTR_BIN:-$here/.build/debug}
shims=${SWCTR_BIN:-$here/build/shim}
for program in "$bin/swctr" "$bin/swctrd" "$shims/containerd-shim-swctr-v2"; do
    [ -x "$program" ] || fail "$program is missing; run make build first"
done
PATH=$bin:$shims:$PATH:/usr/local/sbin:/usr/sbin:/sbin
for program in runc busybox; do
    command -v "$program" >/dev/null || fail "$program is missing; run make deps first"
done

demo=${SWCTR_DEMO:-${XDG_RUNTIME_DIR:-/tmp}/swctr-demo}
mkdir -p -m 700 "$demo"
[ -O "$demo" ] && [ ! -L "$demo" ] || fail "$demo belongs to somebody else"
chmod 700 "$demo"

answers() { [ -S "$1" ] && swctr --address "$1" version >/dev/null 2>&1; }

# A manager: the one that runs, or the one that an earlier run left, or a new one below $demo.
started=
address=${SWCTR_ADDRESS:-/run/swctr/swctrd.sock}
if [ -n "${SWCTR_DEMO:-}" ] || ! answers "$address"; then address=$demo/state/swctrd.sock; fi
if ! answers "$address"; then
    [ -n "${SWCTR_DEMO:-}" ] || [ -z "${SWCTR_ADDRESS:-}" ] || fail "no manager answers at SWCTR_ADDRESS=$SWCTR_ADDRESS"
    ready=$demo/ready
    rm -f "$ready" && mkfifo "$ready"
    # Its own session: Ctrl-C here ends this script and not the manager. Its log passes through tee, so that the line
    # that says that it is ready can be waited for.
    log=$demo/swctrd.log
    : >"$log"
    setsid swctrd --root "$demo/root" --state "$demo/state" </dev/null >/dev/null 2> >(setsid tee -p -a "$log" >"$ready" 2>/dev/null) &
    manager=$!
    trap 'kill "$manager" 2>/dev/null || true; exit 130' INT TERM
    exec 3<"$ready"
    while read -r line <&3; do
        case $line in *'swctrd ready:'*) started=yes && break ;; esac
    done
    exec 3<&-
    rm -f "$ready"
    trap - INT TERM
    [ -n "$started" ] || fail "the manager did not start: $(tail -n 1 "$log")"
    echo "$manager" >"$demo/swctrd.pid"
fi
export SWCTR_ADDRESS=$address
# overlayfs cannot stand on overlayfs, as it is found inside other containers.
if [ "$(stat -f -c %T "$demo")" = overlayfs ]; then export SWCTR_SNAPSHOTTER=native; fi

image=localhost/busybox:latest
archive=$demo/busybox.tar
examples/busybox-image.sh "$archive" "$image"
swctr images import "$archive" >/dev/null

echo
# shellcheck disable=SC2016  # expanded in the container
swctr run --rm --memory-limit 67108864 --mount type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro "$image" "first-$$" sh -c '
limit=$(cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null ||
    cat "/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)/memory.max" 2>/dev/null || cat /sys/fs/cgroup/memory.max)
echo "  hostname      $(hostname)"
echo "  pid           $$ ($(cat /proc/1/comm))"
echo "  kernel        $(uname -sr)"
echo "  memory limit  $((limit / 1048576)) MiB"'
echo

echo "That was a container: $image (made from $(command -v busybox)) under swctrd and runc; it is gone again, the image stays."
echo "Next: export SWCTR_ADDRESS=$address; $bin/swctr run --rm -t $image shell sh"
if [ -e "$demo/swctrd.pid" ] && [ "$address" = "$demo/state/swctrd.sock" ]; then
    echo "The manager goes on in the background; stop it with: kill $(cat "$demo/swctrd.pid")"
else
    echo "The manager that was running already was used: $address"
fi
