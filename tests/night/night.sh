#!/bin/sh
# What takes hours: a crowd, a thousand storms, long fuzzing, and the checks
# that need other builds or tools.  Run by `make night`; the knobs are
#
#   NODES     of the crowd (100); SEEDS storms (1000) of HOURS virtual hours (1)
#   SECONDS   for each fuzz target (3600)
#   GROUPS_KEPT  of the fleet of replication servers (1000)
#   PARTS     which of: crowd storms fleet threads valgrind secrets large fuzz
set -u
cd "$(dirname "$0")/../.."
jobs=$(nproc)
nodes=${NODES:-100} seeds=${SEEDS:-1000} seconds=${SECONDS:-3600}
export HOURS="${HOURS:-1}"
parts=${PARTS:-crowd storms fleet threads valgrind secrets large fuzz}
work=build/night
mkdir -p "$work"
: >"$work/totals"
status=0

say() { printf '\n== %s (%s)\n' "$*" "$(date +%H:%M:%S)"; }

wanted() {
	case " $parts " in *" $1 "*) return 0 ;; esac
	return 1
}

# part NAME COMMAND…: its last line says `N passed, N failed`.
part() {
	name=$1
	shift
	say "$name"
	{ "$@" 2>&1; echo "exit $?"; } | tee "$work/log"
	counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed.*/\1 \2/p' \
		"$work/log" | tail -n 1)
	result=$(sed -n 's/^exit //p' "$work/log" | tail -n 1)
	[ "$result" = 0 ] || status=1
	if [ -z "$counts" ]; then
		[ "$result" = 0 ] && counts="1 0" || counts="0 1"
	fi
	# shellcheck disable=SC2086
	set -- $counts
	printf '%-34s %6d passed %6d failed\n' "$name" "$1" "$2" \
		>>"$work/totals"
}

build() {
	cmake --preset "$1" --log-level=WARNING -DBERTY_NO_TESTS=OFF >/dev/null &&
		cmake --build --preset "$1" -- -j "$jobs" || exit 1
}

# Rough, from the machine this was written on; hours of all cores.
targets=$(find tests/fuzz -name 'fuzz_*.c' | wc -l)
awk -v jobs="$jobs" -v nodes="$nodes" -v seeds="$seeds" -v hours="$HOURS" \
	-v seconds="$seconds" -v targets="$targets" -v parts=" $parts " 'BEGIN {
	has = 0.3
	if (index(parts, " crowd ")) has += 0.5 * (nodes / 100) ^ 3
	if (index(parts, " storms ")) has += seeds * hours * 6 / jobs / 3600
	if (index(parts, " fuzz ")) has += int((targets + jobs - 1) / jobs) * \
		seconds / 3600
	printf "night: about %.1f hours on %d cores\n", has, jobs }'

if wanted crowd || wanted storms || wanted fleet || wanted secrets ||
	wanted large; then
	say "building (release)"
	build release
fi
if wanted crowd; then
	part "crowd of $nodes" env NODES="$nodes" \
		build/release/tests/berty-crowd
fi
if wanted storms; then
	part "storms" env NODES= tests/night/storms.sh build/release "$seeds"
fi
if wanted fleet; then
	part "fleet of replication servers" tests/night/fleet.sh build/release \
		"${GROUPS_KEPT:-1000}"
fi
if wanted threads; then
	say "building (TSan)"
	build tsan
	part "threads (TSan)" tests/night/threads.sh build/tsan
fi
if wanted valgrind; then
	say "building (debug)"
	build dev
	part "valgrind" tests/night/valgrind.sh build/dev
fi
if wanted secrets; then
	part "secrets" tests/night/secrets.py build/release
fi
if wanted large; then
	part "scenarios, large" ctest --test-dir build/release -L large \
		--output-on-failure
fi
if wanted fuzz; then
	say "building (fuzz)"
	build fuzz
	part "fuzz, $seconds s each" tests/night/fuzz.sh build/fuzz "$seconds"
fi

say "totals"
cat "$work/totals"
exit "$status"
