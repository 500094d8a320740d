#!/bin/bash
set -e
coproc WORK { exec python3 work.py; }
read -r line <&"${WORK[0]}"
echo "read: $line"
kill "$WORK_PID"
