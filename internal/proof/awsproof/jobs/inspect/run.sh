#!/usr/bin/env bash
# Reports what a step finds on its cluster: run.sh OTHER_ROLE. Every line of an answer is cut, because outputs are small.
set -uo pipefail

report() { # name, text
  local text=${2//[$'\n\t']/ }
  printf '%s=%s\n' "$1" "${text:0:800}" >>"$EPHEMR_OUTPUT"
}
try() { # name, command…: "yes", or "no" with the reason
  local name=$1 text
  shift
  if text=$("$@" 2>&1); then report "$name" yes; else report "$name" "no: $text"; fi
}
writable() { # directory
  local file
  file=$(mktemp "$1/awsproof.XXXXXX") && echo data >"$file" && rm "$file"
}
metadata() { # with or without sudo
  local token
  token=$("$@" curl -sS -f -m 2 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token) &&
    "$@" curl -sS -f -m 2 -o /dev/null -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/iam/security-credentials/
}
assume() { # whether this step may have the rights of another user
  aws sts assume-role --role-session-name awsproof --role-arn "$1" --query AssumedRoleUser.Arn --output text
}

report unix_user "$(id)"
report identity "$(aws sts get-caller-identity --query Arn --output text 2>&1)"
report credentials "$(env | sed -n 's/^\(AWS_[A-Z_]*\)=.*/\1/p' | sort | paste -sd' ' -)"
try sudo sudo -n true
try temporary_directory writable /tmp
report work_directory "$PWD"
try work_disk writable "${PWD%/work/*}"
report disks "$(df -k / . 2>&1 | awk 'NR > 1 { printf "%s %s KiB free of %s; ", $6, $4, $2 }')"
busy=${EPHEMR_BUSY_FILE:-/emr/metricscollector/isbusy}
report busy_file "$(ls -l "$busy" 2>&1)"
try busy_file_writable touch "$busy"
try other_user assume "$1"
if [ "$2" = aws ]; then # elsewhere the address belongs to another network
  report denied "$(aws emr list-clusters --max-items 1 2>&1)" # instances have no rights on EMR
  try instance_metadata metadata env
  try instance_metadata_by_sudo metadata sudo -n
fi
