#!/usr/bin/env bash
# The Go linter with its formatters (gofumpt, goimports); linters of GitHub workflows and of Python.
set -euo pipefail
GOBIN="$PWD/.tools/bin" GOFLAGS='' go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.12.2
GOBIN="$PWD/.tools/bin" GOFLAGS='' go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
.tools/bin/golangci-lint version
rm -rf .tools/lint
python3 -m venv .tools/lint
.tools/lint/bin/python -m pip install --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -r requirements-lint.txt
