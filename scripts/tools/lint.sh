#!/usr/bin/env bash
# The Go linter with its formatters (gofumpt, goimports).
set -euo pipefail
GOBIN="$PWD/.tools/bin" GOFLAGS='' go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.12.2
.tools/bin/golangci-lint version
