#!/usr/bin/env bash
# What the Azure handler costs, beside a peer in the same run: see bench/README.md.
exec "$(dirname "$0")/http/run.sh" azure
