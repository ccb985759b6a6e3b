#!/bin/sh
# Build as released, measure, and write build/bench.json.  Arguments name the
# parts to measure: limits trips library daemon calls pair history
# attachments (3 GiB of room) replication.
set -eu
cd "$(dirname "$0")/.."

cmake --preset release -DBERTY_NO_TESTS=OFF --log-level=WARNING >/dev/null
cmake --build --preset release --target berty berty-bench -- -j"$(nproc)"

stores=$(pwd)/build/bench-stores
rm -rf "$stores"
postgres=$(mktemp -d /tmp/berty-bench-XXXXXX)
trap 'bench/postgres.sh stop "$postgres"; rm -rf "$stores" "$postgres"' EXIT
bench/postgres.sh start "$postgres" 3
echo "measuring (some minutes)"
build/release/bench/berty-bench -berty build/release/cmd/berty/berty \
	-folder "$stores" -postgres "$postgres" -out build/bench.json "$@"
echo "written to build/bench.json"
