#!/usr/bin/env bash
# The smallest job: prints a greeting and writes one output for other jobs.
set -euo pipefail
name=${1:-world}
echo "hello, $name, from $(uname -sm)"
echo "greeted=$name" >>"${EPHEMR_OUTPUT:-/dev/null}"
