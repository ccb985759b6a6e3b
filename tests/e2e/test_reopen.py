"""An account is the same after it was closed and opened."""
import pytest

from conftest import (Failure, befriend, exchange_keys, invite, wait_for,
                      wait_message)
from test_crash import is_open


def pages(api, group):
    """Every list and range of a group, as ids."""
    events = [e.event_context.id for e in api.events(group)]
    messages = [m.event_context.id for m in api.messages(group)]
    middle = messages[len(messages) // 3], messages[2 * len(messages) // 3]
    return {
        "events": events,
        "messages": messages,
        "reverse": [m.event_context.id for m in api.messages(
            group, until_now=True, reverse_order=True)],
        "range": [m.event_context.id for m in api.messages(
            group, since_id=middle[0], until_id=middle[1])],
        "since": [m.event_context.id for m in api.messages(
            group, since_id=middle[0], until_now=True)],
        "until": [m.event_context.id for m in api.messages(
            group, until_id=middle[1])],
        "parents": [list(e.event_context.parent_ids)
                    for e in api.events(group)],
    }


def test_lists_and_ranges_are_the_same_after_a_restart(nodes):
    alice, bob = nodes(), nodes()
    group = befriend(bob, alice)
    exchange_keys(alice, bob, group)
    for i in range(30):
        (alice if i % 3 else bob).api.send(group, b"%d" % i)
    wait_for("all messages", lambda: len(alice.api.messages(group)) == 32)
    before = pages(alice.api, group)
    assert before["reverse"] == before["messages"][::-1]
    assert before["range"] == before["messages"][10:22]
    account = [e.event_context.id for e in alice.api.events(alice.account)]
    alice.restart()
    wait_for("the group to be open", lambda: is_open(alice, group))
    assert pages(alice.api, group) == before
    assert account == [e.event_context.id
                       for e in alice.api.events(alice.account)]


def test_what_is_disabled_stays_disabled(nodes):
    node = nodes("-node.contact-requests=false")
    seed = node.api.call("ContactRequestEnable").public_rendezvous_seed
    node.api.call("ContactRequestDisable")
    node.restart()
    reference = node.api.call("ContactRequestReference")
    assert not reference.enabled
    assert reference.public_rendezvous_seed == seed


def test_the_newest_seed_stays(nodes):
    node = nodes()
    seeds = [node.api.call("ContactRequestResetReference")
             .public_rendezvous_seed for _ in range(3)]
    assert len(set(seeds)) == 3
    node.restart()
    reference = node.api.call("ContactRequestReference")
    assert reference.enabled
    assert reference.public_rendezvous_seed == seeds[-1]


def test_a_left_group_stays_left_and_can_be_joined_again(nodes):
    alice, bob = nodes(), nodes()
    group = alice.api.call("MultiMemberGroupCreate").group_pk
    invite(alice, group, bob)
    bob.api.call("MultiMemberGroupLeave", group_pk=group)
    bob.restart()
    assert group not in bob.api.groups()
    with pytest.raises(Failure):
        bob.api.call("ActivateGroup", group_pk=group)
    invite(alice, group, bob)
    assert group in bob.api.groups()
    exchange_keys(alice, bob, group)


def test_the_same_account_and_keys_come_back(nodes):
    node = nodes()
    group = node.api.call("MultiMemberGroupCreate").group_pk
    before = (node.info["account_pk"], node.info["device_pk"],
              node.info["peer_id"], node.info["swarm"], node.info["link"],
              node.api.call("GroupInfo", group_pk=group).member_pk)
    node.restart()
    assert before == (node.info["account_pk"], node.info["device_pk"],
                      node.info["peer_id"], node.info["swarm"],
                      node.info["link"], node.api.call(
                          "GroupInfo", group_pk=group).member_pk)


def test_a_group_closed_and_opened_is_alive(nodes):
    alice, bob = nodes(), nodes()
    group = befriend(bob, alice)
    exchange_keys(alice, bob, group)
    bob.api.call("DeactivateGroup", group_pk=group)
    with pytest.raises(Failure) as failed:
        bob.api.messages(group)
    assert failed.value.codes[0] == 1302
    alice.api.send(group, b"while closed")
    bob.api.call("ActivateGroup", group_pk=group)
    wait_message(bob, group, b"while closed")
    live = bob.api.open_stream("GroupMessageList", timeout=60,
                               group_pk=group, since_now=True)
    live.initial_metadata()
    alice.api.send(group, b"after")
    assert next(live).message == b"after"
    live.cancel()
    bob.api.send(group, b"back")
    wait_message(alice, group, b"back")
