#!/usr/bin/env bash
# Makes target/azure/catops.zip: the handler, host.json, and a folder per function.
#
#     deploy/azure/package.sh
#
# Linked statically with musl, since the glibc of the hosted image is nobody's promise. Zig is the C compiler that ring needs
# for it (pip install cargo-zigbuild ziglang, and rustup target add x86_64-unknown-linux-musl), so any machine will do.
# PROFILE=dev is quicker, and larger.
set -euo pipefail
cd "$(dirname "$0")/../.."

PROFILE=${PROFILE:-function}
target=x86_64-unknown-linux-musl
for program in cargo-zigbuild zip; do
    command -v "$program" >/dev/null || { echo "$program is needed" >&2 && exit 1; }
done

cargo zigbuild --locked --profile "$PROFILE" --package catops-deploy-azure --target "$target"
built=${CARGO_TARGET_DIR:-target}/$target/${PROFILE/#dev/debug}/handler

rm -rf target/azure
mkdir -p target/azure/app
install -m 755 "$built" target/azure/app/handler # the host starts it, so it has to be executable inside the zip as well
install -m 644 deploy/azure/host.json target/azure/app/
for function in deploy/azure/*/function.json; do
    install -D -m 644 "$function" "target/azure/app/$(basename "$(dirname "$function")")/function.json"
done
(cd target/azure/app && zip --quiet --recurse-paths -X ../catops.zip .)
echo "target/azure/catops.zip: $(stat -c %s target/azure/catops.zip) bytes"
