#!/bin/sh
# Storms of many seeds, on all cores: storms.sh BUILD_DIR SEEDS [FIRST].
# NODES and HOURS (virtual) come from the environment.  What a failing seed
# said is kept in build/night/.
set -u
build=${1:?usage: storms.sh BUILD_DIR SEEDS [FIRST]}
seeds=${2:?usage: storms.sh BUILD_DIR SEEDS [FIRST]}
first=${3:-1}
kept=${KEEP:-build/night/storms}
export HOURS="${HOURS:-1}" NODES="${NODES:-}"
rm -rf "$kept"
mkdir -p "$kept"

# One seed: a line for the progress, and the log of a failure.
cat >"$kept/one" <<'ONE'
#!/bin/sh
program=$1 kept=$2 total=$3 seed=$4
log=$kept/seed-$seed.log
BERTY_SEED=$seed timeout "${SEED_TIMEOUT:-1800}" "$program" >"$log" 2>&1
rc=$?
if [ "$rc" -eq 0 ]; then
	grep '^seed ' "$log" >>"$kept/good"
	rm -f "$log"
else
	[ "$rc" -ne 124 ] || echo "it took too long" >>"$log"
	echo "$seed" >>"$kept/bad"
	grep -hE 'does not hold|too long|runtime error|ERROR: Addr' "$log" | head -n 1
	echo "FAIL seed $seed; again: BERTY_SEED=$seed HOURS=$HOURS NODES=$NODES $program"
fi
good=$(wc -l 2>/dev/null <"$kept/good" || echo 0)
bad=$(wc -l 2>/dev/null <"$kept/bad" || echo 0)
done=$((good + bad))
if [ "$rc" -ne 0 ] || [ $((done % 10)) -eq 0 ]; then
	echo "storms: $done of $total seeds, $bad failed ($(date +%H:%M:%S))"
fi
exit 0
ONE
chmod +x "$kept/one"
: >"$kept/good"
: >"$kept/bad"
seq "$first" $((first + seeds - 1)) |
	xargs -P "${JOBS:-$(nproc)}" -n 1 \
		"$kept/one" "$build/tests/berty-storm" "$kept" "$seeds"
good=$(wc -l <"$kept/good")
bad=$(wc -l <"$kept/bad")
awk '{ calls += $7; acknowledged += $11; lives += $14; faults += $16 }
	END { printf "%d calls, %d acknowledged, %d lives, %d faults\n", calls,
	acknowledged, lives, faults }' "$kept/good"
echo "$good passed, $bad failed"
[ "$bad" -eq 0 ]
