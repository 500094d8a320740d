#!/usr/bin/env bash
# Works for some seconds without YARN.
set -euo pipefail
sleep "$1"
echo "worked=$1" >>"$EPHEMR_OUTPUT"
