#!/usr/bin/env bash
# What the example store-availability needs: PostgreSQL's binaries and OpenSearch with its
# libraries, from Maven's repository, and the clients of the job for the loader.
set -euo pipefail
case "$(uname -s) $(uname -m)" in
  'Linux x86_64') platform=linux-amd64 ;;
  'Linux aarch64') platform=linux-arm64v8 ;;
  'Darwin x86_64') platform=darwin-amd64 ;;
  'Darwin arm64') platform=darwin-arm64v8 ;;
  *) echo "no PostgreSQL for $(uname -s) $(uname -m)" >&2; exit 1 ;;
esac
rm -rf .tools/stores
mkdir -p .tools/stores/postgresql
mvn -B -q -C -f scripts/tools/stores.xml -Dplatform=$platform dependency:copy-dependencies -DoutputDirectory="$PWD/.tools/stores/jars"
mkdir .tools/stores/opensearch
mv .tools/stores/jars/embedded-postgres-binaries-*.jar .tools/stores/postgresql.jar
mv .tools/stores/jars/*.jar .tools/stores/opensearch/
cd .tools/stores/postgresql
../../venv/bin/python -m zipfile -e ../postgresql.jar .
../../venv/bin/python -m tarfile -e postgres-*.txz
rm -rf META-INF postgres-*.txz ../postgresql.jar ../jars
cd ../../..
.tools/venv/bin/python -m pip install --disable-pip-version-check --only-binary :all: --require-hashes \
  -r jobs/store-availability/join/requirements.txt --target .tools/stores/python
