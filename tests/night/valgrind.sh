#!/bin/sh
# Nothing for valgrind to complain about: valgrind.sh BUILD_DIR.  The known
# answers, and two real nodes that meet over the loopback and write.
set -u
build=${1:?usage: valgrind.sh BUILD_DIR}
passed=0
failed=0
log=$(mktemp)

run() {
	name=$1
	shift
	if valgrind -q --error-exitcode=9 --leak-check=full \
		--errors-for-leak-kinds=definite,indirect --num-callers=20 \
		--suppressions=tests/night/valgrind.supp \
		"$@" >"$log" 2>&1; then
		passed=$((passed + 1))
		echo "$name: clean"
	else
		failed=$((failed + 1))
		echo "FAIL $name"
		tail -n 60 "$log"
	fi
}

run "known answers" "$build/tests/berty-kat" tests/vectors
run "two nodes" "$build/tests/test_library"
run "a host and streams" "$build/tests/test_library_p2p"
rm -f "$log"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
