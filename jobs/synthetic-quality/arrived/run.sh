#!/usr/bin/env bash
# Counts the files of a generated dataset, and fails if it is not complete. Outputs: files.
#   run.sh s3://bucket/prefix/
set -euo pipefail
keys=$(aws s3 ls --recursive "$1") || [ $? -eq 1 ] # 1 = there are none
grep -q '/_SUCCESS$' <<<"$keys" || { echo "$1 has no _SUCCESS: write it with ephemr generate orders -o $1" >&2; exit 1; }
files=$(grep -c '\.parquet$' <<<"$keys")
echo "$1 has $files files"
echo "files=$files" >>"$EPHEMR_OUTPUT"
