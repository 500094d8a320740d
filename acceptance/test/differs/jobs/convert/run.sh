#!/usr/bin/env bash
set -euo pipefail
python3 main.py "$@"
echo "rate=$3" >>"$EPHEMR_OUTPUT"
