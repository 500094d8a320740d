#!/usr/bin/env bash
# The jars that let Spark speak s3://.
set -euo pipefail
rm -rf .tools/jars
mvn -B -q -C -f scripts/tools/pom.xml dependency:copy-dependencies -DoutputDirectory="$PWD/.tools/jars"
