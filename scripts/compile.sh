# shellcheck shell=bash
# Sourced by scripts/build and scripts/stack: compiles programs into $dist (default: dist).
: "${dist:=dist}"
export CGO_ENABLED=0
# Binaries do not contain the commit, so that they, and the assets that CDK uploads, change only with their code.
build() { go build -trimpath -buildvcs=false -ldflags '-s -w' "$@"; }

functions() { # os, arch: go names a binary after its folder, Lambda requires "bootstrap"
  local out=$dist/functions/.$1-$2 to=$dist/functions/$1-$2 name
  mkdir -p "$out"
  GOOS=$1 GOARCH=$2 build -tags lambda.norpc -o "$out/" ./functions/...
  rm -rf "$to"
  for name in functions/*/main.go; do
    name=$(basename "$(dirname "$name")")
    mkdir -p "$to/$name"
    ln "$out/$name" "$to/$name/bootstrap"
  done
}

runner() { # os, arch
  GOOS=$1 GOARCH=$2 build -o "$dist/runner/$1-$2/runner" ./cmd/runner
}
