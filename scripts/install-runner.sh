#!/usr/bin/env bash
# Bootstrap action: puts the runner for this machine on a cluster's instance.
#   install-runner.sh x86_64=s3://… aarch64=s3://…
set -euo pipefail
home=${EPHEMR_HOME:-/opt/ephemr}
machine=$(uname -m)
[ "$machine" != arm64 ] || machine=aarch64

fail() { echo "install runner: $*" >&2; exit 1; }

address=
for pair in "$@"; do
  case ${pair%%=*} in "$machine" | "${machine/aarch64/arm64}") address=${pair#*=} ;; esac
done
[ -n "$address" ] || fail "there is no runner for $machine, only: ${*:-none}"

as_owner() { "$@"; }
if ! { mkdir -p "$home" && [ -w "$home" ]; } 2>/dev/null; then
  command -v sudo >/dev/null || fail "cannot write to $home, and there is no sudo"
  as_owner() { sudo "$@"; }
fi

new=$(mktemp)
trap 'rm -f "$new"' EXIT
aws s3 cp --only-show-errors "$address" "$new" || fail "cannot fetch $address: does the instance profile allow it?"
as_owner mkdir -p "$home"
as_owner install -m 0755 "$new" "$home/runner.new"
version=$("$home/runner.new" version) || fail "$address does not run on $machine: $(file -b "$home/runner.new" 2>/dev/null || echo 'built for another machine?')"
as_owner mv -f "$home/runner.new" "$home/runner" # at once: never half a runner
if [ -z "${EPHEMR_HOME:-}" ]; then # where every step's PATH leads, whoever runs it
  ln -sfn "$home/runner" /usr/bin/ephemr-runner 2>/dev/null || sudo ln -sfn "$home/runner" /usr/bin/ephemr-runner
fi
echo "installed runner $version in $home"
