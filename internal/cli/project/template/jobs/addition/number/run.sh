#!/usr/bin/env bash
# Passes a number on to the jobs that need this one.
set -euo pipefail
echo "number=$1" >>"$EPHEMR_OUTPUT"
