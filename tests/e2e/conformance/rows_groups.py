"""Groups: of several members, and any; what is in the node."""
import grpc

from conftest import Failure, wait_for
from row import (NOTHING_MORE, READ, contact_pk, group_pk, is_entry, not_open,
                 of_type, refuse, refused_again, row, same_as_first,
                 writes_again)
from scene import NO_POINT, SEED, SHORT, STRANGER, as_fields

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
