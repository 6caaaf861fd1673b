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
# Counts one run of the verb $1 with $2 commands.
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$target/catops-bench" "$1" "$2" 2>&1 |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}
# The difference between 2,000 commands and 1,000, for one.
each() {
    local few many
    few=$(count "$1" 1000)
    many=$(count "$1" 2000)
    echo $(((many - few) / 1000))
}
echo "instructions per command, acknowledgement: $(each ack)"
echo "instructions per command, whole path: $(each path)"
