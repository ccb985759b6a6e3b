"""Replication servers that share one PostgreSQL, and die."""
import os
import pathlib
import shutil
import tempfile

import fleet


def test_nothing_is_lost_when_servers_of_a_fleet_are_killed():
    # A folder that the database's user may enter.
    folder = tempfile.mkdtemp(prefix="berty-fleet-", dir="/tmp")
    os.chmod(folder, 0o755)
    try:
        took, written = fleet.run(pathlib.Path(folder), groups=12, seconds=15,
                                  every=3, servers=3, deaths=1,
                                  say=lambda text: None)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    assert written > 100
    assert len(took["registered"]) == 12 and len(took["taken over"]) == 1
