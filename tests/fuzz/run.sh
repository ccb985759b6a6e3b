#!/bin/sh
# Run every fuzz target of a build: run.sh BUILD_DIR RUNS, or SECONDS with an
# `s` behind it (for each target).  SEED is taken from the environment.
set -u
build=${1:?usage: run.sh BUILD_DIR RUNS|SECONDSs}
amount=${2:-20000}
case $amount in
*s) limit=-max_total_time=${amount%s} ;;
*) limit=-runs=$amount ;;
esac
passed=0
failed=0
log=$(mktemp)
for target in "$build"/tests/fuzz_*; do
	[ -f "$target" ] && [ -x "$target" ] || continue
	if "$target" "$limit" "-seed=${SEED:-1}" >"$log" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $(basename "$target")"
		tail -n 40 "$log"
	fi
done
rm -f "$log"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
