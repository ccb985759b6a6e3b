"""The contract of berty.protocol.v1.ProtocolService, a row for each call.

A row says what a good request is and what comes of it, what it writes, what
the same request does a second time, how each bad request fails (the first and
the last code of the chain), what lasts over a kill, and which request waits
until it is cancelled.  The test is in test_rpcs.py.
"""
import io
import tarfile
from collections import Counter
from dataclasses import dataclass, field

import grpc

from conftest import Failure, address_bytes, wait_for
from test_push import box
from scene import (NO_CID, NO_POINT, SEED, SHORT, STRANGER, STRANGERS,
                   as_fields)


@dataclass
class Again:
    """What the same request does a second time."""
    writes: Counter = field(default_factory=Counter)
    refused: tuple = None  # the first and the last code
    equal: bool = False    # the reply is the same


@dataclass
class Refusal:
    why: str
    codes: tuple  # the first and the last; () for none, which is UNKNOWN
    fields: object


@dataclass
class Row:
    name: str
    check: object = None      # of (scene, reply)
    request: object = None    # of (scene): the fields
    writes: Counter = field(default_factory=Counter)
    again: Again = field(default_factory=lambda: Again(equal=True))
    refusals: list = field(default_factory=list)
    lasts: object = None      # of (scene, reply), after a kill
    waits: object = None      # of (scene): fields of a call without end
    play: object = None       # of (scene, fields): if it takes more than a call


ROWS = []


def row(name, *refusals, writes=(), **more):
    ROWS.append(Row(name, refusals=list(refusals), writes=Counter(writes),
                    **more))


def refuse(why, first, last, fields=None, **more):
    return Refusal(why, (first, last), fields or more)


READ = Again(equal=True)
NOTHING_MORE = Again()


def writes_again(*types):
    return Again(writes=Counter(types))


def refused_again(first, last):
    return Again(refused=(first, last))


def plain(reply):
    """What can be compared with a reply that another client got."""
    if isinstance(reply, list):
        return [plain(r) for r in reply]
    return reply.SerializeToString(deterministic=True)


def same_as_first(s, reply):
    assert plain(reply) == plain(s.first)


# --- instance ----------------------------------------------------------------


def archive(pieces):
    assert pieces and all(0 < len(p.exported_data) <= 4096 for p in pieces)
    data = b"".join(p.exported_data for p in pieces)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert all(m.isfile() and m.mode == 0o600 for m in tar)
        return {m.name: tar.extractfile(m).read() for m in tar}


def check_archive(s, reply):
    files = archive(reply)
    names = list(files)
    assert names[:2] == ["account.key", "account_proof.key"]
    assert all(len(files[n]) == 68 for n in names[:2])
    assert sum(n.startswith("heads/") for n in names) == 3
    # The groups that are closed, too.
    assert sum(n.startswith("entries/") for n in names) > 10
    assert not any(n.startswith("blocks/") for n in names)
    s.prepare(FILE)
    more = archive(list(s.api.stream("InstanceExportData",
                                     attachments=True)))
    assert sum(n.startswith("attachments/") for n in more) == 1
    assert any(n.startswith("blocks/") for n in more)


def lasting_archive(s, reply):
    old = archive(s.first)
    new = archive(reply)
    assert all(new[n] == old[n] for n in old if not n.startswith("heads/"))


row("InstanceExportData",
    request=lambda s: {} if s.group and s.closed else None,
    check=check_archive, again=READ, lasts=lasting_archive)


def check_configuration(s, reply):
    assert len(reply.account_pk) == len(reply.device_pk) == 32
    assert reply.account_group_pk == reply.account_pk != reply.device_pk
    assert reply.peer_id.startswith("12D3Koo")
    assert reply.listeners
    for name in ("ble", "wifi_p2p", "mdns", "relay"):
        assert getattr(reply, name + "_enabled") != 0, name
    assert not reply.HasField("device_push_token")


row("InstanceGetConfiguration", check=check_configuration, again=READ,
    lasts=check_configuration)

# --- contacts ----------------------------------------------------------------


def enabled(s):
    return s.api.call("ContactRequestReference")


def check_reference(s, reply):
    assert len(reply.public_rendezvous_seed) == 32 and reply.enabled


row("ContactRequestReference",
    request=lambda s: {} if s.api.call(
        "ContactRequestEnable") is not None else None,
    check=check_reference, again=READ, lasts=same_as_first)


def check_disabled(s, _):
    assert not enabled(s).enabled


def request_disable(s):
    s.api.call("ContactRequestEnable")
    return {}


row("ContactRequestDisable", request=request_disable, check=check_disabled,
    writes=[103], again=NOTHING_MORE, lasts=check_disabled)


def request_enable(s):
    s.api.call("ContactRequestEnable")
    s.api.call("ContactRequestDisable")
    return {}


def check_enabled(s, reply):
    now = enabled(s)
    assert now.enabled and len(now.public_rendezvous_seed) == 32
    assert now.public_rendezvous_seed == s.first.public_rendezvous_seed
    assert now.public_rendezvous_seed == reply.public_rendezvous_seed


row("ContactRequestEnable", request=request_enable, check=check_enabled,
    writes=[104], again=READ, lasts=check_enabled)


def check_reset(s, reply):
    assert len(reply.public_rendezvous_seed) == 32
    assert enabled(s).public_rendezvous_seed == reply.public_rendezvous_seed


def lasting_reset(s, _):
    newest = s.told(105, "AccountContactRequestReferenceReset")[-1]
    assert enabled(s).public_rendezvous_seed == newest.public_rendezvous_seed
    assert newest.public_rendezvous_seed != s.first.public_rendezvous_seed


row("ContactRequestResetReference", check=check_reset, writes=[105],
    again=writes_again(105), lasts=lasting_reset)


def contact(pk=STRANGER, seed=SEED):
    return {"contact": {"pk": pk, "public_rendezvous_seed": seed}}


def request_send(s):
    s.asked_node = s.make()
    seed = s.asked_node.api.call("ContactRequestEnable").public_rendezvous_seed
    fields = contact(s.asked_node.account, seed)
    fields["contact"]["metadata"] = b"asked"
    fields["own_metadata"] = b"asker"
    fields["addresses"] = [address_bytes(a) for a in s.asked_node.info["swarm"]]
    s.asked_pk = s.asked_node.account
    s.asked_node.stop()
    return fields


def check_send(s, _):
    told = s.told(106, "AccountContactRequestEnqueued")[-1]
    assert told.contact.pk == s.asked_pk
    assert told.contact.metadata == b"asked"
    assert told.own_metadata == b"asker"


def lasting_send(s, _):
    """Who was away gets it from the node that was killed."""
    s.asked_node.start()
    received = wait_for("the request", lambda: [
        e for e in s.asked_node.api.events(s.asked_node.account)
        if e.metadata.event_type == 108])[0]
    told = s.asked_node.api.message("berty.protocol.v1."
                               "AccountContactRequestReceived")
    told.ParseFromString(received.event)
    assert (told.contact_pk, told.contact_metadata) == (s.account, b"asker")


def blocked(s, key=STRANGERS[0]):
    s.api.call("ContactBlock", contact_pk=key)
    return key


row("ContactRequestSend",
    refuse("no contact", 100, 100),
    refuse("a short seed", 1002, 100, contact(seed=SHORT)),
    refuse("no seed", 1002, 100, contact(seed=b"")),
    refuse("no key", 1002, 100, contact(pk=b"")),
    refuse("a short key", 1002, 104, contact(pk=SHORT)),
    refuse("a key that is no point", 1002, 104, contact(pk=NO_POINT)),
    refuse("the own account", 1002, 1200, lambda s: contact(s.account)),
    refuse("a contact already", 1002, 1201, lambda s: contact(
        s.friend.account)),
    refuse("one who is blocked", 1002, 1202, lambda s: contact(blocked(s))),
    request=request_send, check=check_send, writes=[106],
    again=writes_again(106), lasts=lasting_send)


def contact_pk(key):
    return {"contact_pk": key}


BAD_CONTACTS = (
    refuse("no key", 104, 104),
    refuse("a short key", 104, 104, contact_pk(SHORT)),
    refuse("a key that is no point", 104, 104, contact_pk(NO_POINT)),
)
NOT_RECEIVED = (
    refuse("a stranger", 1002, 100, contact_pk(STRANGERS[1])),
    refuse("a contact already", 1002, 100, lambda s: contact_pk(
        s.friend.account)),
    refuse("the own account", 1002, 100, lambda s: contact_pk(s.account)),
)


def request_from_somebody(s):
    s.other = s.asked()
    return contact_pk(s.other)


def listed(s):
    return {g.contact_pk: g.group_pk
            for g in s.api.groups().values() if g.contact_pk}


def check_accept(s, _):
    told, = [e for e in s.told(110, "AccountContactRequestAccepted")
             if e.contact_pk == s.other]
    group = s.api.call("GroupInfo", contact_pk=s.other).group
    assert group.group_type == 2
    assert told.group_pk == group.public_key
    assert listed(s)[s.other] == group.public_key
    s.api.call("ActivateGroup", group_pk=group.public_key)


row("ContactRequestAccept", *BAD_CONTACTS, *NOT_RECEIVED,
    request=request_from_somebody, check=check_accept, writes=[110],
    again=refused_again(1002, 100), lasts=check_accept)


def check_discard(s, _):
    told = s.told(109, "AccountContactRequestDiscarded")[-1]
    assert told.contact_pk == s.other and s.other not in listed(s)


row("ContactRequestDiscard", *BAD_CONTACTS, *NOT_RECEIVED,
    request=request_from_somebody, check=check_discard, writes=[109],
    again=refused_again(1002, 100), lasts=check_discard)


def refused_to_send(s, key, last):
    try:
        s.api.call("ContactRequestSend", **contact(key))
    except Failure as failure:
        return failure.codes[-1] == last
    return False


def check_block(s, _):
    assert refused_to_send(s, STRANGERS[2], 1202)


row("ContactBlock", *BAD_CONTACTS,
    refuse("the own account", 1002, 100, lambda s: contact_pk(s.account)),
    request=lambda s: contact_pk(STRANGERS[2]), check=check_block,
    writes=[111], again=refused_again(1002, 100), lasts=check_block)

def check_unblock(s, _):
    told = s.told(112, "AccountContactUnblocked")[-1]
    assert told.contact_pk == STRANGERS[2]


row("ContactUnblock", *BAD_CONTACTS,
    refuse("a stranger", 1002, 100, contact_pk(STRANGERS[1])),
    refuse("a contact", 1002, 100, lambda s: contact_pk(s.friend.account)),
    request=lambda s: contact_pk(blocked(s, STRANGERS[2])),
    check=check_unblock, writes=[112], again=refused_again(1002, 100),
    lasts=lambda s, _: s.api.call("ContactRequestSend",
                                  **contact(STRANGERS[2])))


def group_pk(key, **more):
    return dict(more, group_pk=key)


def not_open(first, **more):
    """Groups in which nothing can be done."""
    return (
        refuse("no group", first, 888, more),
        refuse("an unknown group", first, 888, group_pk(STRANGER, **more)),
        refuse("a short key", first, 888, group_pk(SHORT, **more)),
        refuse("a closed group", first, 888, lambda s: group_pk(
            s.closed, **more)),
    )


def of_type(first, last, *names):
    """Groups of a type in which this is not done."""
    what = {"account": "the account's group", "group": "a group of several",
            "private": "a contact's group"}
    return tuple(refuse(what[n], first, last, lambda s, n=n: group_pk(
        s.befriended() if n == "private" else getattr(s, n)))
        for n in names)


def check_alias(s, _):
    told, = s.told(201, "ContactAddAliasKey", s.private)
    assert len(told.alias_pk) == 32


row("ContactAliasKeySend",
    *not_open(1306), *of_type(1002, 1305, "account", "group"),
    request=lambda s: group_pk(s.befriended()),
    check=check_alias, writes=[201], again=NOTHING_MORE, lasts=check_alias)

# --- groups of several members -----------------------------------------------


def check_create(s, reply):
    s.group = s.first.group_pk
    assert s.api.groups()[reply.group_pk].group_type == 3
    types = [e.metadata.event_type for e in s.api.events(reply.group_pk)]
    assert types.count(1) == types.count(302) == 1 and 2 in types
    assert s.api.call("GroupInfo", group_pk=reply.group_pk).members[
        0].is_admin


def lasting_create(s, _):
    assert s.first.group_pk in s.api.groups()
    s.api.call("ActivateGroup", group_pk=s.first.group_pk)
    assert s.api.send(s.first.group_pk, b"still here")


row("MultiMemberGroupCreate",
    refuse("a network of that name", 100, 100, network="no such"),
    check=check_create, writes=[101], again=writes_again(101),
    lasts=lasting_create)


def request_join(s):
    s.joined = s.invitation()
    return {"group": s.joined}


def check_join(s, _):
    key = s.joined["public_key"]
    assert s.api.groups()[key].group_type == 3
    assert s.told(101, "AccountGroupJoined")[-1].group.public_key == key
    s.api.call("ActivateGroup", group_pk=key)


def changed(**fields):
    def make(s):
        return {"group": dict(s.invitation(), **fields)}
    return make


def account_group_of_the_friend(s):
    info = as_fields(s.friend.api.call("GroupInfo",
                                       group_pk=s.friend.account).group)
    return {"group": dict(s.invitation(), group_type=1,
                          public_key=info["public_key"])}


row("MultiMemberGroupJoin",
    refuse("no group", 1002, 100),
    refuse("an empty group", 1002, 104, group={}),
    refuse("a short key", 1002, 104, changed(public_key=SHORT)),
    refuse("a signature of nobody's", 1002, 204,
           changed(secret_sig=bytes(64))),
    refuse("a short signature", 1002, 104, changed(secret_sig=SHORT)),
    refuse("another secret", 1002, 204, changed(secret=SEED)),
    refuse("a contact's group", 1002, 1305, changed(group_type=2)),
    refuse("an account's group", 1002, 1305, account_group_of_the_friend),
    refuse("a network of that name", 100, 100, lambda s: {
        "group": s.invitation(), "network": "no such"}),
    request=request_join, check=check_join, writes=[101],
    again=refused_again(1002, 100), lasts=check_join)


def request_leave(s):
    s.left = s.api.call("MultiMemberGroupCreate").group_pk
    return group_pk(s.left)


def check_leave(s, _):
    assert s.left not in s.api.groups()
    try:
        s.api.call("ActivateGroup", group_pk=s.left)
    except Failure as failure:
        assert failure.codes[-1] == 100
    else:
        raise AssertionError("a group that was left can be activated")


row("MultiMemberGroupLeave",
    refuse("no group", 104, 104),
    refuse("a short key", 104, 104, group_pk(SHORT)),
    refuse("a group that was not joined", 1002, 100, group_pk(STRANGER)),
    *of_type(1002, 100, "account", "private"),
    request=request_leave, check=check_leave, writes=[102],
    again=refused_again(1002, 100), lasts=check_leave)


def check_disclose(s, _):
    told, = s.told(301, "MultiMemberGroupAddAliasResolver", s.group)
    assert (len(told.alias_resolver), len(told.alias_proof)) == (32, 64)


row("MultiMemberGroupAliasResolverDisclose",
    *not_open(1302), *of_type(1002, 1305, "account", "private"),
    request=lambda s: group_pk(s.group), check=check_disclose,
    writes=[301], again=NOTHING_MORE)


def admins(s, group):
    return {m.member_pk for m in s.api.call(
        "GroupInfo", group_pk=group).members if m.is_admin}


def check_grant(s, _):
    s.api.call("ActivateGroup", group_pk=s.shared)
    assert s.friend_in(s.shared) in admins(s, s.shared)


row("MultiMemberGroupAdminRoleGrant",
    *not_open(1302, member_pk=STRANGER),
    refuse("no member", 104, 104, lambda s: group_pk(s.shared)),
    refuse("a short member", 104, 104, lambda s: group_pk(
        s.shared, member_pk=SHORT)),
    refuse("a stranger", 1002, 404, lambda s: group_pk(
        s.shared, member_pk=STRANGER)),
    refuse("a group of others", 1002, 100, lambda s: group_pk(
        s.foreign, member_pk=s.me(s.foreign))),
    refuse("a contact's group", 1002, 1305, lambda s: group_pk(
        s.befriended(), member_pk=s.friend.account)),
    refuse("the account's group", 1002, 1305, lambda s: group_pk(
        s.account, member_pk=s.account)),
    request=lambda s: group_pk(s.shared, member_pk=s.friend_in(s.shared)),
    check=check_grant, writes=[303], again=NOTHING_MORE, lasts=check_grant)


def check_invitation(s, reply):
    group = reply.group
    assert group.public_key == s.group and group.group_type == 3
    assert (len(group.secret), len(group.secret_sig),
            len(group.link_key_sig)) == (32, 64, 64)
    assert not group.link_key and not group.sign_pub


row("MultiMemberGroupInvitationCreate",
    *not_open(1302), *of_type(1305, 1305, "account", "private"),
    request=lambda s: group_pk(s.group), check=check_invitation, again=READ,
    lasts=check_invitation)

# --- what apps write and read ------------------------------------------------


def app_refusals():
    return not_open(1306, payload=b"x") + (
        refuse("an attachment that is no CID", 1002, 104, lambda s: group_pk(
            s.group, attachment_cids=[b"nonsense"])),
        refuse("an attachment that is not here", 1002, 400, lambda s:
               group_pk(s.group, attachment_cids=[NO_CID])),
    )


def request_app(s):
    s.attachment = s.prepare(b"a file")
    return group_pk(s.group, payload=b"said", attachment_cids=[s.attachment])


def is_entry(cid):
    return len(cid) == 36 and cid[:4] == bytes.fromhex("01711220")


def check_metadata(s, reply):
    assert is_entry(reply.cid)
    s.api.call("ActivateGroup", group_pk=s.group)
    event, = [e for e in s.api.events(s.group)
              if e.event_context.id == s.first.cid]
    said = s.api.message("berty.protocol.v1.AppMetadata")
    said.ParseFromString(event.event)
    assert said.message == b"said"
    assert list(event.event_context.attachment_cids) == [s.attachment]
    assert event.event_context.group_pk == s.group


row("AppMetadataSend", *app_refusals(),
    request=request_app, check=check_metadata, writes=[1001],
    again=writes_again(1001), lasts=check_metadata)


def check_message(s, reply):
    assert is_entry(reply.cid)
    s.api.call("ActivateGroup", group_pk=s.group)
    event, = [m for m in s.api.messages(s.group)
              if m.event_context.id == s.first.cid]
    assert event.message == b"said"
    assert list(event.event_context.attachment_cids) == [s.attachment]
    own = s.api.call("GroupInfo", group_pk=s.group).device_pk
    assert event.headers.device_pk == own


row("AppMessageSend", *app_refusals(),
    refuse("more than 1 MiB", 100, 100, lambda s: group_pk(
        s.group, payload=bytes((1 << 20) + 1))),
    request=request_app, check=check_message, writes=["message"],
    again=writes_again("message"), lasts=check_message)


def list_refusals(name):
    def some(s):
        """The first and the last id of a log."""
        for text in (b"a", b"b"):
            s.api.call("AppMessageSend", group_pk=s.group, payload=text)
        found = list(s.api.stream(name, group_pk=s.group, until_now=True))
        return [e.event_context.id for e in (found[0], found[-1])]

    def with_ids(**options):
        def make(s):
            first, last = some(s)
            ids = {"first": first, "last": last,
                   "other": first[:-1] + bytes([first[-1] ^ 1])}
            return group_pk(s.group, **{
                k: ids.get(v, v) if isinstance(v, str) else v
                for k, v in options.items()})
        return make

    def options(**fields):
        return lambda s: group_pk(s.group, **fields)

    return not_open(1302, until_now=True) + (
        refuse("both since", 100, 100, with_ids(
            since_id="first", since_now=True)),
        refuse("both until", 100, 100, with_ids(
            until_id="last", until_now=True)),
        refuse("from now until now", 100, 100, options(
            since_now=True, until_now=True)),
        refuse("from now until an id", 100, 100, with_ids(
            since_now=True, until_id="last")),
        refuse("what is to come, reversed", 100, 100, options(
            reverse_order=True)),
        refuse("from an id on, reversed", 100, 100, with_ids(
            since_id="first", reverse_order=True)),
        refuse("from an id that is not there", 101, 101, with_ids(
            since_id="other", until_now=True)),
        refuse("until an id that is not there", 101, 101, with_ids(
            until_id="other")),
        refuse("from nonsense on", 101, 101, with_ids(
            since_id=b"nonsense")),
        refuse("backwards", 101, 101, with_ids(
            since_id="last", until_id="first")),
    )


def begins_as_first(s, reply):
    assert plain(reply)[:len(s.first)] == plain(s.first)


def request_list(s):
    for i in range(3):
        s.api.call("AppMessageSend", group_pk=s.group, payload=b"%d" % i)
        s.api.call("AppMetadataSend", group_pk=s.group, payload=b"%d" % i)
    return group_pk(s.group, until_now=True)


def check_metadata_list(s, reply):
    types = [e.metadata.event_type for e in reply]
    assert types[-3:] == [1001] * 3 and {1, 2, 302} <= set(types)
    seen = set()
    for event in reply:
        assert event.event_context.group_pk == s.group
        assert set(event.event_context.parent_ids) <= seen
        assert event.event == event.metadata.payload
        seen.add(event.event_context.id)


def check_message_list(s, reply):
    assert [m.message for m in reply][:3] == [b"0", b"1", b"2"]
    assert [m.headers.counter for m in reply] == sorted(
        m.headers.counter for m in reply)


for list_name, check in (("GroupMetadataList", check_metadata_list),
                         ("GroupMessageList", check_message_list)):
    row(list_name, *list_refusals(list_name), request=request_list,
        check=check, again=READ, lasts=begins_as_first,
        waits=lambda s: group_pk(s.group))

# --- groups ------------------------------------------------------------------


def check_info(s, reply):
    assert reply.group.public_key == s.group
    assert reply.group.group_type == 3 and len(reply.group.secret) == 32
    assert len(reply.member_pk) == len(reply.device_pk) == 32
    assert s.api.call("GroupInfo", group_pk=s.group,
                      contact_pk=STRANGER) == reply
    own = s.api.call("GroupInfo", group_pk=s.account)
    assert (own.group.group_type, own.group.secret) == (1, b"")
    private = s.befriended()
    assert s.api.call("GroupInfo", contact_pk=s.friend.account
                      ).group.public_key == private
    assert s.api.call("GroupInfo", group_pk=s.closed
                      ).group.public_key == s.closed


row("GroupInfo",
    refuse("nothing", 100, 100),
    refuse("a short key", 100, 100, group_pk(SHORT)),
    refuse("an unknown group", 1309, 100, group_pk(STRANGER)),
    refuse("a short contact", 100, 100, contact_pk(SHORT)),
    refuse("a contact that is no point", 1001, 100, contact_pk(NO_POINT)),
    request=lambda s: group_pk(s.group), check=check_info, again=READ,
    lasts=same_as_first)


def check_activate(s, _):
    s.api.call("ActivateGroup", group_pk=s.closed, local_only=True)
    assert s.api.send(s.closed, b"open again")


row("ActivateGroup",
    refuse("no group", 100, 100),
    refuse("a short key", 100, 100, group_pk(SHORT)),
    refuse("an unknown group", 888, 100, group_pk(STRANGER)),
    request=lambda s: group_pk(s.closed), check=check_activate,
    again=NOTHING_MORE,
    lasts=lambda s, _: s.api.call("ActivateGroup", group_pk=s.account))


def check_deactivate(s, _):
    try:
        s.api.send(s.given_up, b"x")
    except Failure as failure:
        assert failure.codes == [1306, 888]
    else:
        raise AssertionError("a closed group takes messages")
    s.api.call("DeactivateGroup", group_pk=STRANGER)


def request_deactivate(s):
    s.given_up = s.api.call("MultiMemberGroupCreate").group_pk
    return group_pk(s.given_up)


def lasting_deactivate(s, _):
    s.api.call("ActivateGroup", group_pk=s.given_up)
    assert s.api.send(s.given_up, b"open again")


row("DeactivateGroup",
    refuse("no group", 100, 100),
    refuse("a short key", 100, 100, group_pk(SHORT)),
    refuse("the account's group", 1308, 100, lambda s: group_pk(s.account)),
    request=request_deactivate, check=check_deactivate, again=NOTHING_MORE,
    lasts=lasting_deactivate)


def play_monitor(s, fields):
    """What comes at once: we are there, on both topics."""
    call = s.api.open_stream("MonitorGroup", timeout=30, **fields)
    try:
        first = [next(call), next(call)]
    except grpc.RpcError as error:
        raise s.api.failure(error) from None
    call.cancel()
    return sorted(first, key=lambda r: r.event.peer_join.topic)


def check_monitor(s, reply):
    for told in reply:
        assert told.group_pk == s.group and told.event.type == 3
        assert told.event.peer_join.is_self
        assert told.event.peer_join.peer_id == s.node.info["peer_id"]
    assert len({r.event.peer_join.topic for r in reply}) == 2


row("MonitorGroup", *not_open(1306)[1:],
    request=lambda s: group_pk(s.group), play=play_monitor,
    check=check_monitor, again=READ, waits=lambda s: {},
    lasts=lambda s, r: check_monitor(s, r))

# --- debugging ---------------------------------------------------------------


def check_groups(s, reply):
    found = {g.group_pk: (g.group_type, g.contact_pk) for g in reply}
    assert len(found) == len(reply) == 4
    assert reply[0].group_pk == s.account and reply[0].group_type == 1
    assert reply[1].group_pk == s.private and reply[1].group_type == 2
    assert reply[1].contact_pk == s.friend.account
    assert found[s.group] == found[s.closed] == (3, b"")


row("DebugListGroups",
    request=lambda s: {} if s.friend and s.group and s.closed else None,
    check=check_groups, again=READ, lasts=check_groups)


def check_inspect(s, reply):
    assert len(reply) == len(s.api.events(s.group))
    seen = set()
    for entry in reply:
        assert is_entry(entry.cid) and set(entry.parent_cids) <= seen
        seen.add(entry.cid)
    assert {1, 2, 302} <= {e.metadata_event_type for e in reply}
    messages = list(s.api.stream("DebugInspectGroupStore", group_pk=s.group,
                                 log_type=1))
    assert b"in the store" in b"".join(m.payload for m in messages)


def request_inspect(s):
    s.api.send(s.group, b"in the store")
    return group_pk(s.group, log_type=2)


row("DebugInspectGroupStore",
    refuse("no log", 100, 100, lambda s: group_pk(s.group)),
    refuse("an unknown log", 100, 100, lambda s: group_pk(
        s.group, log_type=3)),
    *not_open(100, log_type=2),
    request=request_inspect, check=check_inspect, again=READ,
    lasts=check_inspect)


def request_debug(s):
    key = s.shared
    other = s.friend.info["peer_id"]
    wait_for("the friend on the topics", lambda: other in s.api.call(
        "DebugGroup", group_pk=key).peer_ids)
    return group_pk(key)


def check_debug(s, reply):
    assert list(reply.peer_ids) == [s.friend.info["peer_id"]]


row("DebugGroup", *not_open(1306), request=request_debug, check=check_debug,
    again=READ)

# --- services and their tokens -----------------------------------------------

TOKEN = {"access_token": "t", "services": {"rpl": "a:1"}}


def tokens(s):
    return list(s.api.stream("ServicesTokenList"))


def check_token(s, _):
    token, = tokens(s)
    assert token.service.token == "t" and token.service.expiration == -1
    assert [(x.service_type, x.service_endpoint) for x in
            token.service.supported_services] == [("rpl", "a:1")]


row("DebugAuthServiceSetToken",
    refuse("no token", 100, 100, authentication_url="http://a"),
    request=lambda s: {"token": TOKEN, "authentication_url": "http://a"},
    check=check_token, writes=[401], again=refused_again(100, 100),
    lasts=check_token)


def check_system(s, reply):
    assert reply.process.pid == s.node.process.pid
    assert reply.process.version and reply.process.started_at > 0
    log = reply.orbitdb.account_metadata
    assert log.progress == log.maximum == len(s.api.events(s.account))


row("SystemInfo", check=check_system, again=NOTHING_MORE, lasts=check_system)


def check_flow(s, reply):
    assert reply.url.startswith(
        s.exchange.url + "/authorize?response_type=code&client_id=berty"
        "&redirect_uri=berty%3A%2F%2Fservices-auth%2F&state=")
    assert "&code_challenge_method=S256" in reply.url
    assert not reply.secure_url
    assert s.api.call("AuthServiceInitFlow",
                      auth_url="https://a.example/").secure_url


row("AuthServiceInitFlow",
    *(refuse(f"an address like {url!r}", 4009, 4009, auth_url=url)
      for url in ("", "ftp://a", "https://", "a.example")),
    request=lambda s: {"auth_url": s.exchange.url}, check=check_flow,
    again=NOTHING_MORE)


def callback(**answer):
    def make(s):
        url = s.session(s.exchange.url)
        if "answer" in answer:
            s.exchange.answer = answer["answer"]
        return {"callback_url": answer.get("url", url).replace(
            "STATE", url.rpartition("=")[2])}
    return make


def request_complete(s):
    return {"callback_url": s.session(s.exchange.url)}


def check_complete(s, reply):
    token = tokens(s)[0]
    assert token.token_id == s.first.token_id
    assert token.service.authentication_url == s.exchange.url


def without_server(s):
    url = s.session(s.mute.endpoint.join(("http://", "")))
    s.mute.close()
    del s.__dict__["mute"]
    return {"callback_url": url}


BACK = "berty://services-auth/?"
row("AuthServiceCompleteFlow",
    Refusal("no address", (), {"callback_url": "no address\x01"}),
    refuse("an error", 4004, 4004, callback(
        url=BACK + "error=e&error_description=d")),
    refuse("another state", 4002, 4002, callback(
        url=BACK + "code=c&state=other")),
    refuse("an error of the server", 4003, 4003, callback(
        answer=(500, "{}"))),
    refuse("no token in the answer", 4003, 4003, callback(
        answer=(200, "{}"))),
    refuse("no services in the answer", 4003, 4003, callback(
        answer=(200, '{"access_token":"a"}'))),
    refuse("no JSON", 104, 104, callback(answer=(200, "no JSON"))),
    refuse("the same token again", 100, 100, callback(
        answer=(200, '{"access_token":"t","services":{"rpl":"a:1"}}'))),
    refuse("no server", 106, 106, without_server),
    request=request_complete, check=check_complete, writes=[401],
    again=refused_again(4001, 4001), lasts=None,
    waits=lambda s: {"callback_url": s.session("http://" + s.mute.endpoint)})


def request_tokens(s):
    for name in ("a", "b"):
        s.api.call("DebugAuthServiceSetToken", authentication_url="http://x",
                   token=dict(TOKEN, access_token=name))
    return {}


def check_tokens(s, reply):
    assert {t.service.token for t in reply} == {"a", "b"}
    assert len({t.token_id for t in reply}) == 2


row("ServicesTokenList", request=request_tokens, check=check_tokens,
    again=READ, lasts=check_tokens)


def removed_token(s):
    token_id = s.token("127.0.0.1:1")
    client = s.node.client("berty.extension.v1.ExtensionService")
    client.call("ServicesTokenRemove", token_id=token_id)
    client.close()
    return token_id


def register(token):
    return lambda s: group_pk(s.group, token_id=token(s))


def nobody_there(s):
    endpoint = s.mute.endpoint
    s.mute.close()
    del s.__dict__["mute"]
    return s.token(endpoint)


def check_register(s, _):
    s.api.call("ActivateGroup", group_pk=s.group)
    told = s.told(403, "GroupReplicating", s.group)[0]
    assert told.replication_server == s.keeper.endpoint
    assert s.api.call("GroupInfo", group_pk=s.group).replicating


row("ReplicationServiceRegisterGroup",
    *not_open(100, token_id="none"),
    refuse("no such token", 100, 4008, register(
        lambda s: "b0d5a3e8-5b0c-5a4e-8d2a-000000000000")),
    refuse("a token that was removed", 100, 100, register(removed_token)),
    refuse("a token for something else", 4102, 4102, register(
        lambda s: s.token("127.0.0.1:1", "psh"))),
    refuse("no server", 4101, 4101, register(nobody_there)),
    request=lambda s: group_pk(s.group, token_id=s.token(s.keeper.endpoint)),
    check=check_register, writes=[403], again=refused_again(4101, 2100),
    lasts=check_register,
    waits=lambda s: group_pk(s.group, token_id=s.token(s.mute.endpoint)))


def check_peers(s, reply):
    ids = [p.id for p in reply.peers]
    assert ids == sorted(ids)
    peer, = [p for p in reply.peers if p.id == s.friend.info["peer_id"]]
    assert peer.is_active and peer.direction != 0
    assert any(r.is_active and r.streams for r in peer.routes)


row("PeerList", request=lambda s: {} if s.friend else None, check=check_peers,
    again=NOTHING_MORE)

# --- attachments -------------------------------------------------------------

FILE = bytes(range(256)) * 1000


def contents(s, cid):
    return b"".join(r.block for r in s.api.stream("AttachmentRetrieve",
                                                  attachment_cid=cid))


def check_prepare(s, reply):
    assert len(reply.attachment_cid) == 34
    assert reply.attachment_cid[:2] == b"\x12\x20"
    assert contents(s, s.first.attachment_cid) == FILE


def play_prepare(s, fields):
    kind = s.api.method("AttachmentPrepare")[0]
    pieces = fields.get("pieces", [{}, {"block": FILE[:1000]},
                                   {"block": FILE[1000:]}])
    stub = s.api.method("AttachmentPrepare")[1]
    try:
        return stub(iter([kind(**p) for p in pieces]), timeout=30)
    except grpc.RpcError as error:
        raise s.api.failure(error) from None


def lasting_prepare(s, reply):
    check_prepare(s, reply)
    # The same file again is another attachment, with another key.
    assert reply.attachment_cid != s.first.attachment_cid


row("AttachmentPrepare",
    refuse("no message", 115, 115, pieces=[]),
    refuse("a block in the header", 100, 100, pieces=[{"block": b"x"}]),
    refuse("no encryption", 777, 777, pieces=[{"disable_encryption": True}]),
    play=play_prepare, check=check_prepare, again=NOTHING_MORE,
    lasts=lasting_prepare, waits=lambda s: {"pieces": None})


def check_retrieve(s, reply):
    assert all(len(r.block) <= 65520 for r in reply)
    assert b"".join(r.block for r in reply) == FILE
    assert contents(s, s.prepare(b"")) == b""


def request_retrieve(s):
    return {"attachment_cid": s.prepare(FILE)}


def nobody_has(s):
    """An attachment whose key is here, and whose blocks are nowhere."""
    node, group = s.friend, s.befriended()
    cid = _prepared_by(node, bytes(300000))
    wait_for("the friend's message", lambda: any(
        cid in m.event_context.attachment_cids
        for m in s.api.messages(group)) or (
        node.api.send(group, b"f", attachment_cids=[cid]) and False))
    node.stop()
    return {"attachment_cid": cid}


def _prepared_by(node, data):
    kind, stub = node.api.method("AttachmentPrepare")
    return stub(iter([kind(), kind(block=data)]), timeout=30).attachment_cid


row("AttachmentRetrieve",
    refuse("no CID", 104, 104),
    refuse("nonsense", 104, 104, attachment_cid=b"nonsense"),
    refuse("what is not here", 400, 400, attachment_cid=NO_CID),
    request=request_retrieve, check=check_retrieve, again=READ,
    lasts=check_retrieve, waits=nobody_has)

# --- push --------------------------------------------------------------------


def request_receive(s):
    """A push for a message that the node has already."""
    s.relay.share(s.node, s.befriended(), b"a phone")
    api = s.friend.api
    wait_for("the token at the friend's", lambda: [
        e for e in api.events(s.private) if e.metadata.event_type == 404])

    def pushed():
        cid = api.send(s.private, b"pushed")
        wait_for("the message", lambda: cid in [
            m.event_context.id for m in s.api.messages(s.private)] or True)
        api.call("PushSend", cid=cid, group_public_key=s.private)
        return s.relay.pushed
    wait_for("the node's key at the friend's", lambda: any(
        m.message == b"key" for m in s.api.messages(s.private)) or (
        api.send(s.private, b"key") and False))
    return {"payload": wait_for("the push", pushed)[-1][1]}


def check_receive(s, reply):
    clear = s.api.message("berty.protocol.v1.EncryptedMessage")
    clear.ParseFromString(reply.cleartext)
    assert clear.plaintext == b"pushed"
    assert reply.group_public_key == s.private


def exposed(s, box):
    return {"payload": s.api.message(
        "berty.push.v1.PushExposedData", nonce=bytes(24),
        box=box).SerializeToString()}


def sealed_by_nobody(s):
    s.relay.register(s.node, b"a phone")
    return exposed(s, bytes(64))


def relayed(envelope):
    """What the relay would hand to the node of an envelope."""
    def make(s):
        s.relay.register(s.node, b"a phone")
        key = s.api.call("InstanceGetConfiguration"
                         ).device_push_token.recipient_public_key
        return exposed(s, box(envelope(s), bytes(24), key, s.relay.private))
    return make


ENVELOPE = "berty.push.v1.OutOfStoreMessageEnvelope"


def of_unknown_reference(s):
    return s.api.message(ENVELOPE, nonce=bytes(24), box=bytes(64),
                         group_reference=SEED).SerializeToString()


def changed_on_the_way(s):
    """A real push with another box in its envelope."""
    if not s.__dict__.get("fields"):
        s.fields = request_receive(s)
    last = s.relay.envelopes[-1]
    envelope = s.api.message(ENVELOPE)
    envelope.ParseFromString(last)
    envelope.box = envelope.box[:-1] + bytes([envelope.box[-1] ^ 1])
    return envelope.SerializeToString()


row("PushReceive",
    refuse("nothing", 6002, 6003),
    refuse("a payload of nobody's", 6002, 6002, sealed_by_nobody),
    refuse("no envelope", 104, 104, relayed(lambda s: b"\xff")),
    refuse("an unknown reference", 404, 404, relayed(of_unknown_reference)),
    refuse("an envelope that was changed", 205, 205, relayed(
        changed_on_the_way)),
    refuse("a payload that is none", 6002, 6003, lambda s: {
        "payload": b"x"} if s.api.call(
            "PushSetServer", server=s.server()) is not None else None),
    request=request_receive, check=check_receive, again=NOTHING_MORE,
    lasts=check_receive)


def request_push(s):
    group = s.befriended()
    s.relay.share(s.friend, group, b"the friend's phone")
    wait_for("the token", lambda: s.told(404, "PushMemberTokenUpdate", group))
    return {"cid": s.api.send(group, b"pushed"), "group_public_key": group}


def check_push(s, reply):
    assert not reply.failures
    assert [len(m.devices_pks) for m in reply.group_members] == [1]
    assert s.relay.pushed[0][0] == b"the friend's phone"


def mute_relay(s):
    group = s.befriended()
    server = {"server_key": s.relay.public, "service_addr": s.mute.endpoint}
    s.friend.api.call("PushShareToken", group_pk=group, server=server,
                      receiver=s.receiver(b"elsewhere"))
    wait_for("the token", lambda: [
        t for t in s.told(404, "PushMemberTokenUpdate", group)
        if t.server.service_addr == s.mute.endpoint])
    return {"cid": s.api.send(group, b"in vain"), "group_public_key": group}


row("PushSend",
    refuse("an unknown group", 888, 888, cid=NO_CID,
           group_public_key=STRANGER),
    refuse("a closed group", 888, 888, lambda s: {
        "cid": NO_CID, "group_public_key": s.closed}),
    refuse("no CID", 100, 100, lambda s: {"group_public_key": s.group}),
    refuse("nonsense", 100, 100, lambda s: {
        "group_public_key": s.group, "cid": b"x"}),
    refuse("what is not in the log", 888, 100, lambda s: {
        "group_public_key": s.group,
        "cid": s.api.send(s.group, b"x")[:-1] + b"\0"}),
    request=request_push, check=check_push, again=READ, waits=mute_relay)


def request_share(s):
    return group_pk(s.group, server=s.server(), receiver=s.receiver())


def check_share(s, _):
    told = s.told(404, "PushMemberTokenUpdate", s.group)[0]
    assert told.server.service_addr == s.relay.address
    assert len(told.token) > 48


row("PushShareToken",
    *not_open(100),
    refuse("no server", 888, 100, lambda s: group_pk(
        s.group, receiver=s.receiver())),
    refuse("a server's short key", 888, 100, lambda s: group_pk(
        s.group, receiver=s.receiver(), server={
            "server_key": SHORT, "service_addr": "a:1"})),
    refuse("no receiver", 888, 100, lambda s: group_pk(
        s.group, server=s.server())),
    request=request_share, check=check_share, writes=[404],
    again=writes_again(404))


def check_device_token(s, _):
    told = s.api.call("InstanceGetConfiguration").device_push_token
    assert told.token == b"a phone" and told.bundle_id == "test.app"
    assert len(told.recipient_public_key) == 32
    assert any(told.recipient_public_key)


row("PushSetDeviceToken",
    refuse("nothing", 100, 100),
    refuse("no type", 100, 100, receiver={"token": b"x"}),
    request=lambda s: {"receiver": s.receiver()}, check=check_device_token,
    writes=[405], again=NOTHING_MORE, lasts=check_device_token)


def check_server(s, _):
    told = s.api.call("InstanceGetConfiguration").device_push_server
    assert told.server_key == s.relay.public
    assert told.service_addr == s.relay.address


row("PushSetServer",
    refuse("nothing", 100, 100),
    request=lambda s: {"server": s.server()}, check=check_server,
    writes=[406], again=NOTHING_MORE, lasts=check_server)
