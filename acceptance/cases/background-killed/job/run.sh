#!/bin/bash
set -e
for part in a b c; do
  (sleep 60; echo "part $part done") &
done
echo "started all parts"
