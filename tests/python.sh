#!/bin/sh
# python.sh BUILD: install a build into a folder of its own, make the wheel of
# the Python package from it, and try that in a venv that has nothing else.
set -u
cd "$(dirname "$0")/.."
tree=$PWD
build=$1
work=$(mktemp -d)
passed=0 failed=0
running=

clean() {
	for pid in $running; do
		kill "$pid" 2>/dev/null
	done
	rm -rf "$work"
}
trap clean EXIT

# holds TEXT COMMAND…: count whether the command succeeds.
holds() {
	text=$1
	shift
	if "$@" >"$work/log" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $text"
		tail -n 60 "$work/log"
	fi
}

stop() {
	cat "$work/log"
	echo "python: $1" >&2
	echo "$passed passed, $((failed + 1)) failed"
	exit 1
}

# until_true COMMAND…: try for half a minute.
until_true() {
	n=0
	until "$@" >/dev/null 2>&1; do
		n=$((n + 1))
		[ "$n" -lt 300 ] || return 1
		sleep 0.1
	done
}

# The tools that build the wheel and run the tests; kept between runs.
tools=$tree/build/venv-python
wanted=$tree/bindings/python/tests/requirements.txt
prepare() {
	cmp -s "$wanted" "$tools/requirements.txt" && return
	rm -rf "$tools"
	python3 -m venv "$tools" &&
		"$tools/bin/pip" install -q --disable-pip-version-check \
			-r "$wanted" && cp "$wanted" "$tools/"
}

# Generated files shall not lie about in the tree.
wheel() {
	mkdir "$work/source" && cd "$tree/bindings/python" &&
		cp -r pyproject.toml setup.py MANIFEST.in README.md generator \
			src "$work/source" &&
		"$tools/bin/pip" wheel -q --disable-pip-version-check \
			--no-deps --no-build-isolation -w "$work/wheel" \
			"$work/source"
}

# Only what the package says that it needs.
fresh() {
	python3 -m venv "$work/venv" &&
		"$work/venv/bin/pip" install -q --disable-pip-version-check \
			"$work"/wheel/berty-*.whl
}

bundled() {
	cd "$work" && "$work/venv/bin/python" - <<'P'
import berty
with open("/proc/self/maps") as maps:
    (path,) = {line.split()[5] for line in maps if "libberty" in line}
assert path.endswith("site-packages/berty/_lib/libberty.so.0"), path
P
}

suite() {
	"$tools/bin/pip" install -q --disable-pip-version-check --no-deps \
		--force-reinstall "$work"/wheel/berty-*.whl &&
		cd "$tree/bindings/python" && BERTY_PREFIX=$work/prefix \
		PYTHONDONTWRITEBYTECODE=1 "$tools/bin/pytest" -q -rs
}

run_chat() {
	mkfifo "$work/to-a" "$work/to-b"
	chat="$work/venv/bin/python $tree/bindings/python/examples/chat.py"
	cd "$work"
	$chat "$work/a" <"$work/to-a" >"$work/from-a" &
	running="$running $!"
	exec 3>"$work/to-a"
	until_true grep -q '^https' "$work/from-a" || return 1
	$chat "$work/b" "$(head -n 1 "$work/from-a")" \
		<"$work/to-b" >"$work/from-b" &
	running="$running $!"
	exec 4>"$work/to-b"
	until_true grep -q '^(a contact' "$work/from-a" &&
		until_true grep -q '^(a contact' "$work/from-b" || return 1
	# What is said before the other is there is for nobody: say it again.
	n=0
	until grep -q '^> from a$' "$work/from-b" &&
		grep -q '^> from b$' "$work/from-a"; do
		n=$((n + 1))
		[ "$n" -lt 60 ] || return 1
		echo 'from a' >&3
		echo 'from b' >&4
		sleep 0.5
	done
	exec 3>&- 4>&-
	for pid in $running; do
		wait "$pid" || return 1
	done
}

cmake --install "$build" --prefix "$work/prefix" --component berty --strip \
	>"$work/log" 2>&1 || stop "the library was not installed"
prepare >"$work/log" 2>&1 || stop "there are no tools"
BERTY_PREFIX=$work/prefix wheel >"$work/log" 2>&1 || stop "no wheel was built"
holds "the wheel installs where nothing else is" fresh
holds "it runs the library that it brings" bundled
holds "the example: two people chat" run_chat
suite >"$work/log" 2>&1
result=$?
tail -n 60 "$work/log"
count() {
	sed -n "s/.*\b\([0-9][0-9]*\) \($1\).*/\1/p" "$work/log" | tail -n 1
}
good=$(count passed)
bad=$(count 'failed\|error')
[ "$result" -eq 0 ] || bad=${bad:-1}
passed=$((passed + ${good:-0})) failed=$((failed + ${bad:-0}))
ls -l "$work"/wheel/*.whl | awk '{n = split($9, p, "/"); print p[n], $5, "bytes"}'
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
