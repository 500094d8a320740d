# shellcheck shell=bash
# Sourced by scripts/audit and scripts/release from the top folder.
tool() { # name, version, package: compiles it from the Go module proxy if it is missing, and prints its path
  local path=$PWD/.tools/bin/$1-$2 new
  if ! [ -x "$path" ]; then
    echo "compiling $1 $2" >&2
    new=$(mktemp -d "${TMPDIR:-/tmp}/$1.XXXXXX")
    GOBIN=$new GOFLAGS='' go install "$3@$2" >&2
    mkdir -p "$(dirname "$path")"
    mv "$new/$1" "$path"
    rmdir "$new"
  fi
  echo "$path"
}
