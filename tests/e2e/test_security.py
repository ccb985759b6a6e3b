"""Connections are secured as the operator wants it."""
import subprocess

import pytest

from conftest import BERTY, befriend, exchange_keys, wait_message


@pytest.mark.parametrize("asked, asking", [
    ("tls", "tls"), ("tls", "noise,tls"), ("noise", "noise,tls"),
])
def test_contacts_chat_by_what_both_sides_speak(nodes, asked, asking):
    alice = nodes(f"-p2p.security={asked}")
    bob = nodes(f"-p2p.security={asking}")
    group = befriend(bob, alice)
    exchange_keys(alice, bob, group)
    alice.api.send(group, b"are you there?")
    wait_message(bob, group, b"are you there?")
    bob.api.send(group, b"x" * 400_000)
    wait_message(alice, group, b"x" * 400_000)


def test_a_security_that_does_not_exist_is_refused(tmp_path):
    done = subprocess.run(
        [BERTY, "daemon", "-store.dir", tmp_path / "node",
         "-p2p.security", "noise,secio"],
        capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "noise,secio" in done.stderr
