"""Power cuts: kill -9 at either side in the middle of a thousand sends."""
import threading

import pytest

from conftest import Failure, befriend, exchange_keys, wait_for

SENDS = 1000


def send_until_dead(node, group, first, acknowledged, half):
    """Send from `first` on until all are out or the node dies."""
    for i in range(first, SENDS):
        try:
            payload = b"message %d" % i
            acknowledged[node.api.send(group, payload)] = payload
        except (Failure, ValueError, AttributeError):
            return
        if i == SENDS // 2:
            half.set()


def contents(node, group):
    return [(m.event_context.id, m.message)
            for m in node.api.messages(group)]


def assert_complete(nodes, group, acknowledged):
    """All that was acknowledged is everywhere, once, and the same."""
    wanted = set(acknowledged.items())
    for node in nodes:
        wait_for("all acknowledged messages",
                 lambda n=node: wanted <= set(contents(n, group)), 120)
    lists = [contents(n, group) for n in nodes]
    for got in lists:
        assert len(got) == len(set(cid for cid, _ in got))
    for got in lists:
        texts = [p for _, p in got if p.startswith(b"message ")]
        assert len(texts) == len(set(texts)), "a message was repeated"
    wait_for("equal histories", lambda: len(
        {frozenset(contents(n, group)) for n in nodes}) == 1, 60)


def test_a_sender_that_dies_loses_and_repeats_nothing(nodes):
    alice, bob = nodes(), nodes()
    group = befriend(bob, alice)
    exchange_keys(alice, bob, group)
    acknowledged, half = {}, threading.Event()
    sender = threading.Thread(target=send_until_dead,
                              args=(alice, group, 0, acknowledged, half))
    sender.start()
    assert half.wait(120)
    alice.kill()
    sender.join(60)
    assert SENDS // 2 < len(acknowledged) < SENDS
    alice.start()
    wait_for("the group to be open", lambda: is_open(alice, group))
    # One may be written without its sender having heard of it.
    after = {p for _, p in contents(alice, group)}
    first = max(int(p.split()[1]) for p in after
                if p.startswith(b"message ")) + 1
    send_until_dead(alice, group, first, acknowledged, half)
    assert_complete((alice, bob), group, acknowledged)


def test_a_receiver_that_dies_loses_and_repeats_nothing(nodes):
    alice, bob = nodes(), nodes()
    group = befriend(bob, alice)
    exchange_keys(alice, bob, group)
    acknowledged, half = {}, threading.Event()
    sender = threading.Thread(target=send_until_dead,
                              args=(alice, group, 0, acknowledged, half))
    sender.start()
    assert half.wait(120)
    bob.kill()
    bob.start()
    sender.join(120)
    assert len(acknowledged) == SENDS
    wait_for("the group to be open", lambda: is_open(bob, group))
    assert_complete((alice, bob), group, acknowledged)


def is_open(node, group):
    try:
        node.api.messages(group)
        return True
    except Failure as failure:
        if failure.codes[:1] == [1302]:
            return False
        raise


@pytest.mark.parametrize("times", [3])
def test_a_store_survives_being_killed_again_and_again(nodes, times):
    alice = nodes()
    group = alice.api.call("MultiMemberGroupCreate").group_pk
    written = []
    for i in range(times):
        written += [alice.api.send(group, b"%d %d" % (i, j))
                    for j in range(50)]
        alice.kill()
        alice.start()
        wait_for("the group to be open", lambda: is_open(alice, group))
        assert [m.event_context.id
                for m in alice.api.messages(group)] == written
