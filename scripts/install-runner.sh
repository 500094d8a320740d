#!/usr/bin/env bash
# Bootstrap action: installs the runner for this architecture on a cluster's instance.
#   install-runner.sh x86_64=s3://… aarch64=s3://…
# Or executes another bootstrap action, if it has a checksum:
#   install-runner.sh --verify SHA256 s3://… [ARGUMENT…]
set -euo pipefail

if [ "${1:-}" = --verify ]; then
  want=$2 address=$3
  shift 3
  action=$(mktemp)
  aws s3 cp --only-show-errors "$address" "$action" ||
    { echo "verify: cannot download $address: check the permissions of the instance profile" >&2; exit 1; }
  got=$(sha256sum "$action")
  got=${got%% *}
  [ "$got" = "$want" ] ||
    { echo "verify: $address has the SHA-256 $got, and the profile $want: it was not executed" >&2; exit 1; }
  chmod 700 "$action"
  exec "$action" "$@"
fi

home=${EPHEMR_HOME:-/opt/ephemr}
data=${EPHEMR_MOUNT:-/mnt}                                         # EMR's data disk: the root disk has 15 GiB
busy=${EPHEMR_BUSY_FILE:-/emr/metricscollector/isbusy}             # what EMR's auto-termination looks at
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

# Packages are unpacked on the data disk, by steps of any user.
if [ -d "$data" ] && { [ -z "${EPHEMR_HOME:-}" ] || [ -n "${EPHEMR_MOUNT:-}" ]; }; then
  in_data() { "$@"; }
  [ -w "$data" ] || in_data() { sudo "$@"; }
  in_data mkdir -p "$data/ephemr"
  in_data chmod 1777 "$data/ephemr"
fi
# The runner touches the file while it works; where it does not exist yet, the runner tries with sudo.
if [ -d "${busy%/*}" ]; then
  touch "$busy" 2>/dev/null && chmod 666 "$busy" 2>/dev/null ||
    sudo -n sh -c 'touch "$0" && chmod 666 "$0"' "$busy" 2>/dev/null ||
    echo "cannot make $busy writable: EMR may end this cluster as idle during a job without YARN applications" >&2
fi
echo "installed runner $version in $home"
