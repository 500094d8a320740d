#!/bin/bash
set -e
python3 -c "import shoprates; print('rate', shoprates.RATE)"
