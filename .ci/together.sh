#!/usr/bin/env bash
# together.sh COMMAND…: runs commands, one word each, at the same time; shows what the first says at once and what the
# others said in their order; fails when one of them does. For what waits or uses one processor only.
set -um  # each in a process group of its own, so that all of it can be ended
cd "$(dirname "$0")/.."
mkdir -p build
first=$1
shift
pids=()
end() { for pid in "${pids[@]}"; do kill -TERM -- "-$pid"; done 2>/dev/null; }
trap 'end; exit 130' INT TERM
for number in $(seq $#); do
    bash -c "${!number}" >"build/together-$number.log" 2>&1 </dev/null &
    pids+=($!)
done
bash -c "$first"
status=$?
for number in $(seq $#); do
    wait "${pids[number - 1]}" || status=$?
    cat "build/together-$number.log"
done
exit "$status"
