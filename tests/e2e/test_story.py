"""What people do: meet, talk, make a group, bring a third."""
import pytest

from conftest import (befriend, exchange_keys, invite, request_contact,
                      wait_for, wait_message, Failure)


def test_two_become_contacts_and_talk_both_ways(nodes):
    alice, bob = nodes(), nodes()
    group = befriend(bob, alice)
    cid = alice.api.send(group, b"hello bob")
    got = wait_message(bob, group, b"hello bob")
    assert got.event_context.id == cid
    assert got.event_context.group_pk == group
    assert got.headers.device_pk == alice.api.call(
        "GroupInfo", group_pk=group).device_pk
    bob.api.send(group, b"hello alice")
    wait_message(alice, group, b"hello alice")


def test_a_group_of_three_has_one_history_of_metadata(nodes):
    alice, bob, carol = nodes(), nodes(), nodes()
    befriend(bob, alice)
    group = alice.api.call("MultiMemberGroupCreate").group_pk
    invite(alice, group, bob)
    exchange_keys(alice, bob, group)
    before = alice.api.send(group, b"before carol")
    alice.api.call("AppMetadataSend", group_pk=group, payload=b"a rule")
    invite(alice, group, carol)
    wait_for("the history at carol's", lambda: [
        e for e in carol.api.events(group) if e.metadata.event_type == 1001])
    exchange_keys(alice, carol, group)
    exchange_keys(bob, carol, group)
    ids = [{e.event_context.id for e in n.api.events(group)}
           for n in (alice, bob, carol)]
    assert ids[0] == ids[1] == ids[2]
    # Her key for alice's messages begins after this one.
    assert before not in {m.event_context.id
                          for m in carol.api.messages(group)}


def test_a_live_stream_delivers_without_asking_again(nodes):
    alice, bob = nodes(), nodes()
    group = befriend(bob, alice)
    exchange_keys(alice, bob, group)
    live = bob.api.open_stream("GroupMessageList", timeout=60,
                               group_pk=group, since_now=True)
    live.initial_metadata()
    cids = [alice.api.send(group, b"live %d" % i) for i in range(20)]
    got = []
    for event in live:
        got.append(event.event_context.id)
        if len(got) == len(cids):
            break
    live.cancel()
    assert got == cids


def test_a_blocked_contact_is_refused(nodes):
    alice, bob = nodes(), nodes()
    request_contact(bob, alice)
    alice.api.call("ContactBlock", contact_pk=bob.account)
    with pytest.raises(Failure) as failed:
        alice.api.call(
            "ContactRequestSend",
            contact=alice.api.message(
                "berty.protocol.v1.ShareableContact", pk=bob.account,
                public_rendezvous_seed=bytes(32)))
    assert failed.value.codes[0] == 1002
    assert failed.value.codes[-1] == 1202
