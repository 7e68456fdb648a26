#!/bin/bash
# Records task.hex and events.hex anew: root, Debian's containerd, runc, busybox-static and python3.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=/run/swctr-golden
mkdir "$work"
containerd=
finish() {
    for pid in $containerd $(cat "$work/proxy.pid" 2>/dev/null || true); do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$work"
}
trap finish EXIT

mkdir -p "$work/rootfs/bin"
cp /bin/busybox "$work/rootfs/bin/"
for applet in sh sleep echo; do ln -s busybox "$work/rootfs/bin/$applet"; done
printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' > "$work/config.toml"
export RECORDING=$work PATH=$here:$PATH
containerd --config "$work/config.toml" --root "$work/root" --state "$work/state" --address "$work/c.sock" \
    2> "$work/containerd.log" &
containerd=$!
call() { ctr -a "$work/c.sock" "$@"; }
until call version > /dev/null 2>&1; do sleep 0.1; done

call run -d --runtime io.containerd.recording.v2 --rootfs "$work/rootfs" golden \
    /bin/sh -c 'trap "exit 7" TERM; while :; do sleep 0.1; done'
call tasks exec --exec-id e1 golden /bin/echo hello
call tasks ls
call tasks ps golden
call tasks pause golden
call tasks resume golden
call tasks metrics golden > /dev/null
call tasks kill --exec-id nope golden || true
(sleep 0.5; call tasks kill golden) &
call tasks attach golden || test $? -eq 7
call containers rm golden
cp "$work/task.log" "$here/task.hex"
cp "$work/events.log" "$here/events.hex"
