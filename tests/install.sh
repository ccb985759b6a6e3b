#!/bin/sh
# install.sh BUILD: install a build into a folder of its own, look at what is
# there, and build the examples against it as somebody else would.
set -u
cd "$(dirname "$0")/.."
tree=$PWD
build=$1
work=$(mktemp -d)
passed=0 failed=0
prefix=$work/prefix
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
		tail -n 20 "$work/log"
	fi
}

names() {
	nm -D --defined-only "$1" | awk '$2 != "A" {sub(/@.*/, "", $3); print $3}' |
		sort
}

# The names a library gives are those of its list, and of its headers.
exports_match() {
	names "$prefix/lib/lib$1.so" >"$work/have"
	sort "$tree/cmake/exports/$1.txt" | diff - "$work/have" || return 1
	nm -g --defined-only "$prefix/lib/lib$1.a" | awk 'NF == 3 {print $3}' |
		sort | diff "$work/have" -
}

# Every function that a header marks is in some library, and the reverse.
headers_match() {
	find "$prefix/include/berty" -name '*.h' ! -name api.h -exec cat {} + |
		tr '\n' ' ' |
		grep -o 'BERTY_API [^(]*(' |
		sed 's/.*[ *]\([a-z0-9_]*\)($/\1/' | sort -u >"$work/declared"
	cat "$tree"/cmake/exports/*.txt | sort -u | diff "$work/declared" -
}

header_alone() {
	printf '#include "berty/%s"\n#include "berty/%s"\n' "$1" "$1" >"$work/h.c"
	echo 'extern int more;' >>"$work/h.c"
	cp "$work/h.c" "$work/h.cc"
	cc -std=c11 -Wall -Wextra -Wpedantic -Werror -I"$prefix/include" \
		-fsyntax-only "$work/h.c" &&
		c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror \
			-I"$prefix/include" -fsyntax-only "$work/h.cc"
}

# until COMMAND…: try for half a minute.
until_true() {
	n=0
	until "$@" >/dev/null 2>&1; do
		n=$((n + 1))
		[ "$n" -lt 300 ] || return 1
		sleep 0.1
	done
}

# Run the examples in a folder.
run_embed() {
	printf 'hello\n' | timeout 60 "$1/embed" | grep -q '^heard: hello$'
}

# What an earlier run has left must not pass for this one's.
run_ping() {
	rm -f "$work/ping"
	timeout 60 "$1/ping" >"$work/ping" &
	running="$running $!"
	until_true grep -q p2p "$work/ping" &&
		timeout 60 "$1/ping" "$(cat "$work/ping")" 3 |
		grep -c ' ms$' | grep -qx 3
}

run_chat() {
	rm -rf "$work/a" "$work/b" "$work/to-a" "$work/to-b" \
		"$work/from-a" "$work/from-b"
	mkfifo "$work/to-a" "$work/to-b"
	timeout 90 "$1/chat" "$work/a" <"$work/to-a" >"$work/from-a" &
	running="$running $!"
	exec 3>"$work/to-a"
	until_true grep -q '^https' "$work/from-a" || return 1
	timeout 90 "$1/chat" "$work/b" "$(head -n 1 "$work/from-a")" \
		<"$work/to-b" >"$work/from-b" &
	running="$running $!"
	exec 4>"$work/to-b"
	until_true grep -q '^(a contact' "$work/from-a" &&
		until_true grep -q '^(a contact' "$work/from-b" || return 1
	echo 'from a' >&3
	until_true grep -q '^> from a$' "$work/from-b" || return 1
	echo 'from b' >&4
	until_true grep -q '^> from b$' "$work/from-a" || return 1
	exec 3>&- 4>&-
}

run_all() {
	holds "embed ($2)" run_embed "$1"
	holds "ping ($2)" run_ping "$1"
	holds "chat ($2)" run_chat "$1"
	holds "test_node ($2)" timeout 60 "$1/test_node"
}

by_pkg_config() {
	mkdir -p "$work/pc"
	for example in chat embed test_node ping; do
		case $example in
		ping) packages=berty-p2p ;;
		test_node) packages="berty berty-sim" ;;
		*) packages=berty ;;
		esac
		# shellcheck disable=SC2046,SC2086
		cc -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror \
			-o "$work/pc/$example" "$tree/examples/$example.c" \
			$(pkg-config --cflags --libs $packages) || return 1
	done
}

by_cmake() {
	cmake -S "$tree/examples" -B "$work/cm" -DCMAKE_PREFIX_PATH="$prefix" &&
		cmake --build "$work/cm"
}

by_archive() {
	cmake -S "$tree/examples" -B "$work/ar" -DBERTY_STATIC=ON \
		-DCMAKE_PREFIX_PATH="$prefix" && cmake --build "$work/ar" &&
		! ldd "$work/ar/chat" | grep libberty
}

# A program with names of ours inside, on three of our archives at once.
clashing() {
	cat >"$work/clash.c" <<'C'
#include <berty/berty.h>
#include <berty/p2p.h>
#include <berty/sim.h>
#include <stdio.h>
#include <string.h>
int node_open(void), buffer_append(void), map_set(void), sim_new(void);
int node_open(void) { return (1); }
int buffer_append(void) { return (2); }
int map_set(void) { return (3); }
int sim_new(void) { return (4); }
int main(void)
{
	struct berty_node_config config = {.size = sizeof(config)};
	struct berty_p2p * host;
	struct berty_sim * sim;
	struct berty * b;
	berty_id node;

	if (berty_new(NULL, &b, NULL) != 0 ||
	    berty_open(b, &config, &node, NULL) != 0 ||
	    berty_p2p_new(NULL, &host, NULL) != 0 ||
	    (sim = berty_sim_new(1)) == NULL ||
	    strcmp(berty_error_name(-100), "ErrInvalidInput") != 0)
		return (1);
	berty_free(b);
	berty_p2p_free(host);
	berty_sim_free(sim);
	return (node_open() + buffer_append() + map_set() + sim_new() - 10);
}
C
	# shellcheck disable=SC2046
	cc -std=c11 -o "$work/clash" "$work/clash.c" -I"$prefix/include" \
		"$prefix/lib/libberty-p2p.a" "$prefix/lib/libberty.a" \
		"$prefix/lib/libberty-sim.a" \
		$(pkg-config --libs $(pkg-config --print-requires-private \
			berty berty-p2p berty-sim)) -pthread &&
		env LD_LIBRARY_PATH= "$work/clash"
}

# What a library must not stand on.
lean() {
	! ldd "$prefix/lib/libberty.so" | grep -E 'curl|libpq|microhttpd|nghttp2'
}

p2p_alone() {
	cmake --install "$build" --prefix "$work/alone" --component p2p \
		--strip && [ ! -e "$work/alone/lib/libberty.so" ] &&
		PKG_CONFIG_PATH="$work/alone/lib/pkgconfig" cc -std=c11 \
			-D_POSIX_C_SOURCE=200809L -o "$work/ping-alone" \
			"$tree/examples/ping.c" -I"$work/alone/include" \
			-L"$work/alone/lib" -lberty-p2p
}

with_destdir() {
	DESTDIR=$work/root cmake --install "$build" --prefix /opt/berty \
		--strip && [ -e "$work/root/opt/berty/lib/libberty.so.0" ]
}

cmake --install "$build" --prefix "$prefix" --strip >"$work/log" 2>&1 || {
	cat "$work/log"
	exit 1
}
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
export LD_LIBRARY_PATH="$prefix/lib"

for library in berty berty-p2p berty-sim berty-daemon; do
	holds "the names of lib$library" exports_match "$library"
done
holds "the names in the headers" headers_match
for header in "$prefix"/include/berty/*.h; do
	holds "$(basename "$header") stands alone" \
		header_alone "$(basename "$header")"
done
holds "libberty stands on little" lean
holds "building with pkg-config" by_pkg_config
run_all "$work/pc" pkg-config
holds "building with find_package" by_cmake
run_all "$work/cm" find_package
holds "building with the archives" by_archive
run_all "$work/ar" archives
holds "names of ours in a program of others" clashing
holds "libberty-p2p alone" p2p_alone
holds "DESTDIR" with_destdir
ls -l "$prefix"/lib/libberty*.so.*.*.* "$prefix"/lib/libberty*.a |
	awk '{n = split($9, path, "/"); print path[n], $5, "bytes"}'
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
