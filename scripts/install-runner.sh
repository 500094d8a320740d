#!/usr/bin/env bash
# Bootstrap action: installs the runner for this architecture on a cluster's instance.
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
[ -n "$address" ] || fail "no runner for $machine; available: ${*:-none}"

as_owner() { "$@"; }
if ! { mkdir -p "$home" && [ -w "$home" ]; } 2>/dev/null; then
  command -v sudo >/dev/null || fail "cannot write to $home, and sudo is not installed"
  as_owner() { sudo "$@"; }
fi

new=$(mktemp)
trap 'rm -f "$new"' EXIT
aws s3 cp --only-show-errors "$address" "$new" || fail "cannot download $address: check the permissions of the instance profile"
as_owner mkdir -p "$home"
as_owner install -m 0755 "$new" "$home/runner.new"
version=$("$home/runner.new" version) || fail "$address does not run on $machine: $(file -b "$home/runner.new" 2>/dev/null || echo 'unknown file type')"
as_owner mv -f "$home/runner.new" "$home/runner" # atomic: never a partial runner
if [ -z "${EPHEMR_HOME:-}" ]; then # in the PATH of every step
  ln -sfn "$home/runner" /usr/bin/ephemr-runner 2>/dev/null || sudo ln -sfn "$home/runner" /usr/bin/ephemr-runner
fi
echo "installed runner $version in $home"
