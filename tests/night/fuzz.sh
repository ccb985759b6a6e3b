#!/bin/sh
# Every parser fuzzed for a long time, on all cores: fuzz.sh BUILD_DIR SECONDS.
# What libFuzzer learns is kept in build/night/corpus (worth adding to
# tests/fuzz/corpus by hand), what breaks a parser in build/night/crashes.
set -u
build=${1:?usage: fuzz.sh BUILD_DIR SECONDS}
seconds=${2:?usage: fuzz.sh BUILD_DIR SECONDS}
kept=${KEEP:-build/night}
mkdir -p "$kept/corpus" "$kept/crashes" "$kept/fuzz"
rm -f "$kept"/fuzz/*

cat >"$kept/fuzz/one" <<'ONE'
#!/bin/sh
target=$1 kept=$2 seconds=$3
name=$(basename "$target")
mkdir -p "$kept/corpus/$name"
own=tests/fuzz/corpus/$name
[ -d "$own" ] || own=
log=$kept/fuzz/$name.log
# shellcheck disable=SC2086
if "$target" "-max_total_time=$seconds" "-seed=${SEED:-0}" \
	"-artifact_prefix=$kept/crashes/$name-" -print_final_stats=1 \
	"$kept/corpus/$name" $own >"$log" 2>&1; then
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	echo "$name: ${runs:-?} runs, $(ls "$kept/corpus/$name" | wc -l) entries kept"
	: >"$kept/fuzz/$name.good"
else
	grep -hE 'ERROR|runtime error|SUMMARY' "$log" | head -n 2
	crash=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
	echo "FAIL $name; again: $target ${crash:-(see $log)}"
	: >"$kept/fuzz/$name.bad"
fi
exit 0
ONE
chmod +x "$kept/fuzz/one"
for target in "$build"/tests/fuzz_*; do
	[ -f "$target" ] && [ -x "$target" ] && echo "$target"
done | xargs -P "${JOBS:-$(nproc)}" -I TARGET \
	"$kept/fuzz/one" TARGET "$kept" "$seconds"
good=$(find "$kept/fuzz" -name '*.good' | wc -l)
bad=$(find "$kept/fuzz" -name '*.bad' | wc -l)
echo "$good passed, $bad failed"
[ "$bad" -eq 0 ] && [ "$good" -gt 0 ]
