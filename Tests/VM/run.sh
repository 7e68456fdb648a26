#!/usr/bin/env bash
# Runs a command in a small virtual machine with cgroup v2, and ends with its exit status.
#
#   Tests/VM/run.sh [-m MIB] [-t SECONDS] [-f FILE[:PATH]]… -- COMMAND [ARG…]
#
#   -f FILE      also put FILE (with the shared libraries it needs) into the machine, at the same path or at PATH;
#                a directory is copied whole
#   -m MIB       memory of the machine (768)
#   -t SECONDS   end the machine after this long (120)
#
# The kernel is Debian's cloud kernel, unpacked and not installed; it is emulated (no KVM is needed) and boots in about
# three seconds. Everything lives in memory and is gone afterwards. busybox, runc and crun are always there, and the
# overlay module is loaded. Output of the command comes out here; what the machine says of itself does not.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${SWCTR_VM_CACHE:-$here/../../build/vm}
memory=768
seconds=120
files=()

die() { echo "vm: $*" >&2; exit 125; }

while getopts m:t:f: option; do
  case $option in
    m) memory=$OPTARG ;;
    t) seconds=$OPTARG ;;
    f) files+=("$OPTARG") ;;
    *) die "usage: run.sh [-m MIB] [-t SECONDS] [-f FILE[:PATH]]… -- COMMAND [ARG…]" ;;
  esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || die "no command: put it after --"
for tool in qemu-system-x86_64 cpio dpkg-deb busybox runc crun; do
  command -v "$tool" > /dev/null || die "$tool is missing: run make deps"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The kernel: fetched once, kept in the build folder.
fetch_kernel() {
  mkdir -p "$cache"
  local package
  package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
  [ -n "$package" ] || die "no package linux-image-cloud-amd64: run apt-get update"
  (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "$package" && dpkg-deb -x "$package"_*.deb kernel)
  cp "$work"/kernel/boot/vmlinuz-* "$cache/vmlinuz.new"
  find "$work/kernel/lib/modules" -name overlay.ko -exec cp {} "$cache/overlay.ko" \;
  mv "$cache/vmlinuz.new" "$cache/vmlinuz"
}
[ -e "$cache/vmlinuz" ] && [ -e "$cache/overlay.ko" ] || fetch_kernel

root=$work/root
mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,lib64,dev,proc,sys,run,tmp,etc,root,vm}

# put FILE [PATH]: a file or directory, with the libraries that a program needs.
put() {
  local from=$1 to=$root${2:-$1}
  [ -e "$from" ] || die "$from: no such file"
  mkdir -p "$(dirname "$to")"
  cp -aL "$from" "$to"
  [ -d "$from" ] && return
  local library
  for library in $({ ldd "$from" 2> /dev/null || true; } | sed -n 's,^[^/]*\(/[^ ]*\) (.*,\1,p'); do
    [ -e "$root$library" ] || { mkdir -p "$root$(dirname "$library")" && cp -L "$library" "$root$library"; }
  done
}
put "$(command -v busybox)" /bin/busybox
for applet in $(busybox --list); do
  [ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"
done
put "$(command -v runc)"
put "$(command -v crun)"
put "$cache/overlay.ko" /vm/overlay.ko
for file in "${files[@]}"; do
  case $file in *:*) put "${file%%:*}" "${file#*:}" ;; *) put "$file" ;; esac
done
printf 'root:x:0:0:root:/root:/bin/sh\n' > "$root/etc/passwd"
printf 'root:x:0:\n' > "$root/etc/group"
printf '127.0.0.1 localhost\n' > "$root/etc/hosts"
: > "$root/etc/resolv.conf"
{ printf 'exec'; printf ' %q' "$@"; echo; } > "$root/vm/command"
install -m 755 "$here/init" "$root/init"
install -m 755 "$here/second-init" "$root/vm/second-init"
(cd "$root" && find . | cpio -o -H newc --quiet) > "$work/initramfs"

mkfifo "$work/console"
timeout --foreground "$seconds" qemu-system-x86_64 -accel tcg,thread=multi -M q35 -cpu max -smp 2 -m "$memory" \
  -nographic -no-reboot -nic none -kernel "$cache/vmlinuz" -initrd "$work/initramfs" \
  -append 'console=ttyS0 quiet loglevel=3 panic=-1' < /dev/null > "$work/console" 2> "$work/qemu.err" &
machine=$!
status=125
# The machine speaks between two marks; the second carries the command's status.
while IFS= read -r line; do
  line=${line%$'\r'}
  case $line in
    *'<<vm:begin>>') began=1 ;;
    '<<vm:end '*) status=${line#<<vm:end }; status=${status%>>} ;;
    *) [ -n "${began:-}" ] && [ "$status" = 125 ] && printf '%s\n' "$line" ;;
  esac
done < "$work/console"
wait "$machine" || { [ "$status" != 125 ] || { cat "$work/qemu.err" >&2; die "the machine ended without a result (limit: $seconds s)"; }; }
exit "$status"
