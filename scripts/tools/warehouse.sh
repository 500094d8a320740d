#!/usr/bin/env bash
# What the example warehouse needs: Redis's server from Maven's repository, FerretDB, which speaks MongoDB's
# protocol, from Go's proxy, and the clients of the job for the loader.
set -euo pipefail
case "$(uname -s) $(uname -m)" in
  'Linux x86_64') redis='redis-server-6.2.6-v5-linux-amd64' ;;
  'Linux aarch64') redis='redis-server-6.2.7-linux-arm64' ;;
  'Darwin x86_64') redis='redis-server-6.2.6-v5-darwin-amd64' ;;
  'Darwin arm64') redis='redis-server-6.2.6-v5-darwin-arm64' ;;
  *) echo "no Redis for $(uname -s) $(uname -m)" >&2; exit 1 ;;
esac
rm -rf .tools/warehouse
mkdir -p .tools/warehouse/jar
mvn -B -q -C -f scripts/tools/warehouse.xml dependency:copy-dependencies -DoutputDirectory="$PWD/.tools/warehouse/jar"
.tools/venv/bin/python -m zipfile -e .tools/warehouse/jar/embedded-redis-*.jar .tools/warehouse/jar
mv ".tools/warehouse/jar/$redis" .tools/warehouse/redis-server
chmod +x .tools/warehouse/redis-server
rm -rf .tools/warehouse/jar
# Its releases are built with a file of their version, which the module lacks: it is added to a copy.
version=v1.24.2
cd .tools/warehouse
source=$(GOFLAGS='' go mod download -json github.com/FerretDB/FerretDB@$version | ../venv/bin/python -c 'import json, sys; print(json.load(sys.stdin)["Dir"])')
cp -R "$source" source
chmod -R u+w source
echo $version >source/build/version/version.txt
(cd source && GOFLAGS='' GOWORK=off CGO_ENABLED=0 go build -o ../ferretdb ./cmd/ferretdb)
rm -rf source
cd ../..
.tools/venv/bin/python -m pip install --disable-pip-version-check --only-binary :all: --require-hashes \
  -r jobs/warehouse/export/requirements.txt --target .tools/warehouse/python
