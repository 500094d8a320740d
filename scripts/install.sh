#!/bin/sh
# Installs ephemr @VERSION@, the command line and what it deploys, into ~/.local/bin:
#   curl -fsSL https://github.com/OWNER/NAME/releases/latest/download/install.sh | sh
# EPHEMR_BIN=DIR installs elsewhere. EPHEMR_PARTS=cli leaves out the stack archive, which up, test, demo and deploy need.
# EPHEMR_RELEASE=URL is the folder with the files, if they are not on GitHub.
set -eu
version='@VERSION@'
release=${EPHEMR_RELEASE:-https://github.com/@REPOSITORY@/releases/download/$version}
bin=${EPHEMR_BIN:-$HOME/.local/bin}

fail() { echo "install: $*" >&2; exit 1; }

os=$(uname -s | tr '[:upper:]' '[:lower:]')
case $os in linux | darwin) ;; *) fail "no release for $os; on Windows unpack ephemr_${version}_windows_amd64.zip" ;; esac
case $(uname -m) in
  x86_64 | amd64) arch=amd64 ;;
  aarch64 | arm64) arch=arm64 ;;
  *) fail "no release for $(uname -m)" ;;
esac

files=$(mktemp -d)
trap 'rm -rf "$files"' EXIT

download() { # file
  if command -v curl >/dev/null; then
    curl -fsSL --retry 3 -o "$files/$1" "$release/$1"
  elif command -v wget >/dev/null; then
    wget -q -O "$files/$1" "$release/$1"
  else
    fail 'curl or wget is needed'
  fi || fail "download $release/$1"
}

verify() { # file
  line=$(grep "  $1\$" "$files/checksums.txt") || fail "checksums.txt does not list $1"
  if command -v sha256sum >/dev/null; then
    (cd "$files" && echo "$line" | sha256sum -c - >/dev/null 2>&1)
  else
    (cd "$files" && echo "$line" | shasum -a 256 -c - >/dev/null 2>&1)
  fi || fail "$1 is not what checksums.txt says; nothing was installed"
}

cli=ephemr_${version}_${os}_$arch
stack=ephemr-stack_${version}_${os}_$arch.tar.gz
download checksums.txt
download "$cli.tar.gz"
verify "$cli.tar.gz"
if [ "${EPHEMR_PARTS:-}" != cli ]; then
  download "$stack"
  verify "$stack"
fi
tar xzf "$files/$cli.tar.gz" -C "$files"
mkdir -p "$bin"
rm -f "$bin"/ephemr-stack_*.tar.gz # of the version before
[ ! -f "$files/$stack" ] || mv "$files/$stack" "$bin/"
mv "$files/$cli/ephemr" "$bin/ephemr"
"$bin/ephemr" version
case :$PATH: in *:"$bin":*) ;; *) echo "install: add $bin to your PATH" >&2 ;; esac
