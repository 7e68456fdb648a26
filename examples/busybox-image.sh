#!/usr/bin/env bash
# Makes a small OCI image, an archive that skopeo, umoci, containerd and swctr read, from a static busybox.
#   busybox-image.sh ARCHIVE.tar [NAME] [BUSYBOX] [COMMAND...]     defaults: localhost/busybox:latest, sh
# The same busybox gives the same bytes.
set -euo pipefail

archive=${1:?usage: busybox-image.sh ARCHIVE.tar [NAME] [BUSYBOX]}
name=${2:-localhost/busybox:latest}
busybox=${3:-$(command -v busybox || echo /bin/busybox)}
[ -x "$busybox" ] || { echo "busybox-image: $busybox is missing (Debian: busybox-static)" >&2; exit 1; }
printf -v command '"%s",' "${@:4}"
[ $# -ge 4 ] || command='"sh",'
case $(uname -m) in
    x86_64) arch=amd64 ;;
    aarch64) arch=arm64 ;;
    *) arch=$(uname -m) ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022

# The root file system: busybox, a name for each of its applets, and the few files that programs look for.
root=$work/rootfs
mkdir -p "$root"/{bin,dev,etc,proc,root,run,sys,tmp,var/tmp}
chmod 1777 "$root/tmp" "$root/var/tmp"
cp "$busybox" "$root/bin/busybox"
chmod 755 "$root/bin/busybox"
for applet in $("$busybox" --list); do
    [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"

# The image layout: blobs named by their SHA-256, and an index that leads to them.
layout=$work/layout
mkdir -p "$layout/blobs/sha256"
digest() { sha256sum "$1" | cut -d' ' -f1; }
size() { stat -c %s "$1"; }
keep() {
    blob=$(digest "$1")
    mv "$1" "$layout/blobs/sha256/$blob"
}
plain_tar=(tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=ustar)

"${plain_tar[@]}" -C "$root" -cf "$work/layer.tar" .
diff_id=$(digest "$work/layer.tar")
gzip -n -1 "$work/layer.tar"
layer_size=$(size "$work/layer.tar.gz")
keep "$work/layer.tar.gz"
layer=$blob

printf '{"architecture":"%s","os":"linux","created":"1970-01-01T00:00:00Z","config":{"Env":["PATH=/bin"],"Cmd":[%s],"WorkingDir":"/"},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[{"created":"1970-01-01T00:00:00Z","comment":"busybox and its applets"}]}' \
    "$arch" "${command%,}" "$diff_id" >"$work/config"
config_size=$(size "$work/config")
keep "$work/config"
config=$blob

printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:%s","size":%s}]}' \
    "$config" "$config_size" "$layer" "$layer_size" >"$work/manifest"
manifest_size=$(size "$work/manifest")
keep "$work/manifest"
manifest=$blob

printf '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%s,"platform":{"architecture":"%s","os":"linux"},"annotations":{"io.containerd.image.name":"%s","org.opencontainers.image.ref.name":"%s"}}]}' \
    "$manifest" "$manifest_size" "$arch" "$name" "${name##*:}" >"$layout/index.json"

"${plain_tar[@]}" -C "$layout" -cf "$work/archive" blobs index.json oci-layout
mv "$work/archive" "$archive"
