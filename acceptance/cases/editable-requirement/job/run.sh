#!/bin/bash
set -e
python3 -c "import shoplib; print(shoplib.__name__)"
