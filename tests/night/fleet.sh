#!/bin/sh
# Three replication servers on a real PostgreSQL, killed while members write:
# fleet.sh BUILD GROUPS
set -eu
cd "$(dirname "$0")/../.."
if [ ! -x build/venv/bin/pytest ]; then
	python3 -m venv build/venv
	build/venv/bin/pip install -q --disable-pip-version-check \
		-r tests/e2e/requirements.txt
fi
BERTY=$PWD/$1/cmd/berty/berty exec build/venv/bin/python tests/e2e/fleet.py \
	--groups "$2"
