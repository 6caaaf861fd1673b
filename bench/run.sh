#!/usr/bin/env bash
# Builds the release binaries and prints what they cost. Needs valgrind for the instructions; without it that part says so.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --quiet --release -p catops
cargo build --quiet --release -p catops-bench
target=${CARGO_TARGET_DIR:-target}/release
"$target/catops-bench" rounds "$target/catops"

if ! command -v valgrind >/dev/null; then
    echo "instructions per command: not counted, valgrind is not installed"
    exit 0
fi
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$target/catops-bench" path "$1" 2>&1 |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}
few=$(count 1000)
many=$(count 2000)
echo "instructions per command, whole path: $(((many - few) / 1000))"
