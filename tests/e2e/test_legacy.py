"""The API of 2019 beside that of today, on one node: what is done through one
is seen through the other, call by call."""
import io
import tarfile

import grpc
import pytest

from conftest import (Failure, befriend, has_key, invite, wait_for,
                      wait_message)

OLD = "berty.protocol.ProtocolService"
OURS = "berty.extension.v1.ExtensionService"
GROUP_SETTING, MEMBER_SETTING = 1, 2
(GROUP_JOINED, GROUP_LEFT, DEVICE_PAIRED, DISABLED, ENABLED, RESET, ENQUEUED,
 REQUESTED, ACCEPTED, REMOVED, BLOCKED, UNBLOCKED, APP) = range(1, 14)
NOBODY = bytes.fromhex(
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")


def old(node):
    """A client of the old service, of the life that the node has now."""
    if getattr(node, "old_of", None) is not node.api:
        node.old_of, node.old_client = node.api, node.client(OLD)
    return node.old_client


def create(node):
    """A group made by the old call; its key is in a trailer."""
    _, trailers = old(node).call_with_trailers("GroupCreate")
    return trailers["berty-group-pk-bin"]


def history(node, name, **fields):
    """Everything until now, the oldest first."""
    return list(old(node).stream(name, go_backwards=True, **fields))[::-1]


def account(node, kind=None):
    found = [r.event for r in history(node, "AccountSubscribe")]
    return [e for e in found if kind in (None, e.type)]


def subjects(node, kind):
    return [e.subject_public_key_bytes for e in account(node, kind)]


def settings(node, group):
    return [r.event for r in history(node, "GroupSettingSubscribe",
                                     group_pub_key=group)]


def as_v1(node, event):
    """What an account event carries of today's API."""
    copy = node.api.message("berty.protocol.v1.GroupMetadataEvent")
    copy.ParseFromString(event.data)
    return copy


def app_metadata(node, event):
    copy = node.api.message("berty.protocol.v1.AppMetadata")
    copy.ParseFromString(event.event)
    return copy.message


def fails(client, name, first, last, status=None, stream=False, **fields):
    with pytest.raises(Failure) as failed:
        if stream:
            list(client.stream(name, timeout=20, **fields))
        else:
            client.call(name, **fields)
    codes = failed.value.codes
    assert codes and (codes[0], codes[-1]) == (first, last), failed.value
    assert 666 not in codes
    if status is not None:
        assert failed.value.status == status


@pytest.fixture
def node(nodes):
    return nodes()


@pytest.fixture(scope="module")
def pair(module_nodes):
    """Two contacts who met through the old calls alone."""
    a, b = module_nodes(), module_nodes()
    old(b).call("ContactRequestEnable")
    reference = old(b).call("ContactRequestReference").reference
    old(a).call("ContactRequestEnqueue", reference=reference, meta=b"it's a")
    wait_for("the request", lambda: a.account in subjects(b, REQUESTED))
    _, trailers = old(b).call_with_trailers("ContactRequestAccept",
                                            contact_pub_key=a.account)
    group = trailers["berty-group-pk-bin"]
    wait_for("the contact", lambda: b.account in subjects(a, REQUESTED))
    for reader, writer in ((a, b), (b, a)):
        old(reader).call("GroupSettingSetMember", group_pub_key=group,
                         key="hello", value=b"there")
    for reader, writer in ((a, b), (b, a)):
        wait_for("a chain key", lambda r=reader, w=writer: has_key(
            r, w, group))
    return a, b, group


# --- the service -------------------------------------------------------------


def test_both_services_are_told_of(node):
    assert OLD in node.api.database.get_services()
    methods = old(node).service.methods
    assert len(methods) == 24
    assert sorted(m.name for m in methods if m.server_streaming) == [
        "AccountSubscribe", "GroupMemberSubscribe", "GroupMessageSubscribe",
        "GroupSettingSubscribe"]
    assert not any(m.client_streaming for m in methods)
    reset = old(node).service.methods_by_name["ContactRequestResetReference"]
    assert reset.input_type.full_name == \
        "berty.protocol.ContactRequestResetLink.Request"


def test_unknown_fields_are_passed_over(node):
    group = create(node)
    call = node.api.channel.unary_unary(f"/{OLD}/GroupMessageSend")
    more = b"\xfa\x3f\x05hello"  # field 1023
    call(b"\x0a\x20" + group + b"\x12\x03one" + more, timeout=20)
    assert [m.message for m in node.api.messages(group)] == [b"one"]


# --- 1, 2, 7: the node itself ----------------------------------------------------


def test_export_is_that_of_today_in_one_message(node):
    create(node)
    old(node).call("AccountAppendAppSpecificEvent", payload=b"x")
    whole = old(node).call("InstanceExportData").exported_data
    pieces = b"".join(r.exported_data
                      for r in node.api.stream("InstanceExportData"))

    def names(archive):
        return sorted(tarfile.open(fileobj=io.BytesIO(archive)).getnames())
    assert names(whole) == names(pieces)
    assert "account.key" in names(whole)


def test_an_export_that_is_too_large_says_so(node):
    group = create(node)
    for _ in range(10):
        node.api.send(group, bytes(500000))
    fails(old(node), "InstanceExportData", 106, 106,
          grpc.StatusCode.RESOURCE_EXHAUSTED)


def test_configuration(node):
    then = old(node).call("InstanceGetConfiguration")
    now = node.api.call("InstanceGetConfiguration")
    assert then.peer_id == now.peer_id == node.info["peer_id"]
    assert list(then.listeners) == list(now.listeners)
    for name in ("ble", "wifi_p2p", "mdns", "relay"):
        state = getattr(then, name + "_enabled")
        assert state == getattr(now, name + "_enabled") and state != 0


def test_pairing_is_not_here_yet(node):
    fails(old(node), "DevicePair", 777, 777, grpc.StatusCode.UNIMPLEMENTED)


# --- 3 to 6: groups ----------------------------------------------------------------


def test_a_group_made_then_is_there_now(node):
    group = create(node)
    info = node.api.call("GroupInfo", group_pk=group)
    assert info.group.group_type == 3
    assert subjects(node, GROUP_JOINED) == [group]
    node.api.send(group, b"it is open")
    assert [e.metadata.event_type for e in node.api.events(group)].count(302) \
        == 1


def test_a_group_made_now_is_there_then(node):
    group = node.api.call("MultiMemberGroupCreate").group_pk
    assert subjects(node, GROUP_JOINED) == [group]
    old(node).call("GroupMessageSend", group_pub_key=group, payload=b"one")
    assert [m.message for m in node.api.messages(group)] == [b"one"]


def test_an_invitation_of_then_is_one_of_now(nodes):
    a, b = nodes(), nodes()
    group = create(a)
    reference = old(a).call("GroupInvite", group_pub_key=group).reference
    copy = b.api.message("berty.protocol.v1.Group")
    copy.ParseFromString(reference)
    now = a.api.call("MultiMemberGroupInvitationCreate", group_pk=group).group
    assert copy.public_key == now.public_key == group
    assert (copy.secret, copy.secret_sig, copy.link_key_sig) == (
        now.secret, now.secret_sig, now.link_key_sig)
    _, trailers = old(b).call_with_trailers("GroupJoin", reference=reference,
                                            meta=b"b was here")
    assert trailers["berty-group-pk-bin"] == group
    member = b.api.call("GroupInfo", group_pk=group).member_pk
    mine, = settings(b, group)
    assert (mine.setting_type, mine.key, mine.value) == (
        MEMBER_SETTING, "meta", b"b was here")
    assert mine.group_store_event.group_member_pub_key == member
    # It came with addresses: they meet without anybody's help.
    wait_for("the other's setting", lambda: [
        s for s in settings(a, group) if s.key == "meta"])
    fails(old(b), "GroupJoin", 1002, 100, reference=reference)


def test_an_invitation_of_now_is_one_of_then(nodes):
    a, b = nodes(), nodes()
    group = a.api.call("MultiMemberGroupCreate").group_pk
    now = a.api.call("MultiMemberGroupInvitationCreate", group_pk=group).group
    old(b).call("GroupJoin", reference=now.SerializeToString())
    assert subjects(b, GROUP_JOINED) == [group]
    assert b.api.call("GroupInfo", group_pk=group).group.public_key == group


def test_bad_invitations(node):
    fails(old(node), "GroupJoin", 1002, 104, reference=b"\xff\xff",
          status=grpc.StatusCode.INVALID_ARGUMENT)
    fails(old(node), "GroupJoin", 1002, 104, reference=bytes(20000))
    group = node.api.message("berty.protocol.v1.Group", public_key=b"short")
    fails(old(node), "GroupJoin", 1002, 104,
          reference=group.SerializeToString())
    fails(old(node), "GroupInvite", 1302, 888, group_pub_key=NOBODY)
    fails(old(node), "GroupInvite", 1302, 888)
    fails(old(node), "GroupInvite", 1305, 1305, group_pub_key=node.account)


def test_a_meta_that_is_too_long_leaves_nothing(nodes):
    a, b = nodes(), nodes()
    group = create(a)
    reference = old(a).call("GroupInvite", group_pub_key=group).reference
    fails(old(b), "GroupJoin", 100, 100, reference=reference,
          meta=bytes(65537))
    assert subjects(b, GROUP_JOINED) == []
    old(b).call("GroupJoin", reference=reference, meta=bytes(65536))
    assert subjects(b, GROUP_JOINED) == [group]


def test_leaving_then_and_now(node):
    group, other = create(node), create(node)
    old(node).call("GroupLeave", group_pub_key=group)
    node.api.call("MultiMemberGroupLeave", group_pk=other)
    assert subjects(node, GROUP_LEFT) == [group, other]
    assert 102 in [e.metadata.event_type
                   for e in node.api.events(node.account)]
    fails(old(node), "GroupMessageSend", 1306, 888, group_pub_key=group,
          status=grpc.StatusCode.NOT_FOUND, payload=b"x")
    fails(old(node), "GroupLeave", 104, 104, group_pub_key=b"short")
    with pytest.raises(Failure):
        old(node).call("GroupLeave", group_pub_key=group)


def test_leaving_ends_streams(node):
    group = create(node)
    streams = [old(node).open_stream(name, group_pub_key=group, timeout=30)
               for name in ("GroupMessageSubscribe", "GroupMemberSubscribe",
                            "GroupSettingSubscribe")]
    next(streams[1])
    old(node).call("GroupLeave", group_pub_key=group)
    for stream in streams:
        list(stream)
        assert stream.code() == grpc.StatusCode.OK


# --- 8 to 13: contact requests -------------------------------------------------------


def test_a_reference_is_a_contact_of_today(node):
    reference = old(node).call("ContactRequestReference").reference
    contact = node.api.message("berty.protocol.v1.ShareableContact")
    contact.ParseFromString(reference)
    now = node.api.call("ContactRequestReference")
    assert contact.pk == node.account and not contact.metadata
    assert contact.public_rendezvous_seed == now.public_rendezvous_seed
    assert len(contact.public_rendezvous_seed) == 32
    again = old(node).call("ContactRequestReference").reference
    assert again == reference
    assert len(account(node, RESET)) == 1


def test_resetting_then_and_now(node):
    first = old(node).call("ContactRequestReference").reference
    second = old(node).call("ContactRequestResetReference").reference
    contact = node.api.message("berty.protocol.v1.ShareableContact")
    contact.ParseFromString(second)
    assert second != first and contact.public_rendezvous_seed == \
        node.api.call("ContactRequestReference").public_rendezvous_seed
    seed = node.api.call("ContactRequestResetReference").public_rendezvous_seed
    contact.ParseFromString(
        old(node).call("ContactRequestReference").reference)
    assert contact.public_rendezvous_seed == seed
    # The first one was made when the daemon began.
    assert subjects(node, RESET) == [node.account] * 3


def test_switching_requests_then_and_now(node):
    def enabled():
        return node.api.call("ContactRequestReference").enabled
    # A daemon that starts for the first time can be asked.
    assert [e.type for e in account(node)] == [RESET, ENABLED]
    old(node).call("ContactRequestDisable")
    assert not enabled()
    old(node).call("ContactRequestEnable")
    assert enabled()
    node.api.call("ContactRequestDisable")
    node.api.call("ContactRequestEnable")
    assert [e.type for e in account(node)][2:] == [
        DISABLED, ENABLED, DISABLED, ENABLED]
    assert subjects(node, ENABLED) == [node.account] * 3
    assert subjects(node, DISABLED) == [node.account] * 2


def test_contacts_meet_through_the_old_calls(pair):
    a, b, group = pair
    assert subjects(a, ENQUEUED) == [b.account]
    assert subjects(a, REQUESTED) == [b.account]
    assert subjects(b, REQUESTED) == [a.account]
    assert subjects(b, ACCEPTED) == [a.account]
    for node in pair[:2]:
        assert group in subjects(node, GROUP_JOINED)
    received, = [e for e in b.api.events(b.account)
                 if e.metadata.event_type == 108]
    copy = b.api.message("berty.protocol.v1.AccountContactRequestReceived")
    copy.ParseFromString(received.event)
    assert copy.contact_metadata == b"it's a"
    info = a.api.call("GroupInfo", contact_pk=b.account)
    assert info.group.public_key == group


def test_what_was_asked_now_is_accepted_then(nodes):
    a, b = nodes(), nodes()
    reference = old(b).call("ContactRequestReference").reference
    b.api.call("ContactRequestEnable")
    # A reference of then is a contact of now.
    contact = a.api.message("berty.protocol.v1.ShareableContact")
    contact.ParseFromString(reference)
    a.api.call("ContactRequestSend", contact=contact)
    assert subjects(a, ENQUEUED) == [b.account]
    old(a).call("ContactRequestEnqueue", reference=reference)
    wait_for("the request", lambda: a.account in subjects(b, REQUESTED))
    old(b).call("ContactRequestAccept", contact_pub_key=a.account)
    wait_for("the contact", lambda: b.account in subjects(a, REQUESTED))


def test_bad_requests(node):
    client = old(node)
    reference = client.call("ContactRequestReference").reference
    fails(client, "ContactRequestEnqueue", 1002, 1200, reference=reference)
    fails(client, "ContactRequestEnqueue", 1002, 104, reference=b"\xff\xff")
    fails(client, "ContactRequestEnqueue", 1002, 100, reference=b"")
    other = node.api.message("berty.protocol.v1.ShareableContact", pk=NOBODY,
                             public_rendezvous_seed=bytes(32))
    fails(client, "ContactRequestEnqueue", 1002, 100, meta=bytes(1025),
          reference=other.SerializeToString())
    for name in ("ContactRequestAccept", "ContactRemove", "ContactUnblock"):
        fails(client, name, 1002, 100, contact_pub_key=NOBODY)
    for name in ("ContactRequestAccept", "ContactRemove", "ContactUnblock",
                 "ContactBlock"):
        fails(client, name, 104, 104, contact_pub_key=b"short")


# --- 14 to 16: contacts ------------------------------------------------------------


def state(node, contact):
    """What the events of the account say of a contact, the last first."""
    kinds = []
    for event in node.api.events(node.account):
        copy = node.api.message("berty.protocol.v1.AccountContactBlocked")
        if event.metadata.event_type in range(107, 113):
            copy.ParseFromString(event.event)
            if copy.contact_pk == contact:
                kinds.insert(0, event.metadata.event_type)
    return kinds


def is_closed(node, group):
    """And no call opens it by the way."""
    fails(old(node), "GroupMessageSend", 1306, 888, group_pub_key=group)
    fails(old(node), "GroupMessageSubscribe", 1302, 888, stream=True,
          group_pub_key=group)
    fails(node.api, "AppMessageSend", 1306, 888, group_pk=group)


def test_a_removed_contact_may_ask_again(nodes):
    a, b = nodes(), nodes()
    group = befriend(a, b)
    assert group in b.api.groups()
    stream = old(b).open_stream("GroupMessageSubscribe", group_pub_key=group,
                                timeout=30)
    old(b).call("ContactRemove", contact_pub_key=a.account)
    list(stream)
    assert stream.code() == grpc.StatusCode.OK, "its group is closed"
    assert state(b, a.account)[:2] == [112, 111]
    assert subjects(b, REMOVED) == [a.account]
    is_closed(b, group)
    assert not account(b, BLOCKED) and not account(b, UNBLOCKED)
    fails(old(b), "ContactRemove", 1002, 100, contact_pub_key=a.account)
    b.restart()
    assert subjects(b, REMOVED) == [a.account]
    fails(old(b), "ContactRemove", 1002, 100, contact_pub_key=a.account)
    # The other one does not know, and has to forget, too.
    reference = old(b).call("ContactRequestReference").reference
    fails(old(a), "ContactRequestEnqueue", 1002, 1201, reference=reference)
    old(a).call("ContactRemove", contact_pub_key=b.account)
    old(a).call("ContactRequestEnqueue", reference=reference)
    wait_for("the request", lambda: subjects(b, REQUESTED) == [a.account] * 2)
    _, trailers = old(b).call_with_trailers("ContactRequestAccept",
                                            contact_pub_key=a.account)
    assert trailers["berty-group-pk-bin"] == group
    wait_for("the contact", lambda: subjects(a, REQUESTED) == [b.account] * 2)
    old(a).call("GroupMessageSend", group_pub_key=group, payload=b"again")
    wait_message(b, group, b"again")


def test_blocking_then_and_now(nodes):
    a, b = nodes(), nodes()
    group = befriend(a, b)
    old(b).call("ContactBlock", contact_pub_key=a.account)
    is_closed(b, group)
    fails(b.api, "ContactBlock", 1002, 100, contact_pk=a.account)
    fails(old(b), "ContactRemove", 1002, 100, contact_pub_key=a.account)
    b.api.call("ContactUnblock", contact_pk=a.account)
    b.api.call("ContactBlock", contact_pk=a.account)
    old(b).call("ContactUnblock", contact_pub_key=a.account)
    # A block that was lifted at once is no removal.
    assert subjects(b, BLOCKED) == subjects(b, UNBLOCKED) == [a.account] * 2
    assert not account(b, REMOVED)
    assert state(b, a.account)[:4] == [112, 111, 112, 111]


def test_a_request_that_was_discarded_is_removed(nodes):
    a, b = nodes(), nodes()
    old(b).call("ContactRequestEnable")
    old(a).call("ContactRequestEnqueue",
                reference=old(b).call("ContactRequestReference").reference)
    wait_for("the request", lambda: a.account in subjects(b, REQUESTED))
    b.api.call("ContactRequestDiscard", contact_pk=a.account)
    assert subjects(b, REMOVED) == [a.account]


# --- 17, 18, 22: settings -----------------------------------------------------------


def test_settings_travel(pair):
    a, b, group = pair
    _, trailers = old(a).call_with_trailers(
        "GroupSettingSetGroup", group_pub_key=group, key="color",
        value=b"green")
    old(b).call("GroupSettingSetMember", group_pub_key=group, key="color",
                value=b"blue")
    info = {n: n.api.call("GroupInfo", group_pk=group) for n in (a, b)}
    for node in (a, b):
        found = wait_for("both settings", lambda n=node: (
            lambda s: s if len(s) == 2 else None)(
                [e for e in settings(n, group) if e.key == "color"]))
        by_type = {s.setting_type: s for s in found}
        for kind, writer, value in ((GROUP_SETTING, a, b"green"),
                                    (MEMBER_SETTING, b, b"blue")):
            event = by_type[kind].group_store_event
            assert by_type[kind].value == value
            assert event.group_pub_key == group
            assert event.group_member_pub_key == info[writer].member_pk
            assert event.group_device_pub_key == info[writer].device_pk
            assert event.account_pub_key == writer.account
        assert by_type[GROUP_SETTING].group_store_event.event_base.id == \
            trailers["berty-cid-bin"]
        # Today's API has them as an app's own.
        seen = [app_metadata(node, e) for e in node.api.events(group)
                if e.metadata.event_type == 1001]
        assert sum(m.startswith(b"BRTYSET1") for m in seen) >= 2


def test_a_setting_of_today_is_one_of_then(node):
    group = create(node)
    event = old(node).message("berty.protocol.GroupSettingStoreEvent",
                              setting_type=GROUP_SETTING, key="name",
                              value=b"tea")
    node.api.call("AppMetadataSend", group_pk=group,
                  payload=b"BRTYSET1" + event.SerializeToString())
    node.api.call("AppMetadataSend", group_pk=group, payload=b"not a setting")
    node.api.call("AppMetadataSend", group_pk=group, payload=b"BRTYSET1\xff")
    found, = settings(node, group)
    assert (found.key, found.value) == ("name", b"tea")


def test_settings_have_limits(node):
    client, group = old(node), create(node)
    for name in ("GroupSettingSetGroup", "GroupSettingSetMember"):
        fails(client, name, 100, 100, group_pub_key=group, key="",
              status=grpc.StatusCode.INVALID_ARGUMENT)
        fails(client, name, 100, 100, group_pub_key=group, key="k" * 129)
        fails(client, name, 100, 100, group_pub_key=group, key="k",
              value=bytes(65537))
        fails(client, name, 1306, 888, group_pub_key=NOBODY, key="k")
        client.call(name, group_pub_key=group, key="k" * 128,
                    value=bytes(65536))
        client.call(name, group_pub_key=group, key="k")
    assert [(s.setting_type, len(s.key), len(s.value))
            for s in settings(node, group)] == [
        (GROUP_SETTING, 128, 65536), (GROUP_SETTING, 1, 0),
        (MEMBER_SETTING, 128, 65536), (MEMBER_SETTING, 1, 0)]


def test_administrators_may_keep_others_from_settings(nodes):
    a, b = nodes(), nodes()
    group = create(a)
    old(b).call("GroupJoin", reference=old(a).call(
        "GroupInvite", group_pub_key=group).reference)
    old(b).call("GroupSettingSetGroup", group_pub_key=group, key="before")
    wait_for("b's setting", lambda: settings(a, group))
    old(a).call("GroupSettingSetGroup", group_pub_key=group, key="admin_only",
                value=b"1")
    wait_for("the rule", lambda: [s for s in settings(b, group)
                                  if s.key == "admin_only"])
    fails(old(b), "GroupSettingSetGroup", 1002, 100, group_pub_key=group,
          key="after")
    # Who does not ask is not heard.
    event = old(b).message("berty.protocol.GroupSettingStoreEvent",
                           setting_type=GROUP_SETTING, key="after")
    b.api.call("AppMetadataSend", group_pk=group,
               payload=b"BRTYSET1" + event.SerializeToString())
    old(b).call("GroupSettingSetMember", group_pub_key=group, key="own")
    wait_for("b's own", lambda: [s for s in settings(a, group)
                                 if s.key == "own"])
    for node in (a, b):
        assert sorted(s.key for s in settings(node, group)) == [
            "admin_only", "before", "own"]
        node.restart()
    for node in (a, b):
        assert sorted(s.key for s in settings(node, group)) == [
            "admin_only", "before", "own"]


def now_set(node, group):
    """What is set now: the values, and the ids of who and what set them."""
    client = node.client(OURS)
    found = list(client.stream("GroupSettingList", group_pk=group))
    client.close()
    return found


def test_what_is_set_now(nodes):
    a, b = nodes(), nodes()
    group = create(a)
    old(b).call("GroupJoin", meta=b"b", reference=old(a).call(
        "GroupInvite", group_pub_key=group).reference)
    wait_for("b's setting", lambda: settings(a, group))
    for i in range(300):
        old(a).call("GroupSettingSetGroup", group_pub_key=group,
                    key=f"k{i % 7}", value=b"%d" % i)
    old(a).call("GroupSettingSetGroup", group_pub_key=group, key="k0")
    old(a).call("GroupSettingSetMember", group_pub_key=group, key="meta",
                value=b"a")
    old(a).call("GroupSettingSetGroup", group_pub_key=group,
                key="admin_only", value=b"1")
    wait_for("all of it", lambda: len(settings(b, group)) == 304)
    event = old(b).message("berty.protocol.GroupSettingStoreEvent",
                           setting_type=GROUP_SETTING, key="k1", value=b"b")
    b.api.call("AppMetadataSend", group_pk=group,
               payload=b"BRTYSET1" + event.SerializeToString())
    members = {n.api.call("GroupInfo", group_pk=group).member_pk: text
               for n, text in ((a, b"a"), (b, b"b"))}
    for node in (a, b, a.restart(), b.restart()):
        found = now_set(node, group)
        assert {s.key: s.value for s in found if s.type == GROUP_SETTING} == {
            **{f"k{k}": b"%d" % (294 + k if k < 6 else 293)
               for k in range(1, 7)}, "admin_only": b"1"}
        assert {s.member_pk: s.value for s in found
                if s.type == MEMBER_SETTING} == members
        by_id = {s.group_store_event.event_base.id: s
                 for s in settings(node, group)}
        assert all(by_id[s.event_id].value == s.value for s in found)
    client = a.client(OURS)
    fails(client, "GroupSettingList", 1302, 888, stream=True, group_pk=NOBODY)
    client.close()


def test_the_account_has_settings_too(node):
    old(node).call("GroupSettingSetGroup", group_pub_key=node.account,
                   key="theme", value=b"dark")
    found, = settings(node, node.account)
    assert found.key == "theme"
    assert found.group_store_event.account_pub_key == node.account
    assert not account(node, APP), "it is no event of the app"


# --- 19, 23: messages ------------------------------------------------------------------


def test_messages_then_and_now(pair):
    a, b, group = pair
    _, trailers = old(a).call_with_trailers(
        "GroupMessageSend", group_pub_key=group, payload=b"then")
    cid = a.api.send(group, b"now")
    device = a.api.call("GroupInfo", group_pk=group).device_pk
    for node in (a, b):
        wait_message(node, group, b"then")
        wait_message(node, group, b"now")
        found = {r.event.payload: r.event.group_store_event
                 for r in history(node, "GroupMessageSubscribe",
                                  group_pub_key=group)}
        assert found[b"then"].event_base.id == trailers["berty-cid-bin"]
        assert found[b"now"].event_base.id == cid
        listed = {m.event_context.id: m for m in node.api.messages(group)}
        for event in found.values():
            now = listed[event.event_base.id].event_context
            assert list(event.event_base.parent_ids) == list(now.parent_ids)
            assert event.group_pub_key == group
        assert found[b"then"].group_device_pub_key == device
        assert found[b"then"].account_pub_key == a.account
    fails(old(a), "GroupMessageSend", 1306, 888, group_pub_key=NOBODY)
    fails(old(a), "GroupMessageSend", 1306, 888)


# --- 20, 21: the account ----------------------------------------------------------------


def test_app_events_then_and_now(node):
    _, trailers = old(node).call_with_trailers(
        "AccountAppendAppSpecificEvent", payload=b"then")
    cid = node.api.call("AppMetadataSend", group_pk=node.account,
                        payload=b"now").cid
    events = account(node, APP)
    assert [e.event_base.id for e in events] == [
        trailers["berty-cid-bin"], cid]
    assert [e.subject_public_key_bytes for e in events] == [node.account] * 2
    assert [app_metadata(node, as_v1(node, e)) for e in events] == [
        b"then", b"now"]
    seen = [app_metadata(node, e) for e in node.api.events(node.account)
            if e.metadata.event_type == 1001]
    assert seen == [b"then", b"now"]


def test_account_events_carry_those_of_today(pair):
    a = pair[0]
    now = {e.event_context.id: e for e in a.api.events(a.account)}
    events = account(a)
    assert len(events) > 3
    for event in events:
        today = now[event.event_base.id]
        assert as_v1(a, event) == today
        assert list(event.event_base.parent_ids) == list(
            today.event_context.parent_ids)
        assert event.type != 0
    assert not subjects(a, DEVICE_PAIRED), "the first device is not paired"


# --- 24: members --------------------------------------------------------------------------


def test_members_are_told_by_their_devices(nodes):
    a, b = nodes(), nodes()
    group = create(a)
    invite(a, group, b)

    def members(node):
        return {r.event.group_store_event.group_member_pub_key:
                r.event.group_store_event for r in history(
                    node, "GroupMemberSubscribe", group_pub_key=group)}
    for node in (a, b):
        wait_for("both members", lambda n=node: len(members(n)) == 2)
        for writer in (a, b):
            info = writer.api.call("GroupInfo", group_pk=group)
            event = members(node)[info.member_pk]
            assert event.group_device_pub_key == info.device_pk
            assert event.group_pub_key == group
            # In such a group nobody tells who it is, but to itself.
            assert event.account_pub_key == (
                node.account if node is writer else b"")


# --- streams ---------------------------------------------------------------------------------


def ids(replies):
    found = []
    for reply in replies:
        event = reply.event
        base = (event.event_base if hasattr(event, "event_base")
                else event.group_store_event.event_base)
        found.append(base.id)
    return found


def write(node, name, group):
    """Something that the stream tells; its id."""
    if name == "GroupMessageSubscribe":
        return node.api.send(group, b"more")
    call, fields = {
        "AccountSubscribe": ("AccountAppendAppSpecificEvent", {}),
        "GroupSettingSubscribe": ("GroupSettingSetMember", {
            "group_pub_key": group, "key": "more"}),
    }[name]
    _, trailers = old(node).call_with_trailers(call, **fields)
    return trailers["berty-cid-bin"]


@pytest.fixture(scope="module")
def written(module_nodes):
    """A node on which each stream that one can write to has five events."""
    node = module_nodes()
    node.group = create(node)
    node.skip = len(account(node))
    node.written = {name: [write(node, name, node.group) for _ in range(5)]
                    for name in ("GroupMessageSubscribe", "AccountSubscribe",
                                 "GroupSettingSubscribe")}
    node.restarted = False
    return node


STREAMS = ("GroupMessageSubscribe", "AccountSubscribe",
           "GroupSettingSubscribe")


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("name", STREAMS)
def test_every_pair_of_options(written, name, restarted):
    node = written
    if restarted and not node.restarted:
        node.restart()
        node.restarted = True
    key = {} if name == "AccountSubscribe" else {"group_pub_key": node.group}
    first, second, _, fourth, last = w = node.written[name]
    before = ids(history(node, name, **key))[:-5]
    assert len(before) == (node.skip if name == "AccountSubscribe" else 0)

    def read(**options):
        return ids(old(node).stream(name, **key, **options))
    assert read(until=last) == before + w
    assert read(until=fourth) == before + w[:4]
    assert read(since=second, until=fourth) == w[1:4]
    assert read(since=first, until=first) == w[:1]
    assert read(go_backwards=True) == (before + w)[::-1]
    assert read(go_backwards=True, until=fourth) == (before + w[:4])[::-1]
    assert read(go_backwards=True, since=second) == w[1:][::-1]
    assert read(go_backwards=True, since=second, until=fourth) == \
        w[1:4][::-1]
    for options in ({"since": fourth, "until": second},
                    {"since": b"no id"}, {"until": NOBODY}):
        for backwards in (False, True):
            fails(old(node), name, 101, 101, stream=True, **key, **options,
                  go_backwards=backwards)


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("since", [False, True])
def test_without_an_end_a_stream_goes_on(nodes, name, since):
    node = nodes()
    group = create(node)
    w = [write(node, name, group) for _ in range(3)]
    key = {} if name == "AccountSubscribe" else {"group_pub_key": group}
    before = [] if since else ids(history(node, name, **key))[:-3]
    options = {"since": w[1]} if since else {}
    stream = old(node).open_stream(name, timeout=60, **key, **options)
    expected = before + (w[1:] if since else w)
    assert [ids([next(stream)])[0] for _ in expected] == expected
    for _ in range(2):
        more = write(node, name, group)
        assert ids([next(stream)]) == [more]
    stream.cancel()
    # And it is forgotten: the node goes on.
    write(node, name, group)


def test_members_come_as_they_join(nodes):
    a, b = nodes(), nodes()
    group = create(a)
    stream = old(a).open_stream("GroupMemberSubscribe", group_pub_key=group,
                                timeout=60)
    first = next(stream).event.group_store_event
    invite(a, group, b)
    second = next(stream).event.group_store_event
    assert second.group_member_pub_key == b.api.call(
        "GroupInfo", group_pk=group).member_pk
    one, two = first.event_base.id, second.event_base.id

    def read(**options):
        return ids(old(a).stream("GroupMemberSubscribe", group_pub_key=group,
                                 **options))
    for _ in range(2):
        assert read(until=two) == [one, two]
        assert read(until=one) == [one]
        assert read(since=two, until=two) == [two]
        assert read(go_backwards=True) == [two, one]
        assert read(go_backwards=True, until=one) == [one]
        assert read(go_backwards=True, since=two) == [two]
        assert read(go_backwards=True, since=one, until=two) == [two, one]
        fails(old(a), "GroupMemberSubscribe", 101, 101, stream=True,
              group_pub_key=group, since=two, until=one)
        a.restart()


def test_a_long_history_of_other_things_is_passed_over(node):
    group = create(node)
    for _ in range(300):
        node.api.call("AppMetadataSend", group_pk=group, payload=b"noise")
    member, = history(node, "GroupMemberSubscribe", group_pub_key=group)
    assert settings(node, group) == []
    stream = old(node).open_stream("GroupSettingSubscribe", timeout=60,
                                   group_pub_key=group)
    cid = write(node, "GroupSettingSubscribe", group)
    assert ids([next(stream)]) == [cid]


def test_groups_are_activated_on_demand(node):
    calls = (("GroupMessageSend", {"payload": b"x"}),
             ("GroupInvite", {}),
             ("GroupSettingSetGroup", {"key": "k"}),
             ("GroupSettingSetMember", {"key": "k"}))
    group = create(node)
    for name, fields in calls:
        node.api.call("DeactivateGroup", group_pk=group)
        fails(node.api, "AppMessageSend", 1306, 888, group_pk=group)
        old(node).call(name, group_pub_key=group, **fields)
        node.api.send(group, b"open")
    for name in ("GroupMessageSubscribe", "GroupMemberSubscribe",
                 "GroupSettingSubscribe"):
        node.api.call("DeactivateGroup", group_pk=group)
        assert history(node, name, group_pub_key=group)
        node.api.send(group, b"open")
        fails(old(node), name, 1302, 888, stream=True, group_pub_key=NOBODY)
        fails(old(node), name, 1302, 888, stream=True)
