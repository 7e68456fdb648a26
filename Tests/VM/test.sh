#!/usr/bin/env bash
# `make test-vm`: runs the built tests of everything that depends on the kind of cgroups in a machine with cgroup v2,
# and checkpoint and restore, for which Debian's criu wants a kernel of its own age. Arguments replace the choice of
# tests: --filter PATTERN …
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD
# A quiet machine of two cores needs a third of it.
seconds=${SWCTR_VM_SECONDS:-600}

[ $# -gt 0 ] || set -- --filter 'Machine' --filter 'ShimResourceTests' --filter 'ShimMemoryTests' \
    --filter 'Integration/ResourceTests/life'

bin=$here/.build/debug
tests=$bin/swctrPackageTests.xctest
for program in "$tests" "$bin/swctr" "$bin/swctrd" build/shim/containerd-shim-swctr-v2; do
  [ -e "$program" ] || { echo "test-vm: $program is missing: run swift build --build-tests" >&2; exit 1; }
done

files=()
add() { files+=("$1" "$2"); }
add -d "$tests":/vm/tests
for program in swctr swctrd; do add -d "$bin/$program:/vm/bin/$program"; done
add -f "$here/build/shim/containerd-shim-swctr-v2:/vm/bin/containerd-shim-swctr-v2"
# Tests find these below the place where they were built.
add -f "$here/Tests/Support"
mkdir -p build
examples/busybox-image.sh build/test-vm-image.tar localhost/busybox:latest
add -f "$here/build/test-vm-image.tar:/vm/image.tar"
for program in tar gzip criu containerd-shim-runc-v2; do
  path=$(command -v "$program" || true)
  [ -n "$path" ] || { echo "test-vm: $program is missing: run make deps" >&2; exit 1; }
  if [ "$program" = containerd-shim-runc-v2 ]; then add -d "$path"; else add -f "$path"; fi
done
# What criu asks the kernel about sockets and packet filters.
modules=()
for module in unix_diag tcp_diag udp_diag raw_diag netlink_diag af_packet_diag tun veth nf_tables; do
  modules+=(-k "$module")
done

log=build/test-vm.log
status=0
Tests/VM/run.sh -m 2048 -t "$seconds" "${modules[@]}" "${files[@]}" -- \
  env SWCTR_BIN=/vm/bin SWCTR_MACHINE=1 SWCTR_PATIENCE=5 SWCTR_TEST_IMAGE=/vm/image.tar SWCTR_SETTINGS="${SWCTR_SETTINGS-}" \
  /vm/tests --testing-library swift-testing "$@" 2>&1 | tee "$log" |
  { grep --line-buffered -avE '^. (Test|Suite|Test case) .* started\.$' || true; } || status=$?

# A skipped test says nothing about the code, and no test even less.
if grep -aqE '(Test|Suite) ".*" skipped' "$log"; then
  echo 'test-vm: a test was skipped' >&2
  status=1
fi
if ! grep -aqE 'Test run with [1-9][0-9]* tests? .*passed' "$log"; then
  [ "$status" -ne 0 ] || status=1
fi
[ "$status" -eq 0 ] && echo 'test-vm: ok' || echo "test-vm: FAILED (exit status $status; whole log: $log)"
exit "$status"
