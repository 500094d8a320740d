#!/bin/bash
set -e
stats=$(python3 -c 'import json;print(json.dumps({"rows": 3, "bad": 0}, indent=2))')
printf 'stats<<END\n%s\nEND\n\nrows = 3\n' "$stats" >>"$EPHEMR_OUTPUT"
