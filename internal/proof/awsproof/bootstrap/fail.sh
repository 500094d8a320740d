#!/usr/bin/env bash
# A bootstrap action that fails.
echo "awsproof: this bootstrap action fails on purpose" >&2
exit 3
