# Two commands are all one needs: `make run` and `make check`.

.DELETE_ON_ERROR:
.PHONY: help run check build demo bench fuzz night interop install clean setup \
	setup-test

PRESET ?= release
BERTY = build/release/cmd/berty/berty
JOBS = $(shell nproc)

help:
	@echo "make run      install what is missing, build, and start a node"
	@echo "make check    install what is missing, build, and run every test"
	@echo "make demo     three nodes become contacts, make a group and chat"
	@echo "make bench    measure, into build/bench.json"
	@echo "make fuzz     fuzz every parser for SECONDS (60) each"
	@echo "make night    hours of tests: NODES= SEEDS= HOURS= SECONDS= PARTS="
	@echo "make interop  meet go-libp2p, js-libp2p and rust-libp2p"
	@echo "make install  install under PREFIX (/usr/local)"
	@echo "make clean    remove build/"

setup:
	@packaging/setup.sh packaging/debian-packages.txt

setup-test: setup
	@packaging/setup.sh packaging/debian-packages-test.txt

build: setup
	@cmake --preset $(PRESET) -DBERTY_NO_TESTS=ON --log-level=WARNING >/dev/null
	@cmake --build --preset $(PRESET) --target berty -- -j$(JOBS)

run: build
	@exec $(BERTY) daemon $(ARGS)

check: setup-test
	@tests/check.sh

demo: build
	@tests/demo.sh $(BERTY)

bench: setup-test
	@bench/run.sh

fuzz: setup-test
	@cmake --preset fuzz --log-level=WARNING >/dev/null
	@cmake --build --preset fuzz -- -j$(JOBS)
	@tests/fuzz/run.sh build/fuzz $(or $(SECONDS),60)s

NODES ?=
SEEDS ?=
HOURS ?=
PARTS ?=
night: setup-test
	@packaging/setup.sh packaging/debian-packages-night.txt
	@NODES=$(NODES) SEEDS=$(SEEDS) HOURS=$(or $(HOURS),1) \
		SECONDS=$(or $(SECONDS),3600) PARTS="$(PARTS)" \
		tests/night/night.sh

# Writes what came of it into docs/interop.md.
interop: setup-test
	@tests/interop/build.sh go js rust
	@cmake --preset asan --log-level=WARNING >/dev/null
	@cmake --build --preset asan --target interop-peer -- -j$(JOBS)
	@tests/interop/run.py build/asan/tests/interop/interop-peer --slow \
		--stacks go,go-2022,js,rust --table docs/interop.md

PREFIX ?= /usr/local
install: build
	@cmake --build --preset release --target libraries -- -j$(JOBS)
	@cmake --install build/release --prefix $(PREFIX) --strip

clean:
	@rm -rf build
