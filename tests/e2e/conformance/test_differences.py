"""What docs/api-v1.md says of a call beside what its row tries."""
import grpc
import pytest

from conftest import (Failure, Nodes, contact_group, invite, wait_for,
                      wait_message)
from scene import SEED, STRANGER, Scene


@pytest.fixture
def s(tmp_path):
    made = Nodes(tmp_path)
    scene = Scene(made, tmp_path)
    yield scene
    scene.close()
    made.close()


def closed(s, group):
    """Nothing can be read of the group any more."""
    try:
        s.api.messages(group)
    except Failure as failure:
        assert failure.codes == [1302, 888]
        return True
    return False


@pytest.mark.parametrize("name", ("GroupMessageList", "GroupMetadataList"))
@pytest.mark.parametrize("call", ("DeactivateGroup",
                                  "MultiMemberGroupLeave"))
def test_a_list_ends_well_when_its_group_is_closed(s, name, call):
    live = s.api.open_stream(name, timeout=30, group_pk=s.group,
                             since_now=True)
    live.initial_metadata()
    s.api.call(call, group_pk=s.group)
    assert list(live) == [] and live.code() == grpc.StatusCode.OK
    assert closed(s, s.group)


def test_who_is_blocked_is_not_heard_in_the_contacts_group(s):
    group = s.befriended()
    s.api.call("ContactBlock", contact_pk=s.friend.account)
    assert closed(s, group)


def test_a_block_ends_a_request_that_is_under_way(s):
    asked = s.make()
    seed = asked.api.call("ContactRequestEnable").public_rendezvous_seed
    key = asked.account
    asked.stop()
    s.api.call("ContactRequestSend", contact={
        "pk": key, "public_rendezvous_seed": seed})
    s.api.call("ContactBlock", contact_pk=key)
    asked.start("-p2p.static-peers", ",".join(s.node.info["swarm"]))
    wait_for("the connection", lambda: any(
        p.is_active for p in s.api.call("PeerList").peers))
    # Another's request comes at that time; so this one would have.
    other = s.make("-p2p.static-peers", ",".join(asked.info["swarm"]))
    own = asked.api.call("ContactRequestEnable").public_rendezvous_seed
    other.api.call("ContactRequestSend", contact={
        "pk": key, "public_rendezvous_seed": own})

    def askers():
        found = []
        for event in asked.api.events(key):
            if event.metadata.event_type == 108:
                told = asked.api.message(
                    "berty.protocol.v1.AccountContactRequestReceived")
                told.ParseFromString(event.event)
                found.append(told.contact_pk)
        return found
    wait_for("the other request", lambda: other.account in askers())
    assert s.account not in askers()


def test_the_contacts_of_nobody_have_no_group(s):
    with pytest.raises(Failure) as failed:
        s.api.call("GroupInfo", contact_pk=STRANGER)
    assert failed.value.codes[0] in (1306, 1309)
    assert failed.value.status == grpc.StatusCode.NOT_FOUND


def test_a_group_that_was_opened_for_itself_can_meet_others_later(s):
    group = s.group
    s.api.call("DeactivateGroup", group_pk=group)
    s.api.call("ActivateGroup", group_pk=group, local_only=True)
    joiner = s.make()
    invite(s.node, group, joiner)
    s.api.call("AppMetadataSend", group_pk=group, payload=b"alone")
    s.api.call("ActivateGroup", group_pk=group)
    wait_for("what was written alone", lambda: b"alone" in b"".join(
        e.event for e in joiner.api.events(group)))


def test_another_bundle_of_a_token_counts(s):
    s.api.call("PushSetDeviceToken", receiver=s.receiver())
    before = s.entries()
    s.api.call("PushSetDeviceToken",
               receiver=dict(s.receiver(), bundle_id="other.app"))
    assert s.written_since(before) == {405: 1}
    assert s.api.call("InstanceGetConfiguration"
                      ).device_push_token.bundle_id == "other.app"


def test_a_push_goes_to_the_devices_that_are_named(s):
    group = s.befriended()
    s.relay.share(s.friend, group, b"the friend's phone")
    wait_for("the token", lambda: s.told(404, "PushMemberTokenUpdate", group))
    cid = s.api.send(group, b"pushed")
    device = s.friend.api.call("GroupInfo", group_pk=group).device_pk
    member = s.friend_in(group)

    def push(devices):
        before = len(s.relay.pushed)
        reply = s.api.call(
            "PushSend", cid=cid, group_public_key=group,
            group_members=[{"member_pk": member, "devices_pks": devices}])
        assert not reply.failures
        return [d for m in reply.group_members for d in m.devices_pks], len(
            s.relay.pushed) - before
    assert push([device]) == ([device], 1)
    assert push([]) == ([device], 1)
    assert push([SEED]) == ([], 0)


def test_a_request_is_tried_until_it_is_delivered(s):
    asked = s.make()
    seed = asked.api.call("ContactRequestEnable").public_rendezvous_seed
    key = asked.account
    asked.kill()
    s.api.call("ContactRequestSend", contact={
        "pk": key, "public_rendezvous_seed": seed})
    asked.start("-p2p.static-peers", ",".join(s.node.info["swarm"]))
    wait_for("the request", lambda: [
        e for e in asked.api.events(key) if e.metadata.event_type == 108])
    asked.api.call("ContactRequestAccept", contact_pk=s.account)
    group = contact_group(s.node, key)
    assert contact_group(asked, s.account) == group
    s.api.call("AppMetadataSend", group_pk=group, payload=b"at last")
    wait_for("an event", lambda: b"at last" in b"".join(
        e.event for e in asked.api.events(group)))


def test_a_removed_contact_is_asked_in_earnest(s):
    group = s.befriended()
    key = s.friend.account
    s.api.call("ContactBlock", contact_pk=key)
    s.api.call("ContactUnblock", contact_pk=key)
    seed = s.friend.api.call("ContactRequestEnable").public_rendezvous_seed
    s.api.call("ContactRequestSend", contact={
        "pk": key, "public_rendezvous_seed": seed})
    wait_for("the contact", lambda: s.told(
        107, "AccountContactRequestSent"))
    s.api.call("ActivateGroup", group_pk=group)
    cid = s.friend.api.send(group, b"again")
    assert wait_message(s.node, group, b"again").event_context.id == cid
