#!/usr/bin/env bash
# Builds the program of a target and its peer, and prints what each costs: see bench/README.md.
#     bench/http/run.sh azure|gcp
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/../.."
target=${CARGO_TARGET_DIR:-$PWD/target}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

case ${1-} in
azure) catops=handler ;;
gcp) catops=service ;;
*) echo "expected azure or gcp, and not: ${1-}" && exit 1 ;;
esac

# Each package is built by itself, or it would get the features that its neighbours ask of shared crates.
cargo build --quiet --profile function -p "catops-deploy-$1"
cargo build --quiet --profile function -p catops-bench-bare
cargo build --quiet --release -p catops-bench-http
bench=$target/release/catops-bench-http
files=("$target/function/catops-bench-bare" "$target/function/$catops")

# What gcr.io/distroless/cc-debian12:nonroot brings, on paper: packed and unpacked, in bytes. Each Debian package is a layer,
# and a layer is a gzipped tar. These are those of base-files, netbase, tzdata, media-types and ca-certificates (static/static.bzl of
# GoogleContainerTools/distroless), libc6 and libssl3 (base/config.bzl), gcc-12-base, libgcc-s1, libgomp1 and libstdc++6
# (cc/config.bzl) for amd64, as bookworm had them in November 2026: dpkg-deb --fsys-tarfile, and what gzip makes of it.
BASE_PACKED=9209804
BASE_UNPACKED=25047040

millions() {
    awk -v n="$1" 'BEGIN { printf "%.3f", n / 1e6 }'
}

stripped() {
    millions "$(stat -c %s "$1")"
}

# Zipped as it is uploaded; host.json and the function.json files are not in it.
zipped() {
    cp "$1" "$scratch/handler"
    rm -f "$scratch/zip"
    python3 -m zipfile -c "$scratch/zip" "$scratch/handler"
    millions "$(stat -c %s "$scratch/zip")"
}

# A layer with the program alone.
layer() {
    cp "$1" "$scratch/service"
    tar -C "$scratch" -c service | gzip | wc -c
}

layer_packed() {
    local size
    size=$(layer "$1")
    millions "$size"
}

image_packed() {
    local size
    size=$(layer "$1")
    millions $((BASE_PACKED + size))
}

image_unpacked() {
    millions $((BASE_UNPACKED + $(stat -c %s "$1")))
}

instructions() {
    local counted
    counted=$("$bench" listening "$kind" "$1")
    millions "$counted"
}

# Asks one of the above of each program.
row() {
    local line='' figure file
    for file in "${files[@]}"; do
        figure=$("$2" "$file")
        line+=,$figure
    done
    options+=(--row "$1=${line#,}")
}

kind=$1
options=(--bare "${files[0]}" --catops "${files[1]}")
row "stripped, MB" stripped
if [ "$kind" = azure ]; then
    row "zipped, MB" zipped
else
    row "its layer, MB" layer_packed
    row "image on paper, packed, MB" image_packed
    row "image on paper, unpacked, MB" image_unpacked
fi
if command -v valgrind >/dev/null; then
    row "instructions to the first answer, millions" instructions
else
    echo "The instructions to the first answer are not counted: valgrind is not installed."
    echo
fi
"$bench" rounds "$kind" --rounds "${CATOPS_BENCH_ROUNDS:-101}" "${options[@]}"
