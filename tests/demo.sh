#!/bin/sh
# The story of three people, each with a node of their own on this machine:
# contacts, messages both ways, a group, and a third who joins it.
#
#   tests/demo.sh build/release/cmd/berty/berty
set -u
berty=${1:-build/release/cmd/berty/berty}
[ -x "$berty" ] || { echo "demo: $berty is no program: build it first" >&2; exit 1; }
case $berty in /*) ;; *) berty=$PWD/$berty ;; esac
unset BERTY_STORE_DIR BERTY_NODE_REMOTE_ADDR BERTY_CONFIG BERTY_JSON
here=$(mktemp -d "${TMPDIR:-/tmp}/berty-demo.XXXXXX") || exit 1
nodes=

finish() {
	for pid in $nodes; do kill -TERM "$pid" 2>/dev/null; done
	for pid in $nodes; do wait "$pid" 2>/dev/null; done
	rm -rf "$here"
}
trap finish EXIT
trap 'exit 1' INT TERM

say() { printf '%s\n' "$*"; }

fail() {
	say "demo: $*" >&2
	for name in alice bob carol; do
		[ -s "$here/$name.log" ] || continue
		say "-- $name's node said:" >&2
		tail -n 15 "$here/$name.log" >&2
	done
	exit 1
}

# start NAME: a node with its own account, reachable on this machine only.
start() {
	"$berty" daemon -store.dir "$here/$1" -name "$1" -no-banner \
		-p2p.swarm-listeners /ip4/127.0.0.1/tcp/0 -p2p.mdns=false \
		>"$here/$1.out" 2>"$here/$1.log" &
	nodes="$nodes $!"
	last=$!
	tries=0
	until grep -q '^ready:' "$here/$1.out"; do
		tries=$((tries + 1))
		kill -0 "$last" 2>/dev/null || fail "$1's node did not start"
		[ "$tries" -lt 100 ] || fail "$1's node is not ready after 10 s"
		sleep 0.1
	done
	say "$1's node is running"
}

# as NAME COMMAND…: what that person types.
as() {
	who=$1
	shift
	"$berty" "$@" -store.dir "$here/$who" 2>"$here/$who.error" ||
		fail "$who: berty $1 $2: $(cat "$here/$who.error")"
}

# wait_for WHAT COMMAND…: until the command succeeds, at most 20 s.
wait_for() {
	what=$1
	shift
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ "$tries" -lt 100 ] || fail "waited 20 s in vain: $what"
		sleep 0.2
	done
}

# contact_is NAME STATE [KEY]; said NAME WHERE TEXT; event NAME GROUP TEXT
contact_is() { as "$1" contact list | grep "  $2 " >/dev/null; }
said() { as "$1" tail "$2" -until-now | grep -F "$3" >/dev/null; }
event() { as "$1" tail "$2" -metadata -until-now | grep -F "$3" >/dev/null; }

start alice
start bob
start carol

say "alice makes her contact link and gives it to bob"
link=$(as alice contact link -name alice) || exit 1
case $link in https://berty.tech/id#contact/*) ;; *) fail "no link: $link" ;; esac
say "  $(printf %.60s "$link")…"

say "bob sends her a contact request"
as bob contact request "$link" -name bob >/dev/null || exit 1
wait_for "bob's request at alice's" contact_is alice received
say "alice sees the request and accepts it"
as alice contact accept bob >/dev/null || exit 1
wait_for "alice among bob's contacts" contact_is bob added
contact_is alice added || fail "bob is not among alice's contacts"
say "they are contacts"

say "alice writes to bob, bob answers"
as alice send bob "Hello Bob, this is Alice" >/dev/null || exit 1
wait_for "alice's message at bob's" said bob alice "Hello Bob, this is Alice"
as bob send alice "Hello Alice, Bob here" >/dev/null || exit 1
wait_for "bob's message at alice's" said alice bob "Hello Alice, Bob here"
say "both have both messages"

say "alice makes a group and invites bob"
group=$(as alice group create -name Hikers) || exit 1
group=${group##* }
invitation=$(as alice group invite "$group" -name Hikers) || exit 1
as bob group join "$invitation" >/dev/null || exit 1
wait_for "the group's name at bob's" event bob "$group" Hikers
as alice send "$group" "Where do we go?" >/dev/null || exit 1
wait_for "alice's message in the group at bob's" said bob "$group" "Where do we go?"
say "bob is in the group and reads it"

say "carol, who knows nobody, joins with the same invitation"
as alice send "$group" --metadata "Rule one: bring water" >/dev/null || exit 1
as carol group join "$invitation" >/dev/null || exit 1
wait_for "the group's history at carol's" event carol "$group" "Rule one: bring water"
event carol "$group" Hikers || fail "carol does not see the group's name"
say "carol reads the group's whole metadata"
as carol send "$group" "Hi, I am Carol" >/dev/null || exit 1
wait_for "carol's message at alice's" said alice "$group" "Hi, I am Carol"
wait_for "carol's message at bob's" said bob "$group" "Hi, I am Carol"
as alice send "$group" "Welcome, Carol" >/dev/null || exit 1
wait_for "alice's welcome at carol's" said carol "$group" "Welcome, Carol"
as bob send "$group" "Welcome from Bob" >/dev/null || exit 1
wait_for "bob's welcome at carol's" said carol "$group" "Welcome from Bob"
say "all three talk, and no server was needed"
