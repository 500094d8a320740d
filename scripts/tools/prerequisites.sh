#!/usr/bin/env bash
# Lists all programs that are missing or too old, before the parts that are given are installed.
set -euo pipefail

problems=0
problem() { # what, found, needed, hint
  [ "$problems" -gt 0 ] || echo 'setup: missing prerequisites:' >&2
  problems=$((problems + 1))
  printf '  %-8s found %-14s needed %-12s %s\n' "$1" "$2" "$3" "$4" >&2
}

# at_least FOUND WANTED compares versions number by number
at_least() {
  local IFS=. i have want
  # shellcheck disable=SC2206 # split at the dots
  have=($1) want=($2)
  for ((i = 0; i < ${#want[@]}; i++)); do
    [ "${have[i]:-0}" -eq "${want[i]}" ] || { [ "${have[i]:-0}" -gt "${want[i]}" ]; return; }
  done
}

# version COMMAND... prints the first version number in its output, ignoring colours
# and Java's message about JAVA_TOOL_OPTIONS
version() {
  "$@" 2>&1 | sed -n -e '/^Picked up/d' -e "s/$(printf '\033')\[[0-9;]*m//g" \
    -e 's/^[^0-9]*\([0-9][0-9]*\(\.[0-9][0-9]*\)*\).*/\1/p' | sed -n 1p
}

check() { # name, oldest version, hint, command that prints the version...
  local name=$1 oldest=$2 hint=$3 found
  shift 3
  found=$(version "$@" || true)
  if [ -z "$found" ] || ! at_least "$found" "$oldest"; then
    problem "$name" "${found:-nothing}" ">= $oldest" "$hint"
  fi
}

if [ -f go.mod ]; then # a release has no sources
  check go 1.26 'https://go.dev/dl' go env GOVERSION
  command -v make >/dev/null || problem make nothing any 'install make'
fi
check node 18 'apt install nodejs npm, brew install node@24' node --version
check npm 9 'comes with Node.js' npm --version
if [ "$*" = node ]; then
  [ "$problems" -eq 0 ]
  exit
fi
check python3 3.10 'apt install python3 python3-venv, brew install python@3.12' python3 --version
check mvn 3.6 'apt install maven, brew install maven' mvn --version
if command -v python3 >/dev/null && ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
  problem venv nothing "Python's" 'apt install python3-venv'
fi
java=$(version "${JAVA_HOME:+$JAVA_HOME/bin/}java" -version || true)
[ "${java%%.*}" = 17 ] || problem java "${java:-nothing}" '17 (Spark 3.5)' 'apt install openjdk-17-jre-headless, brew install openjdk@17; set JAVA_HOME if there are several'
for tool in tar cksum; do
  command -v "$tool" >/dev/null || problem "$tool" nothing any "install $tool"
done
[ "$problems" -eq 0 ]
