"""Chains of codes: the first and the last are those of the contract."""
import grpc
import pytest

from conftest import Failure, befriend, exchange_keys

GOOD = bytes.fromhex(
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
NO_POINT = bytes([2]) + bytes(31)


@pytest.fixture(scope="module")
def pair(module_nodes):
    alice, bob = module_nodes(), module_nodes()
    alice.group = befriend(bob, alice)
    exchange_keys(alice, bob, alice.group)
    alice.friend = bob.account
    alice.closed = alice.api.call("MultiMemberGroupCreate").group_pk
    alice.open = alice.api.call("MultiMemberGroupCreate").group_pk
    alice.api.send(alice.open, b"one")
    alice.api.call("DeactivateGroup", group_pk=alice.closed)
    return alice


def fails(node, name, first, last, status=None, stream=False, **fields):
    with pytest.raises(Failure) as failed:
        if stream:
            list(node.api.stream(name, timeout=10, **fields))
        else:
            node.api.call(name, **fields)
    assert failed.value.codes, failed.value
    assert (failed.value.codes[0], failed.value.codes[-1]) == (first, last)
    assert 666 not in failed.value.codes
    if status is not None:
        assert failed.value.status == status


def shareable(node, **fields):
    return node.api.message("berty.protocol.v1.ShareableContact", **fields)


def test_contact_requests(pair):
    name = "ContactRequestSend"
    seed = bytes(32)
    fails(pair, name, 100, 100, grpc.StatusCode.INVALID_ARGUMENT)
    fails(pair, name, 1002, 100, contact=shareable(
        pair, pk=GOOD, public_rendezvous_seed=b"short"))
    fails(pair, name, 1002, 104, contact=shareable(
        pair, pk=b"short", public_rendezvous_seed=seed))
    fails(pair, name, 1002, 1200, grpc.StatusCode.INVALID_ARGUMENT,
          contact=shareable(pair, pk=pair.account,
                            public_rendezvous_seed=seed))
    fails(pair, name, 1002, 1201, grpc.StatusCode.ALREADY_EXISTS,
          contact=shareable(pair, pk=pair.friend,
                            public_rendezvous_seed=seed))


def test_answers_to_nobody(pair):
    for name in ("ContactRequestAccept", "ContactRequestDiscard",
                 "ContactUnblock"):
        fails(pair, name, 1002, 100, contact_pk=GOOD)
        fails(pair, name, 104, 104, contact_pk=b"short")
    fails(pair, "ContactBlock", 1002, 100, contact_pk=pair.account)


def test_groups(pair):
    fails(pair, "MultiMemberGroupJoin", 1002, 100)
    fails(pair, "MultiMemberGroupLeave", 1002, 100, group_pk=GOOD)
    fails(pair, "MultiMemberGroupInvitationCreate", 1302, 888, group_pk=GOOD)
    fails(pair, "GroupInfo", 100, 100)
    fails(pair, "GroupInfo", 100, 100, group_pk=b"short")
    fails(pair, "GroupInfo", 1309, 100, group_pk=GOOD)
    fails(pair, "ActivateGroup", 100, 100, group_pk=b"short")
    fails(pair, "DeactivateGroup", 100, 100, group_pk=b"short")
    pair.api.call("DeactivateGroup", group_pk=GOOD)


def test_unknown_groups_are_not_opened(pair):
    with pytest.raises(Failure) as failed:
        pair.api.call("ActivateGroup", group_pk=GOOD)
    assert failed.value.codes[0] in (888, 1307)
    assert failed.value.codes[-1] == 100


def test_the_account_group_stays_open(pair):
    with pytest.raises(Failure) as failed:
        pair.api.call("DeactivateGroup", group_pk=pair.account)
    assert failed.value.codes[0] in (888, 1308)
    assert failed.value.codes[-1] == 100


def test_invitations_are_for_multi_member_groups_only(pair):
    for group in (pair.account, pair.group):
        with pytest.raises(Failure) as failed:
            pair.api.call("MultiMemberGroupInvitationCreate", group_pk=group)
        assert failed.value.codes[-1] == 1305


def test_closed_groups(pair):
    for name in ("GroupMessageList", "GroupMetadataList"):
        fails(pair, name, 1302, 888, stream=True, group_pk=pair.closed,
              until_now=True)
    for name in ("AppMessageSend", "AppMetadataSend"):
        fails(pair, name, 1306, 888, group_pk=pair.closed, payload=b"x")
        fails(pair, name, 1306, 888, group_pk=GOOD, payload=b"x")


def test_contradictory_lists(pair):
    cid = pair.api.messages(pair.open)[0].event_context.id
    for options in (
            {"since_now": True, "until_now": True},
            {"since_id": cid, "since_now": True, "until_now": True},
            {"until_id": cid, "until_now": True},
            {"since_now": True, "until_id": cid},
            {"reverse_order": True}):
        fails(pair, "GroupMessageList", 100, 100,
              grpc.StatusCode.INVALID_ARGUMENT, stream=True,
              group_pk=pair.open, **options)
    stranger = cid[:-1] + bytes([cid[-1] ^ 1])
    fails(pair, "GroupMessageList", 101, 101, stream=True,
          group_pk=pair.open, since_id=stranger, until_now=True)


def test_a_range_must_not_end_before_it_begins(pair):
    pair.api.send(pair.open, b"two")
    cids = [m.event_context.id for m in pair.api.messages(pair.open)]
    fails(pair, "GroupMessageList", 101, 101, stream=True,
          group_pk=pair.open, since_id=cids[-1], until_id=cids[0])


def test_a_payload_over_the_limit_is_refused(pair):
    with pytest.raises(Failure) as failed:
        pair.api.send(pair.open, bytes(2 << 20))
    assert failed.value.codes[-1] == 100


def test_what_is_not_built_says_so(pair):
    service = pair.api.service
    missing = []
    for name, method in service.methods_by_name.items():
        if method.client_streaming or name.startswith(
                ("ContactRequest", "GroupM", "Instance")):
            continue
        try:
            if method.server_streaming:
                call = pair.api.open_stream(name, timeout=1)
                next(call, None)
                call.cancel()
            elif name not in ("MultiMemberGroupCreate",):
                pair.api.call(name)
        except Failure as failure:
            if failure.codes == [777]:
                assert failure.status == grpc.StatusCode.UNIMPLEMENTED
                missing.append(name)
        except grpc.RpcError:
            pass
    # These are part of it.
    assert not {"ContactAliasKeySend", "MultiMemberGroupAdminRoleGrant",
                "MultiMemberGroupAliasResolverDisclose"} & set(missing)


def test_a_failed_call_changes_nothing(pair):
    before = [e.event_context.id for e in pair.api.events(pair.account)]
    fails(pair, "MultiMemberGroupJoin", 1002, 100)
    fails(pair, "ContactRequestAccept", 1002, 100, contact_pk=GOOD)
    assert before == [e.event_context.id
                      for e in pair.api.events(pair.account)]
