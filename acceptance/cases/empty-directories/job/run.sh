set -e
echo written >out/today/a
cat out/today/a
