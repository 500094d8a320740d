#!/usr/bin/env bash
# A class-data archive of a Spark run, from which the shims start the JVM: a
# short job takes two thirds of the time. Nothing depends on it.
set -euo pipefail
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
rm -f .tools/spark.jsa
cd "$temp"
checkout=$OLDPWD
AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_ENDPOINT_URL=http://127.0.0.1:9 TMPDIR=$temp \
  SPARK_SUBMIT_OPTS="-XX:ArchiveClassesAtExit=$temp/spark.jsa" \
  "$checkout/scripts/shims/spark-submit" --conf spark.hadoop.fs.s3a.attempts.maximum=1 --conf spark.hadoop.fs.s3a.retry.limit=0 \
  "$checkout/scripts/tools/archive.py"
mv "$temp/spark.jsa" "$checkout/.tools/spark.jsa"
