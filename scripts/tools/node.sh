#!/usr/bin/env bash
# The CDK CLI and, on Linux, the Node.js it is run with (elsewhere the machine's own).
set -euo pipefail
rm -rf .tools/node
mkdir -p .tools/node
cp .npmrc package.json package-lock.json .tools/node/
cd .tools/node
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
PATH="$PWD/node_modules/.bin:$PATH" cdk --version
