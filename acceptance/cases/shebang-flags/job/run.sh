#!/bin/bash -e
echo "step 1: export"
cp /no/such/export.csv staging.csv
echo "step 2: publish what was exported"
echo "rows=0" >>"$EPHEMR_OUTPUT"
