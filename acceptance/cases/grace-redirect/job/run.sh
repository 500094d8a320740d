#!/bin/bash
set -eu
python3 load.py >"$CASE/load.log" 2>&1
