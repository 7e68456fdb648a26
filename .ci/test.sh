#!/usr/bin/env bash
# Runs the tests that `swift build --build-tests` built and ends with a summary that does not call a skip a pass.
# CI set (and not "false" or "0"), or SWCTR_STRICT=1: a test that was skipped fails the run.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${CI:-} in '' | false | 0) strict=${SWCTR_STRICT:-0} ;; *) strict=1 ;; esac
export SWCTR_STRICT=$strict

Tests/Support/prepare.sh

mkdir -p build
log=${TEST_LOG:-build/test.log}
status=0
# What only the small machine can show is run there: Tests/VM/test.sh.
${SWIFT:-swift} test --skip-build --disable-xctest --skip 'Integration/MachineTests' "$@" 2>&1 | tee "$log" |
    { grep --line-buffered -avE '^. (Test|Suite|Test case) .* started\.$' || true; } || status=$?

summary=$(grep -E 'Test run with [0-9]+ tests?' "$log" | tail -n 1 || true)
skipped=$(grep -aE '(Test|Suite) ".*" skipped' "$log" || true)
count=$(printf '%s' "$skipped" | grep -c . || true)

echo
echo '== summary'
[ -z "$skipped" ] || printf '%s\n' "$skipped"
[ -z "$summary" ] || echo "$summary"
case $summary in
    '' | *'Test run with 0 tests'*)
        echo 'no test ran'
        [ "$status" -ne 0 ] || status=1
        ;;
esac
if [ "$count" -gt 0 ]; then
    echo "$count skipped: these say nothing about the code"
    if [ "$strict" = 1 ] && [ "$status" -eq 0 ]; then
        echo 'strict mode: a skipped test is a failed one' >&2
        status=1
    fi
fi
[ "$status" -eq 0 ] && echo 'result: ok' || echo "result: FAILED (exit status $status; whole log: $log)"
exit "$status"
