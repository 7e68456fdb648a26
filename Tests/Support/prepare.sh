#!/usr/bin/env bash
# Makes the host fit for the integration tests, once, and says what it did. Without root it does nothing.
set -euo pipefail
[ "$(id -u)" -eq 0 ] || { echo 'not root: the integration tests will be skipped' >&2; exit 0; }

# crun refuses to start where a v1 hierarchy of hugetlb is neither mounted nor part of v2's tree it looks at.
cgroups=/sys/fs/cgroup
if [ -d "$cgroups/unified" ] && ! mountpoint -q "$cgroups/hugetlb" && grep -q '^hugetlb' /proc/cgroups; then
    mkdir -p "$cgroups/hugetlb"
    if mount -t cgroup -o hugetlb cgroup "$cgroups/hugetlb"; then
        echo "mounted the hugetlb controller at $cgroups/hugetlb: crun needs it"
    else
        rmdir "$cgroups/hugetlb" 2>/dev/null || true
        echo 'the hugetlb controller could not be mounted: tests with crun may fail' >&2
    fi
fi
