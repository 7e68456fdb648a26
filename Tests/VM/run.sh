#!/usr/bin/env bash
# Runs a command in a small virtual machine with cgroup v2, and ends with its exit status.
#
#   Tests/VM/run.sh [-m MIB] [-t SECONDS] [-k MODULE]… [-f FILE[:PATH]]… [-d FILE[:PATH]]… -- COMMAND [ARG…]
#
#   -f FILE      also put FILE (with the shared libraries it needs) into the machine, at the same path or at PATH;
#                a directory is copied whole
#   -d FILE      the same for what is large: it stays on a disk that the machine reads when it needs to
#   -k MODULE    load a module of the kernel, and those that it needs
#   -m MIB       memory of the machine (768)
#   -t SECONDS   end the machine after this long (120)
#
# The kernel is Debian's cloud kernel, unpacked and not installed; it is emulated (no KVM is needed) and boots in about
# three seconds. Everything lives in memory and is gone afterwards. busybox, runc and crun are always there, and the
# overlay module is loaded. Output of the command comes out here; what the machine says of itself does not.
set -euo pipefail

PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
cache=${SWCTR_VM_CACHE:-$here/../../build/vm}
memory=768
seconds=120
files=()
large=()
modules=(overlay)

die() { echo "vm: $*" >&2; exit 125; }

while getopts m:t:f:d:k: option; do
  case $option in
    m) memory=$OPTARG ;;
    t) seconds=$OPTARG ;;
    f) files+=("$OPTARG") ;;
    d) large+=("$OPTARG") ;;
    k) modules+=("$OPTARG") ;;
    *) die "usage: run.sh [-m MIB] [-t SECONDS] [-k MODULE]… [-f FILE[:PATH]]… [-d FILE[:PATH]]… -- COMMAND [ARG…]" ;;
  esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || die "no command: put it after --"
for tool in qemu-system-x86_64 cpio dpkg-deb mke2fs busybox runc crun; do
  command -v "$tool" > /dev/null || die "$tool is missing: run make deps"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The kernel: fetched once, kept in the build folder. It appears there as one step.
kernel_package() { apt-cache depends linux-image-cloud-amd64 2> /dev/null | awk '/Depends: linux-image/ { print $2; exit }'; }
fetch_kernel() {
  local package
  package=$(kernel_package)
  # A new machine has no lists of packages, and an old one may have lists of what is gone.
  if [ -z "$package" ] || ! download "$package"; then
    apt-get update -qq || die "apt-get update failed"
    package=$(kernel_package)
    [ -n "$package" ] || die "no package linux-image-cloud-amd64"
    download "$package" || die "$package could not be downloaded"
  fi
  dpkg-deb -x "$work/$package"_*.deb "$work/kernel"
  mkdir -p "$work/cache/modules" "$(dirname "$cache")"
  cp "$work"/kernel/boot/vmlinuz-* "$work/cache/vmlinuz"
  find "$work/kernel/lib/modules" -name '*.ko' -exec cp -t "$work/cache/modules" {} +
  rm -rf "$cache"
  cp -a "$work/cache" "$cache.new"
  mv -T "$cache.new" "$cache"
}
download() { (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "$1"); }
[ -e "$cache/vmlinuz" ] && [ -d "$cache/modules" ] || fetch_kernel

root=$work/root
disk=$work/disk
mkdir -p "$root"/{usr/bin,usr/sbin,lib64,dev,proc,sys,run,tmp,etc,root,disk,vm/modules} "$disk"
ln -s usr/bin "$root/bin"
ln -s usr/sbin "$root/sbin"

# place FILE PATH: into the machine's memory; store FILE PATH: onto its disk, with a link from where it belongs.
place() { mkdir -p "$root$(dirname "$2")" && cp -aL "$1" "$root$2"; }
store() {
  mkdir -p "$disk$(dirname "$2")" "$root$(dirname "$2")"
  cp -aL "$1" "$disk$2"
  ln -s "/disk$2" "$root$2"
}
# put WAY FILE [PATH]: a file or directory, with the libraries that a program needs.
put() {
  local way=$1 from=$2 to=${3:-$2} library
  [ -e "$from" ] || die "$from: no such file"
  [ -d "$from" ] || for library in $({ ldd "$from" 2> /dev/null || true; } | sed -n 's,^[^/]*\(/[^ ]*\) (.*,\1,p'); do
    [ -e "$root$library" ] || [ -L "$root$library" ] || "$way" "$library" "$library"
  done
  "$way" "$from" "$to"
}
put place "$(command -v busybox)" /bin/busybox
put place "$(command -v runc)"
put place "$(command -v crun)"
for file in "${files[@]}"; do
  case $file in *:*) put place "${file%%:*}" "${file#*:}" ;; *) put place "$file" ;; esac
done
for file in "${large[@]}"; do
  case $file in *:*) put store "${file%%:*}" "${file#*:}" ;; *) put store "$file" ;; esac
done
# What was asked for goes before busybox's own.
for applet in $(busybox --list); do
  [ -e "$root/bin/$applet" ] || [ -e "$root/sbin/$applet" ] || ln -s busybox "$root/bin/$applet"
done

# load MODULE: those that it needs first, each once.
load() {
  local file=$cache/modules/$1.ko name needed
  [ -e "$file" ] || die "the kernel has no module $1"
  [ ! -e "$root/vm/modules/$1.ko" ] || return 0
  needed=$(grep -ao 'depends=[a-z0-9_,-]*' "$file" | head -n 1)
  for name in ${needed//[=,]/ }; do [ "$name" = depends ] || load "${name//-/_}"; done
  cp "$file" "$root/vm/modules/"
  echo "$1" >> "$root/vm/modules/order"
}
for module in "${modules[@]}"; do load "$module"; done

printf 'root:x:0:0:root:/root:/bin/sh\n' > "$root/etc/passwd"
printf 'root:x:0:\n' > "$root/etc/group"
printf '127.0.0.1 localhost\n' > "$root/etc/hosts"
: > "$root/etc/resolv.conf"
{ printf 'exec'; printf ' %q' "$@"; echo; } > "$root/vm/command"
install -m 755 "$here/init" "$root/init"
install -m 755 "$here/second-init" "$root/vm/second-init"
(cd "$root" && find . | cpio -o -H newc --quiet) > "$work/initramfs"
rm -rf "$root"

drive=()
if [ ${#large[@]} -gt 0 ]; then
  size=$(($(du -sm "$disk" | cut -f1) * 11 / 10 + 16))
  truncate -s "${size}M" "$work/disk.img"
  mke2fs -q -t ext4 -O ^has_journal -m 0 -d "$disk" "$work/disk.img" || die "the disk could not be made"
  rm -rf "$disk"
  drive=(-drive "file=$work/disk.img,if=none,id=disk,format=raw,readonly=on" -device nvme,drive=disk,serial=disk)
fi

mkfifo "$work/console"
timeout --foreground "$seconds" qemu-system-x86_64 -accel tcg,thread=multi -M q35 -cpu max -smp 2 -m "$memory" \
  -nographic -no-reboot -nic none -kernel "$cache/vmlinuz" -initrd "$work/initramfs" "${drive[@]}" \
  -append 'console=ttyS0 quiet loglevel=3 panic=-1' < /dev/null > "$work/console" 2> "$work/qemu.err" &
machine=$!
status=125
# The machine speaks between two marks; the second carries the command's status.
while IFS= read -r line; do
  line=${line%$'\r'}
  case $line in
    *'<<vm:begin>>') began=1 ;;
    '<<vm:end '*) status=${line#<<vm:end }; status=${status%>>} ;;
    *) if [ -n "${began:-}" ] && [ "$status" = 125 ]; then printf '%s\n' "$line"; fi ;;
  esac
done < "$work/console"
wait "$machine" || { [ "$status" != 125 ] || { cat "$work/qemu.err" >&2; die "the machine ended without a result (limit: $seconds s)"; }; }
exit "$status"
