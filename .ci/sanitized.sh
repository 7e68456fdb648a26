#!/usr/bin/env bash
# Runs the tests that drive a shim directly once more, with a shim that has the address and undefined-behaviour sanitizers.
# What those find is a failed test: the fixture looks for their reports.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" -eq 0 ] || { echo 'sanitized shim: skipped, needs root'; exit "${SWCTR_STRICT:-0}"; }
make --no-print-directory -s -C shim all sanitized
export SWCTR_SHIM_BIN=$PWD/build/shim-sanitized TEST_LOG=build/sanitized.log
# Memory and the program's own properties are those of the sanitizers, not of the shim.
exec .ci/test.sh --filter 'IntegrationTests.Integration/Shim' --skip ShimHardeningTests --skip ShimSoakTests \
    --skip 'Shim[A-Za-z]*Tests/memory'
