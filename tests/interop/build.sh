#!/bin/sh
# Build the peers that others wrote into build/interop: build.sh go js rust
# and clients that are made of our proto files, for tests/e2e/conformance:
# build.sh go-client web-client
#
# Go and Node are taken from the PATH when they are recent enough; else Debian's
# own fetch the right ones by their ordinary clients.
set -eu
cd "$(dirname "$0")/../.."
here=$PWD/tests/interop
out=$PWD/build/interop
mkdir -p "$out"

say() { echo "interop: $*"; }

stop() {
	say "$*" >&2
	exit 1
}

# at_least HAVE WANTED
at_least() {
	[ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# --- Go ----------------------------------------------------------------------

# Fetch the Go that the peers need with an older one; print its path.
fetch_go() {
	module=golang.org/toolchain@v0.0.1-go$1.linux-$("$2" env GOARCH)
	folder=$(cd "$out" && GO111MODULE=on "$2" mod download -json "$module" |
		sed -n 's/^[[:space:]]*"Dir": "\(.*\)".*/\1/p')
	[ -x "$folder/bin/go" ] ||
		chmod u+w,a+x "$folder"/bin/* "$folder"/pkg/tool/*/*
	echo "$folder/bin/go"
}

find_go() {
	wanted=$(sed -n 's/^go //p' "$here/go/current/go.mod")
	if command -v go >/dev/null; then
		have=$(GOTOOLCHAIN=local go env GOVERSION | sed 's/^go//')
		if at_least "$have" "$wanted"; then
			command -v go
			return
		fi
	fi
	packaging/setup.sh packaging/debian-packages-go.txt >&2
	say "fetching Go $wanted" >&2
	fetch_go "$wanted" "$(command -v go || echo /usr/lib/go/bin/go)"
}

build_go() {
	go=$(find_go)
	export GOTOOLCHAIN=local GOCACHE="$out/go-cache" GOFLAGS=-buildvcs=false
	# What they need of C is nothing.
	export CGO_ENABLED=0
	unset GOROOT
	say "building Go peers with $("$go" env GOVERSION)"
	for peer in current berty2022; do
		(cd "$here/go/$peer" && "$go" build -p 2 -mod=readonly \
			-ldflags='-s -w' -o "$out/go-$peer" .)
	done
}

# --- JavaScript --------------------------------------------------------------

# install FROM TO: what the lock file says, unless it is there.
install_locked() {
	mkdir -p "$2"
	if cmp -s "$1/package-lock.json" "$2/installed.json"; then
		return
	fi
	cp "$1/package.json" "$1/package-lock.json" "$2/"
	(cd "$2" && npm ci --no-audit --no-fund --loglevel=error >&2)
	cp "$1/package-lock.json" "$2/installed.json"
}

find_node() {
	wanted=$(sed -n 's/.*"node": ">=\([0-9.]*\)".*/\1/p' \
		"$here/js/package.json")
	command -v node >/dev/null && command -v npm >/dev/null ||
		packaging/setup.sh packaging/debian-packages-node.txt >&2
	if at_least "$(node --version | sed 's/^v//')" "$wanted"; then
		command -v node
		return
	fi
	say "fetching Node" >&2
	install_locked "$here/node" "$out/node-package"
	set -- "$out"/node-package/node_modules/node-linux-*/bin/node
	[ -x "$1" ] || stop "there is no Node for this machine"
	echo "$1"
}

build_js() {
	ln -sf "$(find_node)" "$out/node"
	say "installing js-libp2p for Node $("$out/node" --version)"
	install_locked "$here/js" "$out/js"
	cp "$here/js/peer.js" "$out/js/"
}

# --- Rust --------------------------------------------------------------------

build_rust() {
	wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' \
		"$here/rust/Cargo.toml")
	command -v cargo >/dev/null ||
		packaging/setup.sh packaging/debian-packages-rust.txt >&2
	have=$(cargo --version | sed 's/^cargo \([0-9.]*\).*/\1/')
	at_least "$have" "$wanted" ||
		stop "Rust $have is too old: install $wanted or later"
	say "building the Rust peer with Rust $have"
	mkdir -p "$out/rust"
	cp -r "$here/rust/Cargo.toml" "$here/rust/src" "$out/rust/"
	# The lock file goes without the registry's address: cargo knows it.
	if ! cmp -s "$here/rust/Cargo.lock.in" "$out/rust/locked"; then
		rm -f "$out/rust/Cargo.lock"
		(cd "$out/rust" && cargo generate-lockfile --quiet)
		source=$(grep -m 1 '^source = ' "$out/rust/Cargo.lock")
		sed "s|^source = .*|$source|" "$here/rust/Cargo.lock.in" \
			>"$out/rust/Cargo.lock"
		cp "$here/rust/Cargo.lock.in" "$out/rust/locked"
	fi
	(cd "$out/rust" && CARGO_TARGET_DIR="$out/rust-target" \
		cargo build --locked --release --jobs 2 --quiet)
	ln -sf "$out/rust-target/release/interop-peer" "$out/rust-peer"
}

# --- clients -----------------------------------------------------------------

clients=$PWD/tests/e2e/conformance/clients
protos="berty/protocol/v1/protocoltypes.proto berty/push/v1/pushtypes.proto
	berty/errcode/errcode.proto"

build_go_client() {
	go=$(find_go)
	export GOTOOLCHAIN=local GOCACHE="$out/go-cache" GOFLAGS=-buildvcs=false
	export CGO_ENABLED=0
	unset GOROOT
	say "building the Go client"
	mkdir -p "$out/go-client"
	cp "$clients"/go/* "$out/go-client/"
	cd "$out/go-client"
	for tool in google.golang.org/protobuf/cmd/protoc-gen-go \
		google.golang.org/grpc/cmd/protoc-gen-go-grpc; do
		"$go" build -p 2 -mod=readonly -o "bin/" "$tool"
	done
	set --
	for kind in go go-grpc; do
		set -- "$@" "--plugin=bin/protoc-gen-$kind" "--${kind}_out=." \
			"--${kind}_opt=module=story"
		for proto in $protos; do
			package=$(basename "$proto" .proto)
			set -- "$@" "--${kind}_opt=M$proto=story/$package"
		done
	done
	# shellcheck disable=SC2086
	"${PYTHON:-$here/../../build/venv/bin/python}" -m grpc_tools.protoc \
		-I "$here/../../proto" "$@" $protos
	"$go" build -p 2 -mod=readonly -ldflags='-s -w' -o story .
	cd "$here/../.."
}

build_web_client() {
	ln -sf "$(find_node)" "$out/node"
	say "building the web client"
	install_locked "$clients/web" "$out/web-client"
	cp "$clients/web/story.js" "$out/web-client/"
	# shellcheck disable=SC2086
	"$out/node" "$out/web-client/node_modules/protobufjs-cli/bin/pbjs" \
		-t static-module -w commonjs --no-verify --no-comments \
		-p proto -o "$out/web-client/messages.js" \
		$(printf 'proto/%s ' $protos) proto/google/rpc/status.proto
}

for stack in "$@"; do
	case $stack in
	go) build_go ;;
	js) build_js ;;
	rust) build_rust ;;
	go-client) build_go_client ;;
	web-client) build_web_client ;;
	*) stop "no such stack: $stack" ;;
	esac
done
