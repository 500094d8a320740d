#!/usr/bin/env bash
# The smallest job: says who it greets, and leaves an output for others to use.
set -euo pipefail
name=${1:-world}
echo "hello, $name, from $(uname -sm)"
echo "greeted=$name" >>"${EPHEMR_OUTPUT:-/dev/null}"
