#!/usr/bin/env bash
# Runs the ctr parity suite in the folder PARITY_SUITE against swctr and a manager of its own; arguments go to run.py.
# PARITY_BIN: folder of the programs (default: what `make build` made).
set -euo pipefail
cd "$(dirname "$0")/.."
: "${PARITY_SUITE:?set it to the folder of the suite (the one with run.py)}"
[ "$(id -u)" -eq 0 ] || { echo 'parity: needs root' >&2; exit 1; }
bin=${PARITY_BIN:-$PWD/.build/debug}
export PATH=$bin:$PWD/build/shim:$PATH

dir=$(mktemp -d "${TMPDIR:-/tmp}/swctr-parity.XXXXXX")
mkfifo "$dir/stderr"
swctrd --root "$dir/root" --state "$dir/state" 2>"$dir/stderr" </dev/null &
manager=$!
stop() {
    kill "$manager" 2>/dev/null || true
    wait "$manager" 2>/dev/null || true
    awk -v d="$dir/" 'index($5, d) == 1 { print $5 }' /proc/self/mountinfo | sort -r | xargs -r umount -l
    rm -rf "$dir"
}
trap stop EXIT
# Ready when it says so; what it says later goes to a file.
exec 3<"$dir/stderr"
while read -r line <&3; do
    echo "$line" >>"$dir/swctrd.log"
    case $line in *'swctrd ready:'*) break ;; esac
done
grep -q 'swctrd ready:' "$dir/swctrd.log" || { cat "$dir/swctrd.log" >&2; echo 'parity: the manager did not start' >&2; exit 1; }
cat <&3 >>"$dir/swctrd.log" &

python3 "$PARITY_SUITE/run.py" --peer swctr --client "swctr --address $dir/state/swctrd.sock" "$@"
