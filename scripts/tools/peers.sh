#!/usr/bin/env bash
# Great Expectations, which make bench measures checks against.
set -euo pipefail
rm -rf .tools/peers
python3 -m venv .tools/peers
.tools/peers/bin/python -m pip install --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -r requirements-bench.txt
.tools/peers/bin/python -m pip check
