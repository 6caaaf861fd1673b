#!/usr/bin/env bash
# What the Cloud Run service costs, beside a peer in the same run: see bench/README.md.
exec "$(dirname "$0")/http/run.sh" gcp
