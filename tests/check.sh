#!/bin/sh
# Every test, with totals at the end.  Run by `make check`.
#
#   unit, known answers, scenarios, fuzz   under ASan and UBSan
#   scenarios marked large, end to end     on the optimised build
set -u
cd "$(dirname "$0")/.."
jobs=$(nproc)
work=build/check
mkdir -p "$work"
: >"$work/totals"
status=0

say() { printf '\n== %s\n' "$*"; }

# total NAME PASSED FAILED
total() {
	printf '%-34s %6d passed %6d failed\n' "$1" "$2" "$3" >>"$work/totals"
	[ "$3" -eq 0 ] || status=1
}

stop() {
	echo "check: $1" >&2
	exit 1
}

# The numbers of a line `N passed, N failed` at the end of a log.
last_counts() {
	sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed.*/\1 \2/p' "$1" | tail -n 1
}

# ctest NAME BUILD ARGS…: run the programs of a build, count their tests.
suite() {
	name=$1 build=$2
	shift 2
	say "$name"
	ctest --test-dir "$build" -j "$jobs" --output-on-failure "$@" \
		>"$work/log" 2>&1
	result=$?
	grep -E '^(The following|\s+[0-9]+ - )|% tests passed|\*\*\*' "$work/log"
	[ "$result" -eq 0 ] || cat "$work/log"
	# The programs' own counts are in ctest's log, one line a test.
	log=$build/Testing/Temporary/LastTest.log
	passed=$(grep -c '^\[       OK \]' "$log")
	failed=$(grep -c '^\[  FAILED  \] [a-z_]*$' "$log")
	[ "$result" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
	[ "$passed" -gt 0 ] || stop "$name ran no test"
	total "$name" "$passed" "$failed"
}

say "building (release)"
cmake --preset release --log-level=WARNING -DBERTY_NO_TESTS=OFF >/dev/null ||
	stop "configuring failed"
cmake --build --preset release -- -j "$jobs" || stop "the build failed"
say "building (ASan, UBSan)"
cmake --preset asan --log-level=WARNING >/dev/null || stop "configuring failed"
cmake --build --preset asan -- -j "$jobs" || stop "the build failed"

export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0
export UBSAN_OPTIONS=print_stacktrace=1

suite "unit (ASan, UBSan)" build/asan -LE 'scenario|large|fuzz'
suite "scenarios (ASan, UBSan)" build/asan -L scenario -LE large
suite "scenarios, large" build/release -L large

say "known answers (ASan, UBSan)"
build/asan/tests/berty-kat tests/vectors >"$work/log" 2>&1
result=$?
tail -n 20 "$work/log"
set -- $(last_counts "$work/log")
[ $# -eq 2 ] || stop "the known answers did not run to their end"
[ "$result" -eq 0 ] || status=1
total "known answers" "$1" "$2"

say "fuzz, a short run (ASan, UBSan)"
tests/fuzz/run.sh build/asan "${FUZZ_RUNS:-50000}" >"$work/log" 2>&1
tail -n 20 "$work/log"
set -- $(last_counts "$work/log")
[ $# -eq 2 ] || stop "the fuzz targets did not run"
total "fuzz targets" "$1" "$2"

say "the installed libraries"
tests/install.sh build/release >"$work/log" 2>&1
result=$?
tail -n 30 "$work/log"
set -- $(last_counts "$work/log")
[ $# -eq 2 ] || stop "the libraries were not installed"
[ "$result" -eq 0 ] || status=1
total "installed libraries" "$1" "$2"

say "the Python package"
tests/python.sh build/release >"$work/log" 2>&1
result=$?
tail -n 60 "$work/log"
set -- $(last_counts "$work/log")
[ $# -eq 2 ] || stop "the Python package was not built"
[ "$result" -eq 0 ] || status=1
total "Python package" "$1" "$2"

say "secrets (logs, stores and memory after a run)"
tests/night/secrets.py build/release >"$work/log" 2>&1
result=$?
cat "$work/log"
set -- $(last_counts "$work/log")
[ "$result" -eq 0 ] || status=1
total "secrets left behind" "${1:-0}" "${2:-1}"

say "interop (peers of go-libp2p and js-libp2p)"
if tests/interop/build.sh go js; then
	tests/interop/run.py build/asan/tests/interop/interop-peer \
		--stacks go,go-2022,js --table build/interop/table.md \
		>"$work/log" 2>&1
	result=$?
else
	: >"$work/log"
	result=1
fi
[ "$result" -eq 0 ] || cat "$work/log"
tail -n 2 "$work/log"
set -- $(last_counts "$work/log")
[ "$result" -eq 0 ] || status=1
total "interop" "${1:-0}" "${2:-1}"

say "end to end (grpcio over reflection)"
if ! cmp -s tests/e2e/requirements.txt build/venv/installed.txt; then
	python3 -m venv build/venv || stop "python3 -m venv failed"
	build/venv/bin/pip install -q --disable-pip-version-check \
		-r tests/e2e/requirements.txt || stop "pip failed"
	cp tests/e2e/requirements.txt build/venv/installed.txt
fi
BERTY=$PWD/build/release/cmd/berty/berty build/venv/bin/pytest -q \
	-p no:cacheprovider tests/e2e >"$work/log" 2>&1
result=$?
tail -n 30 "$work/log"
passed=$(sed -n 's/.*[^0-9]*\b\([0-9][0-9]*\) passed.*/\1/p' "$work/log" | tail -n 1)
failed=$(sed -n 's/.*\b\([0-9][0-9]*\) \(failed\|error\).*/\1/p' "$work/log" | tail -n 1)
[ "$result" -eq 0 ] || failed=${failed:-1}
total "end to end" "${passed:-0}" "${failed:-0}"

say "demo"
if tests/demo.sh build/release/cmd/berty/berty >"$work/log" 2>&1; then
	total "demo" 1 0
else
	tail -n 30 "$work/log"
	total "demo" 0 1
fi

say "totals"
cat "$work/totals"
awk '{ for (i = 2; i <= NF; i++) { if ($i == "passed") p += $(i-1);
	if ($i == "failed") f += $(i-1) } }
	END { printf "%d passed, %d failed\n", p, f }' "$work/totals"
exit "$status"
