#!/usr/bin/env bash
# Delta and Iceberg for Spark, from Maven's repository.
set -euo pipefail
rm -rf .tools/tables
mvn -B -q -C -f scripts/tools/tables.xml dependency:copy-dependencies -DoutputDirectory="$PWD/.tools/tables"
