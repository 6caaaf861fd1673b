#!/usr/bin/env bash
# Builds the Lambda function and its peers, and prints what each costs: see bench/aws/README.md.
# Arguments choose the programs: bare, hand-written, catops; none means all three.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

[ $# -gt 0 ] || set -- bare hand-written catops
programs=()
for program in bare hand-written catops; do
    case " $* " in *" $program "*) programs+=("$program") ;; esac
done
[ ${#programs[@]} = $# ] || { echo "expected some of bare, hand-written and catops, and not: $*"; exit 1; }

# Each package is built and listed by itself, or it would get the features that its neighbours ask of shared crates.
in_workspace_of() {
    local program=$1 verb=$2
    shift 2
    if [ "$program" = catops ]; then
        cargo "$verb" --quiet -p catops-deploy-aws "${@/#--release/--profile=function}"
    else
        CARGO_TARGET_DIR=$target/peers cargo "$verb" --quiet --locked --manifest-path bench/aws/peers/Cargo.toml -p "${program//-/}" "$@"
    fi
}

declare -A file
for program in "${programs[@]}"; do
    case $program in
    catops) file[$program]=$target/function/bootstrap ;;
    *) file[$program]=$target/peers/release/${program//-/} ;;
    esac
    # What is shipped has no symbols; its parts are taken from the same program linked with them.
    in_workspace_of "$program" rustc --release -- -C strip=none
    cp "${file[$program]}" "$scratch/$program.symbols"
    in_workspace_of "$program" build --release
done
cargo build --quiet --release -p catops-bench-aws
bench=$target/release/catops-bench-aws

millions() {
    awk -v n="$1" 'BEGIN { printf "%.3f", n / 1e6 }'
}

# A program zipped as it is uploaded: one file named `bootstrap`.
zipped() {
    cp "${file[$1]}" "$scratch/bootstrap"
    rm -f "$scratch/zip"
    python3 -m zipfile -c "$scratch/zip" "$scratch/bootstrap"
    millions "$(stat -c %s "$scratch/zip")"
}

crates() {
    in_workspace_of "$1" tree -e normal --prefix none --no-dedupe | sed 's/ (.*//' | sort -u | wc -l
}

instructions() {
    local counted
    counted=$("$bench" first-poll "${file[$1]}")
    millions "$counted"
}

# Asks one of the three above of each program.
row() {
    local line='' figure program
    for program in "${programs[@]}"; do
        figure=$("$2" "$program")
        line+=,$figure
    done
    options+=(--row "$1=${line#,}")
}

options=()
for program in "${programs[@]}"; do
    options+=("--$program" "${file[$program]}")
done
row "zipped, MB" zipped
row crates crates
if command -v valgrind >/dev/null; then
    row "instructions to the first poll, millions" instructions
else
    echo "The instructions to the first poll are not counted: valgrind is not installed."
    echo
fi
"$bench" rounds --rounds "${CATOPS_BENCH_ROUNDS:-31}" "${options[@]}"
for program in "${programs[@]}"; do
    printf '\nThe largest parts of %s:\n\n' "$program"
    python3 bench/aws/parts.py "$scratch/$program.symbols"
done
