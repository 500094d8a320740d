#!/usr/bin/env bash
# The emulator, the AWS CLI and the checkers.
set -euo pipefail
rm -rf .tools/venv
python3 -m venv .tools/venv
.tools/venv/bin/python -m pip install --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -r requirements.txt
.tools/venv/bin/python -m pip check
