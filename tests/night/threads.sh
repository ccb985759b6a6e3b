#!/bin/sh
# Races: what uses threads, under TSan: threads.sh BUILD_DIR.
# Workers of the loop, the store's sync, batches of entries that are checked,
# a context with a thread of its own; and three daemons that chat.
set -u
build=${1:?usage: threads.sh BUILD_DIR}
kept=${KEEP:-build/night}/threads
rm -rf "$kept"
mkdir -p "$kept"
kept=$(cd "$kept" && pwd)
# What a sanitizer has to say goes to files, also from daemons.
export TSAN_OPTIONS="log_path=$kept/race exitcode=66 \
suppressions=$PWD/tests/night/tsan.supp"
passed=0
failed=0

count() {
	if [ "$2" -eq 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $1"
	fi
}

for test in test_os test_udp test_process test_store_file test_store \
	test_grpc test_library test_library_loop test_library_p2p \
	test_library_storage test_library_threads test_library_world; do
	[ -x "$build/tests/$test" ] || continue
	(cd tests && timeout 600 "../$build/tests/$test") >"$kept/$test.log" 2>&1
	rc=$?
	[ "$rc" -eq 0 ] || tail -n 20 "$kept/$test.log"
	count "$test" "$rc"
done
timeout 900 tests/demo.sh "$build/cmd/berty/berty" >"$kept/demo.log" 2>&1
rc=$?
[ "$rc" -eq 0 ] || tail -n 20 "$kept/demo.log"
count "the demo of three daemons" "$rc"
races=0
for file in "$kept"/race.*; do
	[ -s "$file" ] || continue
	races=$((races + 1))
	[ "$races" -gt 3 ] || cat "$file"
done
count "no race was seen" "$races"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
